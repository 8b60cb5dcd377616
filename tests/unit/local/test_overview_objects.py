"""Whatever an API server can return is shown: every optional part there, missing, empty or null."""

import json
from datetime import UTC, datetime
from io import StringIO

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from local.screen import show_platform
from local.snapshot import Snapshot
from mizan import keys
from mizan.cli.queues import Output, print_queues
from mizan.queueing import live_of
from mizan.queueing.objects import is_true
from tests.builders import a_plan

PLAN = a_plan()

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
types = st.sampled_from(
    ["Complete", "Failed", "QuotaReserved", "Admitted", "Ready", "Evicted", "Requeued", "Finished", "PodsReady"]
)
reasons = st.sampled_from(["Preempted", "PodsReadyTimeout", "WaitingForQuota", "Anything"])
times = st.sampled_from(["2026-11-22T20:00:00Z", "2027-01-01T00:00:00Z", "soon", ""])
conditions = lists(
    an_object(
        {"type": types, "status": st.sampled_from(["True", "False", "Unknown"])},
        {"message": texts, "reason": reasons, "lastTransitionTime": times},
    )
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
limits = {"borrowingLimit": quantities, "lendingLimit": quantities}
quotas = an_object({"name": resource_names, "nominalQuota": quantities}, limits)
usages = an_object({"name": resource_names}, {"total": quantities, "borrowed": quantities})
groups = lists(an_object({"flavors": lists(an_object({"name": names, "resources": lists(quotas)}))}))
cohorts = an_object(
    {"metadata": metadata()}, {"spec": an_object(optional={"parentName": names, "resourceGroups": groups})}
)
cluster_queues = an_object(
    {"metadata": metadata()},
    {
        "spec": an_object(optional={"cohortName": names, "resourceGroups": groups}),
        "status": an_object(optional={"flavorsUsage": lists(an_object({"name": names, "resources": lists(usages)}))}),
    },
)
assignments = lists(
    an_object({"name": names}, {"flavors": st.dictionaries(resource_names, names), "resourceUsage": quantity_lists})
)
local_queues = an_object({"metadata": metadata()}, {"spec": an_object(optional={"clusterQueue": names})})
pod_sets = lists(
    an_object(
        {"name": names, "template": an_object({"spec": an_object({"containers": containers})})},
        {"count": st.integers(0, 2**31)},
    )
)
evictions = lists(an_object(optional={"reason": reasons, "count": st.integers(0, 2**31)}))
workloads = an_object(
    {"metadata": metadata(ownerReferences=lists(an_object({"name": names})), uid=names, creationTimestamp=times)},
    {
        "spec": an_object(
            optional={
                "podSets": pod_sets,
                "queueName": names,
                "priority": st.integers(-(2**31), 2**31),
                "priorityClassRef": an_object(optional={"name": names}),
                "active": st.booleans(),
            }
        ),
        "status": an_object(
            optional={
                "conditions": conditions,
                "admission": an_object({"clusterQueue": names}, {"podSetAssignments": assignments}),
                "resourceRequests": lists(an_object(optional={"resources": quantity_lists})),
                "requeueState": an_object(optional={"requeueAt": times, "count": st.integers(0, 9)}),
                "schedulingStats": an_object(optional={"evictions": evictions}),
            }
        ),
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
            "cohorts": cohorts,
            "local_queues": local_queues,
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


@given(snapshots)
@settings(max_examples=300)
def test_every_cluster_can_be_told_queue_by_queue(snapshot):
    live = live_of(PLAN, snapshot, datetime(2026, 11, 22, 21, tzinfo=UTC))
    table, text = StringIO(), StringIO()
    print_queues(PLAN, live, Output.TABLE, table)
    print_queues(PLAN, live, Output.JSON, text)
    assert "Stack test at 2026-11-22 21:00:00 UTC" in table.getvalue()
    told = json.loads(text.getvalue())["live"]
    unfinished = [each for each in snapshot.workloads if not is_true(each, "Finished")]
    assert len(told["holding"]) + len(told["waiting"]) <= len(unfinished)
