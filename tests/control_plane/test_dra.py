"""GPUs that pods claim as devices: the real scheduler allocates them, the real Kueue counts them; the driver alone is
simulated."""

import itertools
from dataclasses import replace

import pytest
from lightkube.codecs import from_dict
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, Node, Pod, ResourceQuota
from lightkube.resources.resource_v1 import ResourceClaim, ResourceSlice

from local.control_plane import ControlPlane, State
from local.control_plane.devices import Devices, devices_of
from local.home import Home
from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.dra import LARGEST_AVAILABLE, claim_templates, device_classes
from mizan.manifests.kwok_nodes import instance_types
from mizan.manifests.manifest import tolerations
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import RecordingReporter, static_node
from tests.control_plane.queue_builders import QueuedStack
from tests.sharing_stacks import MIXED_LAYOUT

pytestmark = pytest.mark.control_plane

SERVING = "serving"
# Karpenter waits for more pods before it makes a node.
MAKING_SECONDS = 60
_numbers = itertools.count(1)
POOL = a_pool(
    capacity=[{"type": "on-demand", "maxNodes": 2, "minNodes": 2}], sharing={"mode": "dra", "layout": MIXED_LAYOUT}
)
# Two GPUs with all their parts, of the four that a node has.
QUEUE = a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 2}])
PLAN = a_plan(a_stack(pools=[POOL], queues=[QUEUE], teams=[a_team()], jobs=[]))
(OFFER,) = PLAN.offers
# A node that the stack makes by itself, with two GPUs.
KEPT = a_plan(
    a_stack(
        pools=[
            a_pool(
                machine="a2-highgpu-2g",
                capacity=[{"type": "on-demand", "maxNodes": 1, "minNodes": 1}],
                sharing={"mode": "dra", "layout": MIXED_LAYOUT},
            )
        ],
        queues=[QUEUE],
        teams=[a_team()],
        jobs=[],
    )
)
SMALL, MIDDLE, LARGE = (f"a100-40gb-{profile}" for profile in ("1g.5gb", "2g.10gb", "3g.20gb"))


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    plane = ControlPlane(Home(tmp_path_factory.mktemp("dra") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=[], devices=devices_of(PLAN))
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def client(plane):
    with plane.client() as client:
        client.create(Namespace.from_dict({"metadata": {"name": SERVING}}))
        (team,) = PLAN.teams
        for body in (*device_classes(PLAN.pools), *claim_templates(PLAN, replace(team, namespace=SERVING))):
            client.create(from_dict(body))
        yield client


@pytest.fixture
def node(client, eventually):
    """A node of the pool, once the scheduler can know its devices."""
    node = static_node("node-a", gpus=0)
    node.metadata.labels = dict(OFFER.labels)
    client.create(node)
    eventually(lambda: slices(client))
    yield node.metadata.name
    client.delete(Node, node.metadata.name)
    eventually(lambda: slices(client) == [])


@pytest.fixture
def stack(client, eventually):
    """The stack as it is rendered, in the queue of which jobs claim devices."""
    stack = QueuedStack(client, f"claimants-{next(_numbers)}", eventually, pools=[POOL])
    stack.apply([QUEUE])
    yield stack
    stack.remove()


def slices(client):
    return list(client.list(ResourceSlice))


def claiming(template):
    """The spec of a pod that claims by a template."""
    container = {
        "name": "main",
        "image": "simulated",
        "resources": {"claims": [{"name": "gpu"}]},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "restartPolicy": "Never",
        "containers": [container],
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": template}],
        "tolerations": tolerations(OFFER.taints),
        # As a team's namespace asks it of everybody.
        "securityContext": {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}},
    }


def a_pod(name, template):
    return Pod.from_dict({"metadata": {"name": name, "namespace": SERVING}, "spec": claiming(template)})


def a_job(stack, name, template):
    metadata = {"name": name, "namespace": stack.team, "labels": {keys.QUEUE_NAME: QUEUE["name"]}}
    spec = {"backoffLimit": 0, "template": {"spec": claiming(template)}}
    return Job.from_dict({"metadata": metadata, "spec": spec})


def allocated(client, namespace):
    """Device by pod, of the claims that have one."""
    return {
        claim.metadata.ownerReferences[0].name: claim.status.allocation.devices.results[0].device
        for claim in client.list(ResourceClaim, namespace=namespace)
        if claim.status and claim.status.allocation
    }


def running(client, name):
    return client.get(Pod, name, namespace=SERVING).status.phase == "Running"


def unschedulable(client, name):
    """What the scheduler says of a pod that finds no place."""
    conditions = client.get(Pod, name, namespace=SERVING).status.conditions or []
    return next((each.message for each in conditions if each.reason == "Unschedulable"), None)


def remove(client, eventually, *names):
    for name in names:
        client.delete(Pod, name, namespace=SERVING)
    eventually(lambda: not set(names) & set(allocated(client, SERVING)))


def test_the_devices_of_a_node_are_told_by_a_driver_that_says_it_is_simulated(plane, client, node):
    (told,) = slices(client)
    assert (told.metadata.name, told.spec.driver) == ("node-a-simulated-gpu.nvidia.com", "gpu.nvidia.com")
    assert [device.name for device in told.spec.devices[:4]] == [
        "gpu-0-mig-3g20gb-3-0",
        "gpu-0-mig-2g10gb-2-4",
        "gpu-0-mig-1g5gb-0-6",
        "gpu-1-mig-3g20gb-3-0",
    ]
    attributes = told.spec.devices[0].attributes
    assert {name: attributes[name]["string"] for name in ("type", "profile", "productName")} == {
        "type": "mig",
        "profile": "3g.20gb",
        "productName": "NVIDIA A100-SXM4-40GB",
    }
    assert len(told.spec.devices) == 12
    (row,) = [row for row in plane.status() if row.name == "simulated-dra-driver"]
    assert row.state is State.RUNNING
    assert "node-a-simulated-gpu.nvidia.com: 12 simulated devices" in row.log.read_text()


def test_a_node_that_the_stack_keeps_by_itself_tells_its_devices(make_plane, eventually):
    plane = make_plane()
    plane.start(instance_types=instance_types(KEPT), devices=devices_of(KEPT))
    with plane.client() as client:
        for body in manifests_of(KEPT):
            client.apply(from_dict(body), force=True)
        (told,) = eventually(lambda: slices(client), seconds=MAKING_SECONDS)
        (node,) = client.list(Node)
    assert (told.spec.nodeName, told.spec.driver) == (node.metadata.name, keys.NVIDIA_DRA_DRIVER)
    (offer,) = KEPT.offers
    assert offer.labels.items() <= node.metadata.labels.items()
    assert node.metadata.labels[keys.NODE_POOL] == offer.name
    assert keys.NVIDIA_GPU not in node.status.allocatable
    assert [device.name for device in told.spec.devices] == [
        f"gpu-{gpu}-mig-{instance}" for gpu in (0, 1) for instance in ("3g20gb-3-0", "2g10gb-2-4", "1g5gb-0-6")
    ]


def test_pods_claim_instances_of_their_profile_and_the_one_too_many_waits_until_one_is_free(client, node, eventually):
    names = [f"small-{number}" for number in range(4)]
    for name in names:
        client.create(a_pod(name, SMALL))
    eventually(lambda: all(running(client, name) for name in names))
    assert sorted(allocated(client, SERVING).values()) == [f"gpu-{gpu}-mig-1g5gb-0-6" for gpu in range(4)]

    client.create(a_pod("one-too-many", SMALL))
    assert "cannot allocate all claims" in eventually(lambda: unschedulable(client, "one-too-many"))
    client.create(a_pod("large", LARGE))
    eventually(lambda: running(client, "large"))
    assert "3g20gb" in allocated(client, SERVING)["large"], "instances of another profile are free, and no help"

    remove(client, eventually, "small-0")
    eventually(lambda: running(client, "one-too-many"))
    remove(client, eventually, "large", "one-too-many", *names[1:])


def test_the_largest_part_that_is_free_goes_first(client, node, eventually):
    names = [f"any-{number}" for number in range(5)]
    for name in names:
        client.create(a_pod(name, LARGEST_AVAILABLE))
        eventually(lambda name=name: running(client, name))
    found = allocated(client, SERVING)
    assert ["3g20gb" in found[name] for name in names] == [True] * 4 + [False]
    assert "2g10gb" in found["any-4"]
    remove(client, eventually, *names)


def test_kueue_counts_claims_and_the_job_beyond_its_quota_waits(client, stack, node, eventually):
    counted = keys.dra_resource(SMALL)
    for name in ("first", "second", "third"):
        client.create(a_job(stack, name, SMALL))
        # Two of one second have no order.
        eventually(lambda name=name: stack.condition(name, "QuotaReserved"))
    told = stack.waits("third")
    assert f"insufficient unused quota for {counted} in flavor ondemand-a100, 1 more needed" in told
    for name in ("first", "second"):
        admitted = eventually(lambda name=name: stack.workload(name).status.get("admission"))
        (assigned,) = admitted["podSetAssignments"]
        assert assigned["flavors"][counted] == "ondemand-a100"
        assert assigned["resourceUsage"][counted] == "1"
    eventually(lambda: len(allocated(client, stack.team)) == 2)
    assert all("1g5gb" in device for device in allocated(client, stack.team).values())
    used = client.get(ResourceQuota, "gpu-quota", namespace=stack.team).status
    limit = f"{SMALL}.mizan.dev.deviceclass.resource.k8s.io/devices"
    assert (used.hard[limit], used.used[limit]) == ("2", "2")

    stack.end("first")
    eventually(lambda: stack.workload("third").status.get("admission"))


def test_kueue_takes_no_job_that_leaves_open_what_it_claims(client, stack, node, eventually):
    client.create(a_job(stack, "undecided", LARGEST_AVAILABLE))

    def is_refused():
        status, _, message = stack.condition("undecided", "QuotaReserved") or ("", "", "")
        return status == "False" and message

    assert "FirstAvailable device selection is not supported" in eventually(is_refused)


def test_a_stack_without_claims_ends_the_driver(plane, client):
    plane.start(devices=Devices())
    assert "simulated-dra-driver" not in {row.name for row in plane.status()}
    plane.start(devices=devices_of(PLAN))
    assert {row.state for row in plane.status()} == {State.RUNNING}
