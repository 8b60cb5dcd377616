"""Real Karpenter on the product's own node pools: the cheapest machine, fallback to on-demand, limits, empty nodes."""

import time

import pytest
from lightkube import codecs
from lightkube.generic_resource import create_global_resource
from lightkube.resources.core_v1 import Event, Namespace, Node, Pod

from local.control_plane import Action, ControlPlane
from local.control_plane.daemons import KARPENTER
from local.home import Home
from mizan import keys
from mizan.config import Cloud
from mizan.manifests import manifests_of
from mizan.manifests.kwok_nodes import instance_types, node_class, node_pool
from mizan.manifests.manifest import is_in, tolerations
from mizan.plan.nodes import GPU_TAINT, spot_taint
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack
from tests.control_plane.cluster_builders import NodePool, RecordingReporter, is_ready
from tests.control_plane.kept_pods import end_kept_pods, kept_pods

pytestmark = pytest.mark.control_plane

NodeClaim = create_global_resource("karpenter.sh", "v1", "NodeClaim", "nodeclaims")
create_global_resource("kueue.x-k8s.io", "v1beta2", "WorkloadPriorityClass", "workloadpriorityclasses")

PATIENCE_SECONDS = 90
# From the end of a node's last pod to the end of the node.
SOONEST_SECONDS, LATEST_SECONDS = 30, 75
# 4 GPUs a node.
BURST_NODES, BURST_LIMIT, BURST_PODS = 25, 100, 40


def both(spot, on_demand):
    return [{"type": "spot", "maxNodes": spot}, {"type": "on-demand", "maxNodes": on_demand}]


def a_held_job(name):
    """A job that runs until somebody ends it."""
    return {key: value for key, value in a_job(name=name).items() if key != "simulatedRunSeconds"}


def a_plan_of(*pools, **changes):
    quotas = [{"pool": pools[0]["name"], "gpus": sum(kind["maxNodes"] for kind in pools[0]["capacity"]) * 4}]
    return a_plan(a_stack(pools=list(pools), queues=[a_queue(fallback="capacity", quotas=quotas)], **changes))


CHOICE = a_plan_of(
    a_pool(name="octo-h100", machine="a3-highgpu-8g", gpu="h100-80gb"),
    a_pool(name="octo", machine="a2-highgpu-8g"),
    a_pool(name="quad", machine="a2-highgpu-4g"),
    jobs=[],
)
BURST = a_plan_of(
    a_pool(name="burst", machine="g2-standard-48", gpu="l4", capacity=[{"type": "spot", "maxNodes": BURST_NODES}]),
    a_pool(name="lone", machine="g2-standard-96", gpu="l4", capacity=[{"type": "on-demand", "maxNodes": 1}]),
    jobs=[],
)
FALLBACK = a_plan_of(
    a_pool(name="fall", machine="a2-ultragpu-4g", gpu="a100-80gb", capacity=both(spot=2, on_demand=1)),
    jobs=[a_held_job("first"), a_held_job("second")],
)


def machines(out_of_stock=None):
    """What the cloud offers, but for one offer, by its name, of which it has none now.

    A machine of which nothing is left is still known. A node of it that runs stays; after an hour Karpenter takes it
    for drifted and replaces it once its pods may be moved.
    Source: sigs.k8s.io/karpenter@v1.14.1 pkg/controllers/nodeclaim/disruption/drift.go.
    """
    found = [machine for plan in (CHOICE, BURST, FALLBACK) for machine in instance_types(plan)]
    offers = {offer.name: offer for plan in (CHOICE, BURST, FALLBACK) for offer in plan.offers}
    if out_of_stock is not None:
        gone = offers[out_of_stock]
        (machine,) = (machine for machine in found if machine["name"] == gone.machine.name)
        kind = is_in(keys.CAPACITY_TYPE, gone.capacity_type.value)
        machine["offerings"] = [left for left in machine["offerings"] if kind not in left["Requirements"]]
    return found


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    plane = ControlPlane(Home(tmp_path_factory.mktemp("autoscaling") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=machines())
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def client(plane):
    with plane.client() as client:
        client.create(codecs.from_dict(node_class()))
        yield client


@pytest.fixture(scope="module")
def namespace(client):
    client.create(Namespace.from_dict({"metadata": {"name": "autoscaling"}}))
    return "autoscaling"


def pools_of(client, plan):
    """Make the plan's pools; Karpenter passes over one that it has not looked at yet."""
    for offer in plan.offers:
        client.create(codecs.from_dict(node_pool(offer)))
    until(lambda: all(is_ready(client.get(NodePool, offer.name)) for offer in plan.offers))


def until(condition, *, seconds=PATIENCE_SECONDS):
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.2)
    return value


def pod_spec(gpus, **spec):
    """Of a pod that may run on spot, on any pool that its spec does not rule out."""
    amounts = {keys.NVIDIA_GPU: str(gpus), "cpu": str(gpus)}
    container = {"name": "main", "image": "simulated", "resources": {"requests": amounts, "limits": amounts}}
    return {"containers": [container], "tolerations": tolerations([GPU_TAINT, spot_taint(Cloud.LOCAL)]), **spec}


def in_pool(name):
    return {"nodeSelector": {keys.POOL: name}}


def placed(client, namespace):
    """The node of every pod that has one, by the pod's name."""
    pods = {pod.metadata.name: pod.spec.nodeName for pod in client.list(Pod, namespace=namespace)}
    nodes = {node.metadata.name: node for node in client.list(Node)}
    return {pod: nodes[node] for pod, node in pods.items() if node in nodes}


def offer_of(node):
    """The offer that a node was made from; its node pool has that name."""
    return node.metadata.labels["karpenter.sh/nodepool"]


def waiting(client, namespace):
    """What Karpenter says of every pod that it makes no node for, by pod."""
    events = [e for e in client.list(Event, namespace=namespace) if e.reason == "FailedScheduling"]
    return {
        e.involvedObject.name: e.message for e in events if "karpenter" in (e.reportingComponent, e.source.component)
    }


def test_pending_pods_get_spot_nodes_of_the_cheapest_machine_they_fit_and_no_more(client, namespace):
    pools_of(client, CHOICE)
    # One after the other: the scheduler binds a pod to any node that is there, also to one made for another pod.
    for count, gpus in enumerate((8, 4, 3), start=1):
        client.create(kept_pods(f"asks-{gpus}", namespace, 1, pod_spec(gpus)))
        found = until(lambda count=count: len(nodes := placed(client, namespace)) == count and nodes)
    assert {pod: offer_of(node) for pod, node in found.items()} == {
        "asks-8-0": "spot-octo",
        "asks-4-0": "spot-quad",
        "asks-3-0": "spot-quad",
    }
    for pod, machine in {"asks-8-0": "a2-highgpu-8g", "asks-4-0": "a2-highgpu-4g", "asks-3-0": "a2-highgpu-4g"}.items():
        labels = found[pod].metadata.labels
        assert (labels[keys.INSTANCE_TYPE], labels[keys.CAPACITY_TYPE]) == (machine, "spot")
    assert len(list(client.list(Node))) == 3
    for offer in CHOICE.offers:
        client.delete(NodePool, offer.name)


def test_on_demand_takes_over_up_to_its_limit_while_spot_is_out_of_stock(client, plane):
    team = FALLBACK.teams[0].namespace
    actions = plane.start(instance_types=machines(out_of_stock="spot-fall")).actions
    assert {name for name, action in actions.items() if action is not Action.KEPT} == {KARPENTER.name}
    for manifest in manifests_of(FALLBACK):
        if manifest["kind"] != "KWOKNodeClass":
            client.create(codecs.from_dict(manifest))
    (steady,) = until(lambda: placed(client, team)).values()
    assert offer_of(steady) == "ondemand-fall"
    (reason,) = until(lambda: waiting(client, team)).values()
    assert "exceed limits for nodepool (NodePool=ondemand-fall)" in reason
    assert len(placed(client, team)) == 1

    plane.start(instance_types=machines())
    nodes = until(lambda: len(found := placed(client, team)) == 2 and found).values()
    assert sorted(map(offer_of, nodes)) == ["ondemand-fall", "spot-fall"]


def nodes_in(client, pool):
    return {node.metadata.name: node for node in client.list(Node, labels={keys.POOL: pool})}


@pytest.fixture(scope="module")
def burst(client, namespace):
    """The GPUs that 40 pods of 4 get from a pool of 100, look by look: (as nodes, as asked of the cloud).

    One more pod has a pool to itself.
    """
    pools_of(client, BURST)
    for pool, count, gpus in (("lone", 1, 8), ("burst", BURST_PODS, 4)):
        client.create(kept_pods(pool, namespace, count, pod_spec(gpus, **in_pool(pool))))
    looks = []

    def has_settled():
        gpus = sum(int(node.status.capacity[keys.NVIDIA_GPU]) for node in nodes_in(client, "burst").values())
        looks.append((gpus, 4 * len(list(client.list(NodeClaim, labels={keys.POOL: "burst"})))))
        pods = {pod.metadata.name for pod in client.list(Pod, namespace=namespace)}
        left = pods - placed(client, namespace).keys()
        # Karpenter says of some pods, while nodes start, that it has no node for them; they run later.
        return len(left) == BURST_PODS - BURST_NODES and left <= waiting(client, namespace).keys()

    until(has_settled)
    return looks


@pytest.fixture(scope="module")
def emptied(client, namespace, burst):
    """How many seconds each node of the burst outlived its last pod, by pool."""
    names = {name: pool for pool in ("burst", "lone") for name in nodes_in(client, pool)}
    end_kept_pods(client, namespace)
    empty_at, gone_at = {}, {}

    def are_gone():
        now = time.monotonic()
        used = {pod.spec.nodeName for pod in client.list(Pod, namespace=namespace)}
        there = {node.metadata.name for node in client.list(Node)}
        for name in names.keys() - used:
            empty_at.setdefault(name, now)
        for name in names.keys() - there:
            gone_at.setdefault(name, now)
        return gone_at.keys() == names.keys()

    until(are_gone, seconds=3 * LATEST_SECONDS)
    seconds = {pool: [] for pool in names.values()}
    for name, pool in names.items():
        seconds[pool].append(gone_at[name] - empty_at[name])
    return seconds


def test_a_burst_never_gets_more_gpus_than_its_pool_may_have(client, burst):
    assert node_pool(BURST.offers[0])["spec"]["limits"] == {keys.NVIDIA_GPU: str(BURST_LIMIT)}
    assert max(burst) == (BURST_LIMIT, BURST_LIMIT)
    assert all(gpus <= BURST_LIMIT and asked <= BURST_LIMIT for gpus, asked in burst)


def test_an_empty_node_is_gone_soon_but_not_at_once(emptied):
    (seconds,) = emptied["lone"]
    assert SOONEST_SECONDS <= seconds <= LATEST_SECONDS


def test_many_empty_nodes_go_as_fast_as_one(emptied):
    assert len(emptied["burst"]) == BURST_NODES
    assert SOONEST_SECONDS <= min(emptied["burst"]) <= max(emptied["burst"]) <= LATEST_SECONDS
