"""What the processes do together: Kueue admits, Karpenter makes nodes, KWOK runs pods as their annotations say."""

import pytest
from lightkube import ApiError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.types import CascadeType

from local.control_plane.interruption import interrupt
from mizan import keys
from mizan.errors import PlatformError
from tests.control_plane.cluster_builders import (
    ClusterQueue,
    LocalQueue,
    NodeClass,
    NodePool,
    OldLocalQueue,
    ResourceFlavor,
    job,
    node_pool,
    queues,
    static_node,
)

pytestmark = pytest.mark.control_plane


@pytest.fixture
def node(client, namespace):
    """A static node of 4 GPUs in a pool of its own, both called like the namespace."""
    client.create(static_node(namespace, gpus=4))
    yield namespace
    if namespace in {each.metadata.name for each in client.list(Node)}:
        client.delete(Node, namespace)


@pytest.fixture
def queue(client, namespace, node):
    """A queue of 4 GPUs over that node, called like the namespace, which Kueue looks at as at a team's."""
    client.patch(Namespace, namespace, {"metadata": {"labels": {keys.STACK: namespace}}})
    for each in queues(namespace, namespace, pool=node, gpus=4):
        client.create(each)
    yield namespace
    client.delete(LocalQueue, namespace, namespace=namespace)
    client.delete(ClusterQueue, namespace)
    client.delete(ResourceFlavor, namespace)


def ended(client, namespace, name):
    """Return the job once it is complete or failed, else None."""
    found = client.get(Job, name, namespace=namespace)
    ends = {c.type for c in found.status.conditions or [] if c.status == "True"} & {"Complete", "Failed"}
    return found if ends else None


def pod_of(client, namespace, name):
    return next(iter(client.list(Pod, namespace=namespace, labels={"job-name": name})), None)


def running(client, namespace, name):
    pod = pod_of(client, namespace, name)
    return pod if pod and pod.status.phase == "Running" else None


def test_a_node_without_a_status_has_the_gpus_of_its_annotation(client, node, eventually):
    allocatable = eventually(lambda: client.get(Node, node).status.allocatable)
    assert allocatable[keys.NVIDIA_GPU] == "4"
    assert client.get(Node, node).status.capacity[keys.NVIDIA_GPU] == "4"


def test_a_node_has_whatever_resources_its_annotation_names(client, namespace, eventually):
    wanted = static_node(namespace)
    wanted.metadata.annotations[keys.SIMULATED_RESOURCES] = '{"cpu": "8", "nvidia.com/mig-1g.5gb": "7"}'
    client.create(wanted)
    allocatable = eventually(lambda: client.get(Node, namespace).status.allocatable)
    assert (allocatable["cpu"], allocatable["nvidia.com/mig-1g.5gb"]) == ("8", "7")
    client.delete(Node, namespace)


def test_a_queued_job_waits_for_quota_then_runs_for_its_annotated_time(client, namespace, queue, eventually):
    client.create(job("first", namespace, queue=queue, gpus=4))
    first = eventually(lambda: running(client, namespace, "first"))
    assert first.spec.nodeSelector == {keys.POOL: namespace}, "the flavor's label"

    client.create(job("second", namespace, queue=queue, gpus=4, annotations={keys.SIMULATED_RUN_SECONDS: "2"}))
    assert client.get(Job, "second", namespace=namespace).spec.suspend is True
    assert pod_of(client, namespace, "second") is None

    client.delete(Job, "first", namespace=namespace, cascade=CascadeType.BACKGROUND)
    done = eventually(lambda: ended(client, namespace, "second"))
    assert done.status.succeeded == 1
    end = pod_of(client, namespace, "second").status.containerStatuses[0].state.terminated
    assert (end.exitCode, end.reason) == (0, "Completed")
    assert (end.finishedAt - end.startedAt).total_seconds() in {2, 3}


def test_a_job_fails_with_the_exit_code_of_its_annotation(client, namespace, node, eventually):
    annotations = {keys.SIMULATED_RUN_SECONDS: "0", keys.SIMULATED_EXIT_CODE: "42"}
    client.create(job("fails", namespace, pool=node, annotations=annotations))
    assert eventually(lambda: ended(client, namespace, "fails")).status.failed == 1
    pod = pod_of(client, namespace, "fails")
    assert pod.status.phase == "Failed"
    assert pod.status.containerStatuses[0].state.terminated.exitCode == 42


def test_a_pod_is_ready_only_after_its_annotated_start(client, namespace, node, eventually):
    client.create(job("slow", namespace, pool=node, annotations={keys.SIMULATED_START_SECONDS: "2"}))
    pod = eventually(lambda: running(client, namespace, "slow"))
    bound = next(c.lastTransitionTime for c in pod.status.conditions if c.type == "PodScheduled")
    assert (pod.status.startTime - bound).total_seconds() in {2, 3}


def test_an_annotation_that_is_no_number_counts_as_absent(client, namespace, node, eventually):
    odd = {keys.SIMULATED_RUN_SECONDS: "soon", keys.SIMULATED_START_SECONDS: "later"}
    client.create(job("odd", namespace, pool=node, annotations=odd))
    client.create(job("after", namespace, pool=node, annotations={keys.SIMULATED_RUN_SECONDS: "1"}))
    eventually(lambda: ended(client, namespace, "after"))
    assert running(client, namespace, "odd")


def test_a_pending_gpu_pod_gets_a_node_from_karpenter_and_an_empty_one_goes(client, namespace, eventually):
    client.create(NodeClass({"metadata": {"name": namespace}, "spec": {}}))
    client.create(node_pool(namespace))
    client.create(job("pending", namespace, pool=namespace, gpus=8, annotations={keys.SIMULATED_RUN_SECONDS: "1"}))
    eventually(lambda: ended(client, namespace, "pending"))
    name = pod_of(client, namespace, "pending").spec.nodeName
    node = client.get(Node, name)
    assert node.metadata.labels[keys.CAPACITY_TYPE] == "spot"
    assert node.metadata.labels[keys.INSTANCE_TYPE] == "test-a100x8"
    assert node.status.capacity[keys.NVIDIA_GPU] == node.status.allocatable[keys.NVIDIA_GPU] == "8"
    client.delete(NodePool, namespace)
    eventually(lambda: name not in {each.metadata.name for each in client.list(Node)})
    client.delete(NodeClass, namespace)


def test_an_interruption_disrupts_the_pod_and_its_job_goes_on_elsewhere(client, namespace, node, eventually):
    disrupted = {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    failed = {"action": "FailJob", "onExitCodes": {"operator": "NotIn", "values": [0]}}
    client.create(job("spot", namespace, pool=node, podFailurePolicy={"rules": [disrupted, failed]}))
    first = eventually(lambda: running(client, namespace, "spot"))
    client.create(static_node(f"{namespace}-b", pool=node))
    seen = []

    def note_disruption():
        pod = next((p for p in client.list(Pod, namespace=namespace) if p.metadata.uid == first.metadata.uid), None)
        seen.extend(c.reason for c in (pod.status.conditions if pod else []) if c.type == "DisruptionTarget")
        return pod is None

    interrupt(client, node, notice_seconds=10)
    eventually(note_disruption)
    second = eventually(lambda: running(client, namespace, "spot"))
    assert second.spec.nodeName == f"{namespace}-b"
    assert node not in {each.metadata.name for each in client.list(Node)}
    assert not ended(client, namespace, "spot")
    client.delete(Node, f"{namespace}-b")


def test_an_interruption_of_an_unknown_node_names_those_that_can_be_interrupted(client, node):
    told = rf"^node nowhere: not in the cluster; needs the name of a spot node because .*\. Name one of .*{node}"
    with pytest.raises(PlatformError, match=told):
        interrupt(client, "nowhere")


def test_an_on_demand_node_is_not_interrupted(client, namespace, node):
    steady = f"{namespace}-steady"
    client.create(static_node(steady, capacity_type="on-demand"))
    with pytest.raises(PlatformError) as told:
        interrupt(client, steady)
    assert (told.value.observed, told.value.needs) == (
        "not spot (karpenter.sh/capacity-type: on-demand)",
        "the name of a spot node",
    )
    assert steady not in told.value.fix
    held = {taint.key for taint in client.get(Node, steady).spec.taints or []}
    assert keys.SPOT_INTERRUPTION_TAINT not in held
    client.delete(Node, steady)


def test_a_bad_cluster_queue_is_refused_by_kueues_webhook(client, namespace):
    _, bad, _ = queues(namespace, namespace, pool="none", gpus=1)
    bad["spec"]["resourceGroups"] *= 2
    with pytest.raises(ApiError, match=r"vclusterqueue\.kb\.io.*Duplicate value"):
        client.create(bad)


def test_an_older_version_is_converted_by_kueues_webhook(client, namespace, queue):
    assert client.get(OldLocalQueue, queue, namespace=namespace)["spec"] == {
        "clusterQueue": queue,
        "stopPolicy": "None",
    }
