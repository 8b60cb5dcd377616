"""Where the real scheduler puts GPU pods: on the fullest node, off it for whoever may preempt, beside the system's."""

import json
import subprocess

import pytest
from lightkube.resources.apps_v1 import DaemonSet
from lightkube.resources.core_v1 import Node, Pod
from lightkube.resources.scheduling_v1 import PriorityClass

from local import files
from mizan import keys
from mizan.config import Cloud, Priority
from mizan.manifests.packing import HOSTNAME, pod_packing
from mizan.manifests.queues import priority_class
from mizan.manifests.training_jobs import spot_training_job
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack

pytestmark = pytest.mark.control_plane

# A scheduler as a managed cluster has it, beside the home's own, which serves `default-scheduler`.
MANAGED = "managed"


@pytest.fixture
def make_node(client, namespace):
    """Nodes of 8 GPUs in a pool called like the namespace; they end with the test."""
    made = []

    def make(name, **resources):
        full = f"{namespace}-{name}"
        metadata = {
            "name": full,
            "labels": {keys.POOL: namespace, HOSTNAME: full},
            "annotations": {
                keys.KWOK_NODE: keys.KWOK_NODE_VALUE,
                keys.SIMULATED_RESOURCES: json.dumps({keys.NVIDIA_GPU: "8", **resources}),
            },
        }
        client.create(Node.from_dict({"metadata": metadata}))
        made.append(full)
        return full

    yield make
    for name in made:
        client.delete(Node, name)


@pytest.fixture
def half_filled(client, namespace, make_node, eventually):
    """Two nodes of 8 GPUs, with 3 and 5 of them taken: (the fuller, the other)."""
    fuller, other = make_node("x"), make_node("a")
    for node, taken in ((fuller, 5), (other, 3)):
        for number in range(taken):
            # Placed by the scheduler, which then counts them at once; of a `nodeName` it would hear some time later.
            client.create(gpu_pod(f"on-{node[-1]}-{number}", namespace, nodeSelector={HOSTNAME: node}))
    eventually(lambda: len(placed(client, namespace)) == 8)
    return fuller, other


@pytest.fixture
def managed_scheduler(plane, tools, tmp_path, client):
    """A scheduler of its own with the default profile, which nobody can change on a managed cluster."""
    configuration = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(plane.kubeconfig)},
        "leaderElection": {"leaderElect": False},
        "profiles": [{"schedulerName": MANAGED}],
    }
    files.write(tmp_path / "scheduler.yaml", files.to_yaml(configuration))
    arguments = [tools.path("kube-scheduler"), f"--config={tmp_path / 'scheduler.yaml'}", "--secure-port=0"]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(arguments, stdout=log, stderr=log) as process:
        yield MANAGED
        process.terminate()


@pytest.fixture
def make_priority(client, namespace):
    """PriorityClasses as a stack's priorities have them, called after the namespace."""
    made = []

    def make(name, **settings):
        of_stack = Priority(name=f"{namespace}-{name}", description="For this test", **settings)
        client.create(PriorityClass.from_dict(priority_class(of_stack)))
        made.append(of_stack.name)
        return of_stack.name

    yield make
    for name in made:
        client.delete(PriorityClass, name)


def gpu_pod(name, namespace, *, requests=None, **spec):
    amounts = requests or {keys.NVIDIA_GPU: "1", "cpu": "1", "memory": "1Gi"}
    container = {"name": "main", "image": "simulated", "resources": {"requests": amounts, "limits": amounts}}
    metadata = {"name": name, "namespace": namespace, "labels": {keys.WORKLOAD_TYPE: "training"}}
    placement = {"nodeSelector": {keys.POOL: namespace}}
    return Pod.from_dict({"metadata": metadata, "spec": {"containers": [container], **placement, **spec}})


def placed(client, namespace, prefix=""):
    """The node of every pod that has one, by the pod's name."""
    return {
        pod.metadata.name: pod.spec.nodeName
        for pod in client.list(Pod, namespace=namespace)
        if pod.metadata.name.startswith(prefix) and pod.spec.nodeName
    }


def where_new_pods_go(client, namespace, eventually, pods, **spec):
    for number in range(pods):
        client.create(gpu_pod(f"new-{number}", namespace, **spec))
    return list(eventually(lambda: len(found := placed(client, namespace, "new-")) == pods and found).values())


def unschedulable(client, namespace, name):
    """Why the scheduler has not placed a pod, or None."""
    conditions = client.get(Pod, name, namespace=namespace).status.conditions or []
    return next((c.message for c in conditions if c.type == "PodScheduled" and c.status == "False"), None)


def test_new_gpu_pods_fill_the_fuller_node_before_the_other_gets_one(client, namespace, half_filled, eventually):
    fuller, other = half_filled
    nodes = where_new_pods_go(client, namespace, eventually, 4)
    assert sorted(nodes) == sorted([fuller, fuller, fuller, other])


def test_the_default_profile_would_spread_them(client, namespace, half_filled, managed_scheduler, eventually):
    _, other = half_filled
    nodes = where_new_pods_go(client, namespace, eventually, 3, schedulerName=managed_scheduler)
    assert nodes.count(other) >= 2, "why packing is needed"


def test_on_a_managed_cluster_the_pods_own_preference_packs_them(
    client, namespace, half_filled, managed_scheduler, eventually
):
    fuller, other = half_filled
    packing = pod_packing(Cloud.EXISTING)
    nodes = where_new_pods_go(client, namespace, eventually, 4, schedulerName=managed_scheduler, **packing)
    assert sorted(nodes) == sorted([fuller, fuller, fuller, other])


def test_a_priority_that_preempts_pushes_one_lower_pod_off_a_full_node(
    client, namespace, make_node, make_priority, eventually
):
    low, high = make_priority("low", value=10), make_priority("high", value=1000, preempts=True)
    node = make_node("full")
    for number in range(8):
        client.create(gpu_pod(f"low-{number}", namespace, priorityClassName=low))
    eventually(lambda: len(placed(client, namespace)) == 8)
    client.create(gpu_pod("high", namespace, priorityClassName=high))
    eventually(lambda: placed(client, namespace, "high") == {"high": node})
    assert len(placed(client, namespace, "low-")) == 7


def test_a_priority_that_does_not_preempt_leaves_it_to_kueue_to_make_room(
    client, namespace, make_node, make_priority, eventually
):
    low, high = make_priority("low", value=10), make_priority("high", value=1000, preempts=False)
    make_node("full")
    for number in range(8):
        client.create(gpu_pod(f"low-{number}", namespace, priorityClassName=low))
    eventually(lambda: len(placed(client, namespace)) == 8)
    client.create(gpu_pod("high", namespace, priorityClassName=high))
    told = eventually(lambda: unschedulable(client, namespace, "high"))
    assert "Insufficient nvidia.com/gpu" in told
    assert "not eligible due to preemptionPolicy=Never" in told
    assert len(placed(client, namespace, "low-")) == 8


def test_a_node_full_of_the_plan_s_jobs_still_takes_a_system_pod(client, namespace, make_node, eventually):
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}])
    plan = a_plan(a_stack(pools=[a_pool(machine="a2-highgpu-8g")], queues=[queue], jobs=[a_job(gpus=2)]))
    (container,) = spot_training_job(plan.jobs[0])["spec"]["template"]["spec"]["containers"]
    # What GKE leaves of the machine's 96 CPUs and 680 GiB.
    # Source: https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes, read 2026-11-22, and
    # kubernetes/autoscaler cluster-autoscaler/cloudprovider/gce/reserved.go.
    node = make_node("full", cpu="95690m", memory="648Gi")
    for number in range(4):
        client.create(gpu_pod(f"job-{number}", namespace, requests=container["resources"]["requests"]))
    eventually(lambda: len(placed(client, namespace)) == 4)
    client.create(gpu_pod("one-more", namespace))
    assert "Insufficient nvidia.com/gpu" in eventually(lambda: unschedulable(client, namespace, "one-more"))

    agent = {"name": "agent", "image": "simulated", "resources": {"requests": {"cpu": "1", "memory": "2Gi"}}}
    labels = {"app": "agent"}
    client.create(
        DaemonSet.from_dict(
            {
                "metadata": {"name": "agent", "namespace": namespace},
                "spec": {
                    "selector": {"matchLabels": labels},
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {"nodeSelector": {keys.POOL: namespace}, "containers": [agent]},
                    },
                },
            }
        )
    )
    eventually(lambda: client.get(DaemonSet, "agent", namespace=namespace).status.numberReady == 1)
    assert list(placed(client, namespace, "agent-").values()) == [node]
