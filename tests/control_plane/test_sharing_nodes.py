"""Shared GPUs on the embedded cluster: nodes have exactly their parts, jobs get them, and Karpenter makes more."""

import pytest
from lightkube import codecs
from lightkube.generic_resource import create_global_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Event, Namespace, Node, Pod
from lightkube.types import CascadeType

from local.control_plane import ControlPlane
from local.home import Home
from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.kwok_nodes import instance_types
from mizan.manifests.manifest import tolerations
from mizan.plan.nodes import GPU_TAINT
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import NodePool, RecordingReporter, is_ready
from tests.control_plane.kept_pods import end_kept_pods, kept_pods
from tests.control_plane.queue_builders import Workload, conditions
from tests.sharing_stacks import LAYOUT, PROFILE, TURNS

pytestmark = pytest.mark.control_plane

NodeClaim = create_global_resource("karpenter.sh", "v1", "NodeClaim", "nodeclaims")
NodeOverlay = create_global_resource("karpenter.sh", "v1alpha1", "NodeOverlay", "nodeoverlays")
create_global_resource("kueue.x-k8s.io", "v1beta2", "WorkloadPriorityClass", "workloadpriorityclasses")

PATIENCE_SECONDS = 60
TEAM, BARE = "sharers", "bare"
GPU, SHARED = keys.NVIDIA_GPU, keys.NVIDIA_SHARED_GPU
SMALL, MIDDLE, LARGE = (f"{keys.NVIDIA_MIG}{profile}" for profile in ("1g.5gb", "2g.10gb", "3g.20gb"))
# What the pool `crowd` may have: 3 nodes of one T4 each, 4 pods on each of them.
CROWD_NODES, CROWD_PODS = 3, 12


def pool(name, nodes, sharing=None, *, machine="a2-highgpu-1g", gpu="a100-40gb"):
    capacity = [{"type": "on-demand", "maxNodes": nodes}]
    found = a_pool(name=name, machine=machine, gpu=gpu, capacity=capacity)
    return found | ({"sharing": sharing} if sharing else {})


def queue(name, *quotas):
    return a_queue(name=name, fallback="capacity", quotas=list(quotas))


def a_plan_of(pools, *queues, **changes):
    team = a_team(name=TEAM, queues=[each["name"] for each in queues])
    return a_plan(a_stack(pools=pools, queues=list(queues), teams=[team], jobs=[], **changes))


# Machines of one A100: cut into seven, whole, and cut into parts that differ.
A100 = a_plan_of(
    [pool("sevenths", 1, PROFILE), pool("cut", 2, PROFILE), pool("whole", 1), pool("mixed", 1, LAYOUT)],
    queue("both", {"pool": "cut", "units": 14}, {"pool": "whole", "gpus": 1}),
    queue("others", {"pool": "sevenths", "units": 7}, {"pool": "mixed", "gpus": 1}),
)
# Machines of one T4. Google sells that apart from its machines.
T4 = a_plan_of(
    [
        pool("turns", 1, TURNS, machine="g4dn.xlarge", gpu="t4"),
        pool("crowd", CROWD_NODES, TURNS, machine="g4dn.2xlarge", gpu="t4"),
    ],
    queue("turns", {"pool": "turns", "units": 4}, {"pool": "crowd", "units": CROWD_PODS}),
    region="us-east-1",
)


@pytest.fixture(scope="module")
def plane(tools, tmp_path_factory):
    plane = ControlPlane(Home(tmp_path_factory.mktemp("sharing") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=[machine for plan in (A100, T4) for machine in instance_types(plan)])
        yield plane
    finally:
        plane.stop()


@pytest.fixture(scope="module")
def cluster(plane, eventually):
    with plane.client() as client:
        for body in (*manifests_of(T4), *manifests_of(A100)):
            client.apply(codecs.from_dict(body), force=True)
        client.create(Namespace.from_dict({"metadata": {"name": BARE}}))
        # Karpenter passes over a pool, and over what an overlay says, that it has not looked at yet.
        eventually(lambda: all(map(is_ready, [*client.list(NodePool), *client.list(NodeOverlay)])))
        yield client


@pytest.fixture
def client(cluster, eventually):
    """The cluster, in which nothing of another test runs."""
    yield cluster
    for each in cluster.list(Job, namespace=TEAM):
        cluster.delete(Job, each.metadata.name, namespace=TEAM, cascade=CascadeType.BACKGROUND)
    end_kept_pods(cluster, BARE)
    for node in cluster.list(Node):
        cluster.delete(Node, node.metadata.name)

    def left():
        return [*cluster.list(Node), *cluster.list(NodeClaim), *cluster.list(Pod, namespace=BARE)]

    eventually(lambda: not left(), seconds=PATIENCE_SECONDS)


def pod_spec(amounts, in_pool=None):
    """A pod for any GPU node that has what it asks for, or for those of one pool."""
    asked = {"cpu": "100m", "memory": "64Mi", **{resource: str(amount) for resource, amount in amounts.items()}}
    confined = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    container = {
        "name": "main",
        "image": "simulated",
        "resources": {"requests": asked, "limits": asked},
        "securityContext": confined,
    }
    return {
        "containers": [container],
        "restartPolicy": "Never",
        "tolerations": tolerations([GPU_TAINT]),
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        **({"nodeSelector": {keys.POOL: in_pool}} if in_pool else {}),
    }


def make_pods(client, prefix, count, amounts, in_pool=None):
    client.create(kept_pods(prefix, BARE, count, pod_spec(amounts, in_pool)))


def submit(client, name, queue, amounts, **spec):
    """A job of a team's, as anybody would write one: it names a queue and what it asks for."""
    metadata = {"name": name, "namespace": TEAM, "labels": {keys.QUEUE_NAME: queue}}
    template = {"spec": pod_spec(amounts)}
    client.create(Job.from_dict({"metadata": metadata, "spec": {"template": template, "backoffLimit": 0, **spec}}))


def placed(client, namespace=BARE):
    """The node of every pod that has one, by the pod's name, or by its job's."""
    nodes = {node.metadata.name: node for node in client.list(Node)}
    pods = {
        (pod.metadata.labels or {}).get("job-name", pod.metadata.name): pod.spec.nodeName
        for pod in client.list(Pod, namespace=namespace)
    }
    return {pod: nodes[name] for pod, name in pods.items() if name in nodes}


def pool_of(node):
    return node.metadata.labels[keys.POOL]


def gpus_of(node):
    """What a node offers of GPUs; it can all be used."""
    assert node.status.allocatable == node.status.capacity
    return {name: int(amount) for name, amount in node.status.allocatable.items() if name.startswith("nvidia.com/")}


def waiting(client):
    """What Karpenter says of every pod that it makes no node for, by pod."""
    events = [each for each in client.list(Event, namespace=BARE) if each.reason == "FailedScheduling"]
    told = [each for each in events if "karpenter" in (each.reportingComponent, each.source.component)]
    return {each.involvedObject.name: each.message for each in told}


def test_seven_pods_fill_one_a100_and_the_eighth_waits(client, eventually):
    make_pods(client, "seventh", 8, {SMALL: 1}, "sevenths")
    found = eventually(lambda: len(nodes := placed(client)) == 7 and nodes, seconds=PATIENCE_SECONDS)
    (node,) = {each.metadata.name: each for each in found.values()}.values()
    assert gpus_of(node) == {SMALL: 7}
    (left,) = {f"seventh-{number}" for number in range(8)} - found.keys()
    reason = eventually(lambda: waiting(client).get(left), seconds=PATIENCE_SECONDS)
    assert "exceed limits for nodepool" in reason
    assert len(placed(client)) == 7


def test_a_pool_of_parts_goes_from_nothing_to_one_node_for_seven_pods_and_to_two_for_eight(client, eventually):
    offer = next(offer for offer in A100.offers if offer.pool == "cut")
    (machine,) = (each for each in instance_types(A100) if each["name"] == offer.machine.name)
    assert SMALL not in machine["resources"], "the overlay alone tells it"
    assert client.get(NodeOverlay, offer.name)["spec"]["capacity"] == {GPU: "0", SMALL: "7"}

    make_pods(client, "first", 1, {SMALL: 1}, "cut")
    (node,) = eventually(lambda: placed(client), seconds=PATIENCE_SECONDS).values()
    assert gpus_of(node) == {SMALL: 7}, "not only what the first pod asked for"
    assert node.metadata.labels.items() >= offer.labels.items()
    assert offer.labels[keys.MIG_CONFIG] == "a100-40gb-1g.5gb-7x"

    make_pods(client, "next", 6, {SMALL: 1}, "cut")
    found = eventually(lambda: len(nodes := placed(client)) == 7 and nodes, seconds=PATIENCE_SECONDS)
    assert {each.metadata.name for each in found.values()} == {node.metadata.name}

    make_pods(client, "eighth", 1, {SMALL: 1}, "cut")
    second = eventually(lambda: placed(client).get("eighth-0"), seconds=PATIENCE_SECONDS)
    assert (second.metadata.name != node.metadata.name, gpus_of(second)) == (True, {SMALL: 7})


def test_pods_of_three_sizes_share_one_gpu_and_a_second_large_one_does_not(client, eventually):
    for size, amounts in {"large": {LARGE: 1}, "middle": {MIDDLE: 1}, "small": {SMALL: 1}}.items():
        make_pods(client, size, 1, amounts, "mixed")
    found = eventually(lambda: len(nodes := placed(client)) == 3 and nodes, seconds=PATIENCE_SECONDS)
    (node,) = {each.metadata.name: each for each in found.values()}.values()
    assert gpus_of(node) == {LARGE: 1, MIDDLE: 1, SMALL: 1}
    make_pods(client, "second", 1, {LARGE: 1}, "mixed")
    assert "exceed limits for nodepool" in eventually(lambda: waiting(client).get("second-0"), seconds=PATIENCE_SECONDS)


def test_four_pods_take_turns_on_one_t4(client, eventually):
    make_pods(client, "turn", 4, {SHARED: 1}, "turns")
    found = eventually(lambda: len(nodes := placed(client)) == 4 and nodes, seconds=PATIENCE_SECONDS)
    (node,) = {each.metadata.name: each for each in found.values()}.values()
    assert gpus_of(node) == {SHARED: 4}
    assert node.metadata.labels[keys.INSTANCE_TYPE] == "g4dn.xlarge"
    assert node.metadata.labels[keys.GPU_PRODUCT] == "Tesla-T4"


def test_jobs_for_parts_and_for_whole_gpus_of_one_machine_and_one_queue_do_not_take_each_other_s_nodes(
    client, eventually
):
    submit(client, "parts", "both", {SMALL: 1}, parallelism=2, completions=2)
    submit(client, "whole", "both", {GPU: 1})
    found = eventually(lambda: len(nodes := placed(client, TEAM)) == 2 and nodes, seconds=PATIENCE_SECONDS)
    assert {job: (pool_of(node), gpus_of(node)) for job, node in found.items()} == {
        "parts": ("cut", {SMALL: 7}),
        "whole": ("whole", {GPU: 1}),
    }
    assert {node.metadata.labels[keys.INSTANCE_TYPE] for node in found.values()} == {"a2-highgpu-1g"}

    # Five parts are free beside the two, and no GPU.
    submit(client, "another", "both", {GPU: 1})

    def refusal():
        mine = [each for each in client.list(Workload, namespace=TEAM) if each.metadata.name.startswith("job-another-")]
        status, _, message = conditions(mine[0]).get("QuotaReserved", ("", "", "")) if mine else ("", "", "")
        return status == "False" and message.startswith("couldn't assign flavors") and message

    assert "flavor whole" in eventually(refusal)
    assert "another" not in placed(client, TEAM)


def test_pods_that_name_no_pool_get_nodes_that_have_what_they_ask_for(client, eventually):
    make_pods(client, "part", 1, {SMALL: 1})
    make_pods(client, "whole", 1, {GPU: 1})
    found = eventually(lambda: len(nodes := placed(client)) == 2 and nodes, seconds=PATIENCE_SECONDS)
    assert (SMALL in gpus_of(found["part-0"]), gpus_of(found["whole-0"])) == (True, {GPU: 1})
    assert pool_of(found["whole-0"]) == "whole"


def test_a_burst_never_gets_more_nodes_than_a_shared_pool_may_have(client, eventually):
    """In two waves: the second meets nodes that are there, of which Karpenter counts what they say themselves."""
    looks = []

    def look():
        looks.append(max(len(list(client.list(kind, labels={keys.POOL: "crowd"}))) for kind in (Node, NodeClaim)))
        return placed(client)

    make_pods(client, "wave", 5, {SHARED: 1}, "crowd")
    eventually(lambda: len(look()) == 5, seconds=PATIENCE_SECONDS)
    assert looks[-1] == 2

    make_pods(client, "surge", 2 * CROWD_PODS, {SHARED: 1}, "crowd")
    eventually(lambda: len(look()) >= CROWD_PODS, seconds=PATIENCE_SECONDS)
    left = {f"surge-{number}" for number in range(2 * CROWD_PODS)} - placed(client).keys()
    eventually(lambda: look() and left <= waiting(client).keys(), seconds=PATIENCE_SECONDS)
    assert (len(left), len(placed(client)), max(looks)) == (5 + CROWD_PODS, CROWD_PODS, CROWD_NODES)
