"""Bin packing: GPU pods fill a node before the next one is begun, so that whole nodes stay empty and go.

Where the scheduler is our own it is told so once for all pods. GKE and EKS run a scheduler whose scores nobody can set;
there every GPU pod says itself that it prefers company.
"""

from mizan import keys
from mizan.config import Cloud
from mizan.manifests.manifest import Manifest

# A pod that asks for GPUs goes by GPUs; among nodes with equally many, by CPU and memory. Allowed: 1 to 100.
# Source: k8s.io/kube-scheduler@v0.36.3 config/v1/types_pluginargs.go, ScoringStrategy.
GPU_WEIGHT = 100
OTHER_WEIGHT = 1

# Every plugin scores a node from 0 to 100, and one GPU of eight is 12 points of it. Times 10 that outweighs an image
# which lies on the emptier node already (weight 1), but not what a pod itself prefers, such as a zone (weight 2).
# Source: k8s.io/kubernetes@v1.36.3 pkg/scheduler/apis/config/v1/default_plugins.go.
PACKING_WEIGHT = 10

# The scheduler adds it up over all matching pods of a node, so that the node with most of them wins. Allowed: 1 to 100.
# Source: k8s.io/api@v0.36.3 core/v1/types.go, WeightedPodAffinityTerm.
AFFINITY_WEIGHT = 100
HOSTNAME = "kubernetes.io/hostname"


def scheduler_configuration(kubeconfig: str) -> Manifest:
    """Return the KubeSchedulerConfiguration of a scheduler of one's own: it prefers the node that is fullest.

    A pod without GPUs is packed by its CPU and memory: a resource that a pod does not ask for does not count.
    Source: k8s.io/kube-scheduler@v0.36.3 config/v1/types.go, KubeSchedulerConfiguration; k8s.io/kubernetes@v1.36.3
    pkg/scheduler/framework/plugins/noderesources/resource_allocation.go.

    Args:
        kubeconfig: path of the scheduler's own; beside a configuration file it ignores `--kubeconfig`.
    """
    weights = {keys.NVIDIA_GPU: GPU_WEIGHT, "cpu": OTHER_WEIGHT, "memory": OTHER_WEIGHT}
    fit = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "NodeResourcesFitArgs",
        "scoringStrategy": {
            "type": "MostAllocated",
            "resources": [{"name": name, "weight": weight} for name, weight in weights.items()],
        },
    }
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": kubeconfig},
        "leaderElection": {"leaderElect": False},
        "enableProfiling": False,
        "profiles": [
            {
                "schedulerName": "default-scheduler",
                "plugins": {"score": {"enabled": [{"name": "NodeResourcesFit", "weight": PACKING_WEIGHT}]}},
                "pluginConfig": [{"name": "NodeResourcesFit", "args": fit}],
            }
        ],
    }


def pod_packing(cloud: Cloud) -> Manifest:
    """Return what the spec of a GPU pod gets beside the rest: `{"affinity": ...}`, or nothing on the embedded cluster.

    The pod prefers nodes where GPU pods of the platform run already, whichever team's: all of them carry the label
    `keys.WORKLOAD_TYPE`. It is a preference, so a pod with nowhere to go still gets a new node; Karpenter drops it too
    when it cannot be met. Source: kubernetes-sigs/karpenter@v1.14.1
    pkg/controllers/provisioning/scheduling/preferences.go.
    """
    if cloud is Cloud.LOCAL:
        return {}
    beside_gpu_pods = {
        "topologyKey": HOSTNAME,
        "labelSelector": {"matchExpressions": [{"key": keys.WORKLOAD_TYPE, "operator": "Exists"}]},
        # Empty is every namespace; left out it would be the pod's own.
        "namespaceSelector": {},
    }
    preferred = [{"weight": AFFINITY_WEIGHT, "podAffinityTerm": beside_gpu_pods}]
    return {"affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": preferred}}}
