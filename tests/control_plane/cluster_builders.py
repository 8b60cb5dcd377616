"""Valid objects for the embedded cluster; each test changes one thing."""

from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Node
from rich.console import Console

from local.progress import Reporter
from mizan import keys

ClusterQueue = create_global_resource("kueue.x-k8s.io", "v1beta2", "ClusterQueue", "clusterqueues")
ResourceFlavor = create_global_resource("kueue.x-k8s.io", "v1beta2", "ResourceFlavor", "resourceflavors")
LocalQueue = create_namespaced_resource("kueue.x-k8s.io", "v1beta2", "LocalQueue", "localqueues")
OldLocalQueue = create_namespaced_resource("kueue.x-k8s.io", "v1beta1", "LocalQueue", "localqueues")
NodePool = create_global_resource("karpenter.sh", "v1", "NodePool", "nodepools")
NodeClass = create_global_resource("karpenter.kwok.sh", "v1alpha1", "KWOKNodeClass", "kwoknodeclasses")

MACHINE = "test-a100x8"


class RecordingReporter(Reporter):
    """A reporter that keeps its warnings and what else it was told to say."""

    def __init__(self):
        super().__init__(Console(quiet=True))
        self.warnings, self.said = [], []

    def warn(self, text):
        self.warnings.append(text)

    def say(self, text):
        self.said.append(text)


def instance_type(name=MACHINE, gpus=8):
    return {
        "name": name,
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {
            "cpu": "96",
            "memory": "1152Gi",
            "ephemeral-storage": "1Ti",
            "pods": "110",
            keys.NVIDIA_GPU: str(gpus),
        },
        "offerings": [
            {
                "Price": 9.8,
                "Available": True,
                "Requirements": [
                    {"key": keys.CAPACITY_TYPE, "operator": "In", "values": ["spot"]},
                    {"key": keys.ZONE, "operator": "In", "values": ["test-1a"]},
                ],
            }
        ],
    }


INSTANCE_TYPES = [instance_type()]


def static_node(name, *, gpus=4, pool=None, capacity_type="spot"):
    """A node as Pulumi writes it: without a status."""
    annotations = {keys.KWOK_NODE: keys.KWOK_NODE_VALUE, keys.SIMULATED_GPUS: str(gpus)}
    labels = {keys.POOL: pool or name, keys.CAPACITY_TYPE: capacity_type}
    return Node.from_dict({"metadata": {"name": name, "labels": labels, "annotations": annotations}})


def job(name, namespace, *, queue=None, pool=None, gpus=1, annotations=None, **spec):
    labels = {keys.QUEUE_NAME: queue} if queue else {}
    container = {
        "name": "main",
        "image": "simulated",
        "resources": {"requests": {keys.NVIDIA_GPU: str(gpus), "cpu": "1"}, "limits": {keys.NVIDIA_GPU: str(gpus)}},
    }
    pod = {"restartPolicy": "Never", "containers": [container]}
    if pool:
        pod["nodeSelector"] = {keys.POOL: pool}
    return Job.from_dict(
        {
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {
                "backoffLimit": 0,
                "template": {"metadata": {"annotations": annotations or {}}, "spec": pod},
                **spec,
            },
        }
    )


def queues(name, namespace, *, pool, gpus):
    """A flavor for `pool`, a ClusterQueue of `gpus` over it, and the LocalQueue that leads there; all called `name`."""
    quota = {"name": name, "resources": [{"name": keys.NVIDIA_GPU, "nominalQuota": str(gpus)}]}
    return [
        ResourceFlavor({"metadata": {"name": name}, "spec": {"nodeLabels": {keys.POOL: pool}}}),
        ClusterQueue(
            {
                "metadata": {"name": name},
                "spec": {
                    "namespaceSelector": {},
                    "resourceGroups": [{"coveredResources": [keys.NVIDIA_GPU], "flavors": [quota]}],
                },
            }
        ),
        LocalQueue({"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterQueue": name}}),
    ]


def node_pool(name, *, machine=MACHINE):
    return NodePool(
        {
            "metadata": {"name": name},
            "spec": {
                "template": {
                    "metadata": {"labels": {keys.POOL: name}},
                    "spec": {
                        "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": name},
                        "requirements": [{"key": keys.INSTANCE_TYPE, "operator": "In", "values": [machine]}],
                        "expireAfter": "Never",
                    },
                },
                "disruption": {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "1s"},
                "limits": {keys.NVIDIA_GPU: "8"},
            },
        }
    )


def is_ready(karpenters):
    """Whether Karpenter has looked at a pool or an overlay, and takes it."""
    conditions = (karpenters.status or {}).get("conditions", [])
    return any((each["type"], each["status"]) == ("Ready", "True") for each in conditions)
