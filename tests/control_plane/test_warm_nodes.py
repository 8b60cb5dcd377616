"""Warm nodes on the real control plane: from nothing, with room for a job at once, and gone with their Job."""

import time

import pytest
from lightkube import codecs
from lightkube.generic_resource import create_global_resource
from lightkube.resources.batch_v1 import CronJob, Job
from lightkube.resources.core_v1 import Namespace, Node, Pod
from lightkube.types import CascadeType

from local.control_plane import ControlPlane
from local.home import Home
from mizan import keys
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.kwok_nodes import instance_types, node_class, node_pool
from mizan.manifests.manifest import tolerations
from mizan.manifests.own_namespace import own_namespace
from mizan.manifests.queues import priority_class
from mizan.plan.nodes import GPU_TAINT, spot_taint
from tests.builders import a_plan, a_pool, a_queue, a_stack
from tests.control_plane.cluster_builders import RecordingReporter

pytestmark = pytest.mark.control_plane

create_global_resource("karpenter.sh", "v1", "NodePool", "nodepools")
create_global_resource("karpenter.kwok.sh", "v1alpha1", "KWOKNodeClass", "kwoknodeclasses")

PATIENCE_SECONDS = 90
NODES = 2
PLAN = a_plan(
    a_stack(
        pools=[
            a_pool(
                capacity=[{"type": "spot", "maxNodes": 3}],
                # No start comes while the test runs: it makes the Job itself, as `kubectl create job --from` does.
                warm={"nodes": NODES, "schedule": "0 0 29 2 *", "hours": 1, "image": "simulated"},
            )
        ],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])],
        jobs=[],
    )
)
# A priority that preempts nobody.
(BATCH,) = (priority for priority in PLAN.priorities if priority.name == "batch")


@pytest.fixture(scope="module")
def client(tools, tmp_path_factory):
    plane = ControlPlane(Home(tmp_path_factory.mktemp("warm") / "home"), tools, RecordingReporter())
    try:
        plane.start(instance_types=instance_types(PLAN))
        with plane.client() as client:
            placed = (*own_namespace(PLAN), *kept_nodes(PLAN))
            for body in (node_class(), *map(node_pool, PLAN.offers), priority_class(BATCH), *placed):
                client.create(codecs.from_dict(body))
            client.create(Namespace.from_dict({"metadata": {"name": "work"}}))
            yield client
    finally:
        plane.stop()


def until(condition):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s"
        time.sleep(0.2)
    return value


def nodes(client):
    return {node.metadata.name for node in client.list(Node, labels={keys.POOL: "a100"})}


def placeholders(client):
    return [pod for pod in client.list(Pod, namespace=keys.OWN_NAMESPACE) if pod.status.phase == "Running"]


def a_gpu_pod(name):
    """A pod with a whole node's GPUs and a training job's priority."""
    container = {"name": "main", "image": "simulated", "resources": {"limits": {keys.NVIDIA_GPU: "4", "cpu": "1"}}}
    spec = {
        "containers": [container],
        "priorityClassName": BATCH.name,
        "nodeSelector": {keys.POOL: "a100"},
        "tolerations": tolerations([GPU_TAINT, spot_taint(PLAN.cloud)]),
    }
    return Pod.from_dict({"metadata": {"name": name, "namespace": "work"}, "spec": spec})


def test_the_batch_priority_preempts_nobody():
    assert not BATCH.preempts


def test_nodes_come_from_nothing_a_job_starts_on_one_and_they_go_with_their_job(client):
    template = client.get(CronJob, "a100", namespace=keys.OWN_NAMESPACE).spec.jobTemplate
    assert nodes(client) == set()
    made = Job(metadata={"name": "warm", "namespace": keys.OWN_NAMESPACE}, spec=template.spec)
    client.create(Job.from_dict({**made.to_dict(), "apiVersion": "batch/v1", "kind": "Job"}))
    until(lambda: len(placeholders(client)) == NODES)
    warm = nodes(client)
    assert len(warm) == NODES
    assert {pod.spec.nodeName for pod in placeholders(client)} == warm

    client.create(a_gpu_pod("train"))
    started = until(lambda: (pod := client.get(Pod, "train", namespace="work")).status.phase == "Running" and pod)
    assert started.spec.nodeName in warm
    assert nodes(client) == warm
    assert len(placeholders(client)) == NODES

    client.delete(Pod, "train", namespace="work")
    client.delete(Job, "warm", namespace=keys.OWN_NAMESPACE, cascade=CascadeType.BACKGROUND)
    until(lambda: not nodes(client))
