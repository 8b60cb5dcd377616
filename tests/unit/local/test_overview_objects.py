"""Whatever an API server can return is shown: every optional part there, missing, empty or null."""

from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from local.screen import show_platform
from local.snapshot import Snapshot
from mizan import keys
from tests.bench import stack

PLAN = stack.plan("lab")

names = st.sampled_from(["a", "b", "c"])
resource_names = st.sampled_from([keys.NVIDIA_GPU, "nvidia.com/mig-1g.5gb", "cpu", "memory", "example.com/gpu"])
# Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
suffixes = st.sampled_from(["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei", "e3"])
quantities = st.one_of(
    st.integers(0, 2**31),
    st.builds(lambda number, suffix: f"{number}{suffix}", st.integers(0, 10**6), suffixes),
    st.builds(lambda number, suffix: f"{number:.3f}{suffix}", st.floats(0, 1000), suffixes),
)
quantity_lists = st.dictionaries(resource_names, quantities, max_size=3)
texts = st.text(max_size=20) | st.sampled_from(["needs [/quota]", "[bold]no"])


def lists(items):
    return st.lists(items, max_size=2)


def an_object(required=None, optional=None):
    """Objects with every part in `required`, and any of `optional`, which may also be null."""
    maybe = {name: st.none() | values for name, values in (optional or {}).items()}
    return st.fixed_dictionaries(required or {}, optional=maybe)


def metadata(**optional):
    return an_object({"name": names, "namespace": names}, optional)


label_names = st.sampled_from(["job-name", keys.POOL, keys.CAPACITY_TYPE, keys.INSTANCE_TYPE, keys.GPU_PRODUCT])
labels = st.dictionaries(label_names, names)
types = st.sampled_from(["Complete", "Failed", "QuotaReserved", "Admitted", "Ready"])
conditions = lists(
    an_object({"type": types, "status": st.sampled_from(["True", "False", "Unknown"])}, {"message": texts})
)
containers = lists(
    an_object(
        {"name": names}, {"resources": an_object(optional={"requests": quantity_lists, "limits": quantity_lists})}
    )
)
nodes = an_object(
    {"metadata": metadata(labels=labels)}, {"status": an_object(optional={"allocatable": quantity_lists})}
)
phases = st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown"])
pods = an_object(
    {"metadata": metadata(labels=labels), "spec": an_object({"containers": containers}, {"nodeName": names})},
    {"status": an_object(optional={"phase": phases})},
)
jobs = an_object(
    {
        "metadata": metadata(labels=labels),
        "spec": an_object(
            {"template": an_object({"spec": an_object({"containers": containers})})},
            {"parallelism": st.integers(0, 3)},
        ),
    },
    {"status": an_object(optional={"conditions": conditions})},
)
quotas = an_object({"name": resource_names, "nominalQuota": quantities}, {"borrowingLimit": quantities})
usages = an_object({"name": resource_names}, {"total": quantities, "borrowed": quantities})
cluster_queues = an_object(
    {"metadata": metadata()},
    {
        "spec": an_object(
            optional={
                "resourceGroups": lists(
                    an_object({"flavors": lists(an_object({"name": names, "resources": lists(quotas)}))})
                )
            }
        ),
        "status": an_object(optional={"flavorsUsage": lists(an_object({"name": names, "resources": lists(usages)}))}),
    },
)
assignments = lists(an_object({"name": names}, {"flavors": st.dictionaries(resource_names, names)}))
workloads = an_object(
    {"metadata": metadata(ownerReferences=lists(an_object({"name": names})))},
    {
        "status": an_object(
            optional={
                "conditions": conditions,
                "admission": an_object({"clusterQueue": names}, {"podSetAssignments": assignments}),
            }
        )
    },
)
snapshots = st.builds(
    Snapshot,
    **{
        kind: lists(objects).map(tuple)
        for kind, objects in {
            "nodes": nodes,
            "pods": pods,
            "jobs": jobs,
            "cluster_queues": cluster_queues,
            "workloads": workloads,
        }.items()
    },
)


@given(snapshots)
@settings(max_examples=300)
def test_every_cluster_can_be_shown(snapshot):
    shown = StringIO()
    show_platform(Console(file=shown, width=80), snapshot, PLAN)
    assert "Try next" in shown.getvalue()
