"""NVIDIA's device plugin, by which a node of EKS tells Kubernetes of its GPUs.

The image of the nodes has driver and container toolkit, and no plugin. Without one a node never has the GPUs that it
was made for: Karpenter waits for them, takes no such node for initialised, and takes none back. It would be paid for
until somebody deletes it.
Source: awsdocs/amazon-eks-user-guide@4d52b4d latest/ug/ml/ml-eks-optimized-ami.adoc; kubernetes-sigs/karpenter@v1.14.1
pkg/controllers/nodeclaim/lifecycle/initialization.go, RequestedResourcesRegistered.
"""

from mizan import keys, versions
from mizan.config import Cloud
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan.nodes import GPU_TAINT, spot_taint

NAMESPACE = "kube-system"
NAME = "nvidia-device-plugin"

# Where the kubelet listens for plugins.
# Source: https://kubernetes.io/docs/concepts/extend-kubernetes/compute-storage-net/device-plugins/, read 2026-11-22.
PLUGINS = "/var/lib/kubelet/device-plugins"

# Of the pods alone: a DaemonSet's selector never changes, our other labels may.
_SELECTOR = {"app.kubernetes.io/name": NAME}


def device_plugin() -> Manifest:
    """Return the DaemonSet: on every node with NVIDIA's GPUs that Karpenter makes, and on no other.

    It asks for no CPU and no memory, so that Karpenter keeps none for it, and its priority protects it where memory is
    short. A node that is about to go is not among what it tolerates: it leaves last, and does not come back.
    An update does not wait for it: one node that comes up badly would fail the whole update.

    Source: NVIDIA/k8s-device-plugin@v0.20.0 deployments/static/nvidia-device-plugin.yml: image, rights and folder;
    cmd/nvidia-device-plugin asks nothing of the API server. aws/karpenter-provider-aws@v1.14.1
    pkg/providers/instancetype/types.go, computeRequirements, and pkg/cloudprovider/cloudprovider.go,
    instanceToNodeClaim: the label. pulumi/pulumi-kubernetes provider/pkg/await/daemonset.go: the wait.
    """
    body = manifest("apps/v1", "DaemonSet", NAME, namespace=NAMESPACE)
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}"}
    body["spec"] = {
        "selector": {"matchLabels": dict(_SELECTOR)},
        "template": {"metadata": {"labels": {keys.MANAGED_BY: "mizan", **_SELECTOR}}, "spec": _pod()},
    }
    return body


def _pod() -> Manifest:
    tolerated = (GPU_TAINT, spot_taint(Cloud.EKS))
    return {
        "priorityClassName": "system-node-critical",
        "nodeSelector": {keys.GPU_MANUFACTURER: "nvidia"},
        "tolerations": [{"key": taint.key, "operator": "Exists", "effect": "NoSchedule"} for taint in tolerated],
        "automountServiceAccountToken": False,
        "containers": [
            {
                "name": "plugin",
                "image": versions.DEVICE_PLUGIN_IMAGE,
                "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
                "volumeMounts": [{"name": "plugins", "mountPath": PLUGINS}],
            }
        ],
        "volumes": [{"name": "plugins", "hostPath": {"path": PLUGINS, "type": "Directory"}}],
    }
