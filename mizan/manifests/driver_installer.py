"""Google's installer of GPU drivers, for nodes of GKE's Container-Optimized OS on which GKE itself installs none.

There a driver is one that Google has signed, so that NVIDIA's operator installs none either.
"""

from mizan import keys, versions
from mizan.config import Cloud, GkeImage
from mizan.manifests.manifest import Manifest, is_in, manifest
from mizan.plan import Plan, PoolPlan
from mizan.plan.gpu_operator import is_set_up_by_operator

NAMESPACE = "kube-system"
NAME = "nvidia-driver-installer"

# Where driver and tools lie on a node. Source: as `driver_installer`; NVIDIA/cloud-native-docs@52dcb7b
# gpu-operator/google-gke.rst.
DRIVER_FOLDER = "/home/kubernetes/bin/nvidia"

# Of the pods alone: a DaemonSet's selector never changes, our other labels may.
_SELECTOR = {"k8s-app": NAME}

# By the name of a volume: where it is on the node, and where in the container.
_MOUNTS = {
    "nvidia-install-dir-host": (DRIVER_FOLDER, "/usr/local/nvidia"),
    "vulkan-icd-mount": (f"{DRIVER_FOLDER}/vulkan/icd.d", "/etc/vulkan/icd.d"),
    "dev": ("/dev", "/dev"),
    "root-mount": ("/", "/root"),
    "cos-tools": ("/var/lib/cos-tools", "/build/cos-tools"),
}
_ENVIRONMENT = {
    "NVIDIA_INSTALL_DIR_HOST": DRIVER_FOLDER,
    "NVIDIA_INSTALL_DIR_CONTAINER": "/usr/local/nvidia",
    "VULKAN_ICD_DIR_HOST": f"{DRIVER_FOLDER}/vulkan/icd.d",
    "VULKAN_ICD_DIR_CONTAINER": "/etc/vulkan/icd.d",
    "ROOT_MOUNT_DIR": "/root",
    "COS_TOOLS_DIR_HOST": "/var/lib/cos-tools",
    "COS_TOOLS_DIR_CONTAINER": "/build/cos-tools",
}

# A driver that is loaded cannot be installed anew; a pod that starts again leaves it alone.
_INSTALL = "if lsmod | grep -q nvidia; then exit 0; fi; /cos-gpu-installer install || exit 1"


def image_of_nodes(plan: Plan) -> GkeImage:
    """Return the image of the nodes on GKE that the operator sets up: all have the same, or there are none yet."""
    return next((pool.gke.image for pool in _pools(plan)), GkeImage.COS)


def driver_installer(plan: Plan) -> list[Manifest]:
    """Return the DaemonSet for the pools that the operator sets up on Container-Optimized OS; nothing without any.

    Google's own has a second step, which cuts GPUs as a file of GKE's on the node says. Here the MIG manager cuts them.
    An update does not wait for the pods: one node that comes up badly would fail all of it.

    Source: GoogleCloudPlatform/container-engine-accelerators@992db81 nvidia-driver-installer/cos/
    daemonset-preloaded.yaml; pulumi/pulumi-kubernetes provider/pkg/await/daemonset.go: the wait.
    """
    pools = [pool.name for pool in _pools(plan) if pool.gke.image is GkeImage.COS]
    if not pools:
        return []
    body = manifest("apps/v1", "DaemonSet", NAME, namespace=NAMESPACE, labels=_SELECTOR)
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}"}
    labels = {keys.MANAGED_BY: "mizan", "name": NAME, **_SELECTOR}
    body["spec"] = {
        "selector": {"matchLabels": dict(_SELECTOR)},
        "updateStrategy": {"type": "RollingUpdate"},
        "template": {"metadata": {"labels": labels}, "spec": _pod(pools)},
    }
    return [body]


def _pools(plan: Plan) -> list[PoolPlan]:
    return [pool for pool in plan.pools if plan.cloud is Cloud.GKE and is_set_up_by_operator(pool, plan.cloud)]


def _pod(pools: list[str]) -> Manifest:
    where = [
        {"key": keys.GKE_ACCELERATOR, "operator": "Exists"},
        {"key": "cloud.google.com/gke-gpu-driver-version", "operator": "DoesNotExist"},
        {"key": "cloud.google.com/gke-confidential-nodes-instance-type", "operator": "DoesNotExist"},
        is_in(keys.POOL, *pools),
    ]
    required = {"nodeSelectorTerms": [{"matchExpressions": where}]}
    return {
        "priorityClassName": "system-node-critical",
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "tolerations": [{"operator": "Exists"}],
        "automountServiceAccountToken": False,
        "hostNetwork": True,
        "hostPID": True,
        "initContainers": [_installer()],
        "containers": [{"name": "pause", "image": versions.COS_PAUSE_IMAGE}],
        "volumes": [{"name": name, "hostPath": {"path": path}} for name, (path, _) in _MOUNTS.items()],
    }


def _installer() -> Manifest:
    return {
        "name": NAME,
        # GKE puts it on each of its nodes, in the version that fits the system there; no registry has it.
        "image": versions.COS_DRIVER_INSTALLER_IMAGE,
        "imagePullPolicy": "Never",
        "command": ["bash", "-c", _INSTALL],
        "env": [{"name": name, "value": value} for name, value in _ENVIRONMENT.items()],
        "resources": {"requests": {"cpu": "150m"}},
        "securityContext": {"privileged": True},
        "volumeMounts": [{"name": name, "mountPath": inside} for name, (_, inside) in _MOUNTS.items()],
    }
