"""NVIDIA's GPU operator: the values of its chart on each platform, and what must be in the cluster before it.

Which part of a node comes from where:

- EKS: the nodes' image has driver and toolkit. The operator brings the device plugin, without which a node never has
  the GPUs that it was made for: Karpenter waits for them, takes no such node for initialised, and takes none back. It
  would be paid for until somebody deletes it (kubernetes-sigs/karpenter@v1.14.1
  pkg/controllers/nodeclaim/lifecycle/initialization.go, RequestedResourcesRegistered).
- GKE, Container-Optimized OS: Google's installer brings the driver (mizan/manifests/driver_installer.py), the operator
  the rest, in folders that can be written to.
- GKE, Ubuntu, and somebody else's cluster: the operator brings everything.

Nodes of GKE that GKE sets up itself have a label that keeps the operator off (mizan/clouds/gcp/node_pools.py).
Source: NVIDIA/gpu-operator@v26.7.0 deployments/gpu-operator/values.yaml; NVIDIA/cloud-native-docs@52dcb7b
gpu-operator/google-gke.rst; awsdocs/amazon-eks-user-guide@4d52b4d latest/ug/ml/ml-eks-optimized-ami.adoc.
"""

from mizan import keys
from mizan.config import Cloud, GkeImage, GpuOperatorDriver, Install
from mizan.manifests.dcgm_exporter import operator_values
from mizan.manifests.driver_installer import DRIVER_FOLDER, driver_installer, image_of_nodes
from mizan.manifests.gpu_configs import (
    DEFAULT_KEY,
    NO_INSTANCES,
    device_plugin_config,
    gpu_clients,
    gpu_configs,
    mig_layouts,
)
from mizan.manifests.manifest import Manifest, manifest, tolerations_of_pools
from mizan.manifests.namespaces import their_namespace
from mizan.plan import Plan
from mizan.plan.external import is_somebody_else_s
from mizan.sharing import SharingMode

# The first by the chart's own default, which a list of ours replaces. System nodes on EKS let only pods with the second
# in; elsewhere no node has the taint.
_CONTROLLERS = (
    {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"},
    {"key": keys.CRITICAL_ADDONS_ONLY, "operator": "Exists"},
)

# GKE lets no pod of these classes into a namespace without a quota for them. On a GPU node run at most driver, toolkit,
# validator, device plugin, feature discovery, MIG manager, MPS daemon, DCGM, its exporter and node feature discovery,
# and for a moment two that validate; on any other node feature discovery; and a few that are there once. NVIDIA's own
# quota has 100.
# Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/manifests/input/google-gke-gpu-operator-quota.yaml.
QUOTA = "gpu-operator-quota"
_CRITICAL = ("system-node-critical", "system-cluster-critical")
_PODS_OF_A_GPU_NODE = 12
_PODS_OF_OTHERS = 10
_LEAST_PODS = 100


def gpu_operator(plan: Plan) -> list[Manifest]:
    """Return what the operator of a stack needs in its cluster, each after what it refers to; its chart comes after.

    Somebody else's operator needs its configurations alone, and the namespace that they are in.
    """
    operator, configs = plan.gpu_operator, gpu_configs(plan)
    if operator is None:
        return []
    if operator.install is Install.EXTERNAL:
        is_theirs = is_somebody_else_s(operator, plan.cloud)
        return [their_namespace(keys.GPU_NAMESPACE) if is_theirs else _namespace(), *configs]
    quota = [_quota(plan)] if plan.cloud is Cloud.GKE else []
    return [_namespace(), *quota, *configs, *driver_installer(plan)]


def chart_values(plan: Plan) -> Manifest:
    """Return the values of the operator's chart. A list among them stands for the chart's whole list.

    Source for node-feature-discovery: kubernetes-sigs/node-feature-discovery@v0.19.0
    deployment/helm/node-feature-discovery/values.yaml.
    """
    return {
        # Helm itself installs the CRDs of a chart and never upgrades them.
        "operator": {"upgradeCRD": True, "tolerations": _of_controllers()},
        "daemonsets": {"tolerations": tolerations_of_pools(plan.pools, plan.cloud)},
        "node-feature-discovery": {
            "master": {"tolerations": _of_controllers()},
            "gc": {"tolerations": _of_controllers()},
            "worker": {"tolerations": [*_of_controllers(), *tolerations_of_pools(plan.pools, plan.cloud)]},
        },
        "dcgmExporter": operator_values(plan),
        **_driver_and_toolkit(plan),
        **(_claims() if has_claims(plan) else _device_plugin(plan)),
    }


def has_claims(plan: Plan) -> bool:
    """Return whether pods claim GPUs as devices, which the operator answers in another mode."""
    return any(pool.sharing.mode is SharingMode.DRA for pool in plan.pools)


def _of_controllers() -> list[Manifest]:
    return [dict(each) for each in _CONTROLLERS]


def _driver_and_toolkit(plan: Plan) -> Manifest:
    if plan.cloud is Cloud.EKS:
        return {"driver": {"enabled": False}, "toolkit": {"enabled": False}}
    if plan.cloud is not Cloud.GKE:
        return {"driver": _driver(plan)}
    # Without it the toolkit writes a configuration that GKE's containerd does not read, from 1.33 on.
    toolkit: Manifest = {"env": [{"name": "RUNTIME_CONFIG_SOURCE", "value": "file"}]}
    if image_of_nodes(plan) is GkeImage.UBUNTU:
        return {"driver": _driver(plan), "toolkit": toolkit}
    return {
        "driver": {"enabled": False},
        "toolkit": {"installDir": DRIVER_FOLDER, **toolkit},
        "hostPaths": {"driverInstallDir": DRIVER_FOLDER},
    }


def _driver(plan: Plan) -> Manifest:
    """Return the values of a driver that the operator installs, unless the nodes have theirs.

    A new version comes with the next node: to change it on one that is there, the operator would delete the pods that
    use its GPUs. Where pods claim devices the driver is a resource of its own, or the chart refuses it.
    Source: as above, driver.upgradePolicy, and templates/validations.yaml.
    """
    settings = plan.gpu_operator.driver if plan.gpu_operator else GpuOperatorDriver()
    if settings.install is False:
        return {"enabled": False}
    return {
        "enabled": True,
        **({"version": settings.version} if settings.version else {}),
        "upgradePolicy": {"autoUpgrade": False},
        **({"nvidiaDriverCRD": {"enabled": True}} if has_claims(plan) else {}),
    }


def _device_plugin(plan: Plan) -> Manifest:
    """Return the values of what makes a node offer its GPUs: device plugin and MIG manager.

    A strategy for MIG in the values goes to all nodes, before what a pool's own configuration says, and with `mixed`
    the plugin refuses to start on a node of MPS. Empty, the chart leaves it out.
    Source: NVIDIA/gpu-operator@v26.7.0 controllers/object_controls.go, applyMIGConfiguration;
    NVIDIA/k8s-device-plugin@v0.20.0 cmd/nvidia-device-plugin/main.go.
    """
    has_mps = any(pool.sharing.mode is SharingMode.MPS for pool in plan.pools)
    config = device_plugin_config(plan)
    return {
        "mig": {"strategy": "" if has_mps else "mixed"},
        **({"devicePlugin": {"config": {"name": _name(config), "default": DEFAULT_KEY}}} if config else {}),
        "migManager": _mig_manager(plan),
    }


def _mig_manager(plan: Plan) -> Manifest:
    """Return the values of the MIG manager, which only a pool of instances needs.

    A cloud's GPU may change its MIG mode at a reboot alone. On EKS, where the image brings the driver, the manager
    would also stop and start the kubelet, after which a node of AL2023 stays NotReady (NVIDIA/gpu-operator#2415); an
    empty name of its service leaves it alone (NVIDIA/mig-parted@v0.15.0 pkg/mig/reconfigure/reconfigure.go,
    HostKubeletService). The API takes no other default than this one.
    """
    layouts, clients = mig_layouts(plan), gpu_clients(plan)
    if layouts is None:
        return {"enabled": False}
    env = [
        *([{"name": "WITH_REBOOT", "value": "true"}] if plan.cloud in (Cloud.GKE, Cloud.EKS) else []),
        *([{"name": "HOST_KUBELET_SYSTEMD_SERVICE", "value": ""}] if clients else []),
    ]
    return {
        "enabled": True,
        "env": env,
        "config": {"name": _name(layouts), "default": NO_INSTANCES},
        **({"gpuClientsConfig": {"name": _name(clients)}} if clients else {}),
    }


def _claims() -> Manifest:
    """Return the values that make the operator run its DRA driver: in a cluster it has one mode or the other.

    ComputeDomains are for machines whose GPUs are joined across nodes, of which the catalogue has none.
    Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/dra-intro-install.rst.
    """
    return {
        "clusterPolicy": {"deployCR": False},
        "gpuCluster": {"deployCR": True},
        "draDriver": {"computeDomains": {"enabled": False}},
    }


def _name(body: Manifest) -> str:
    return str(body["metadata"]["name"])


def _namespace() -> Manifest:
    """Return the namespace; the operator's pods load kernel modules and write to nodes."""
    modes = (keys.POD_SECURITY_ENFORCE, keys.POD_SECURITY_AUDIT, keys.POD_SECURITY_WARN)
    return manifest("v1", "Namespace", keys.GPU_NAMESPACE, labels=dict.fromkeys(modes, "privileged"))


def _quota(plan: Plan) -> Manifest:
    others = plan.gke.system_pool.max_nodes if plan.gke else 0
    gpu_nodes = sum(offer.max_nodes for offer in plan.offers)
    pods = max(_LEAST_PODS, _PODS_OF_A_GPU_NODE * gpu_nodes + others + _PODS_OF_OTHERS)
    body = manifest("v1", "ResourceQuota", QUOTA, namespace=keys.GPU_NAMESPACE)
    body["spec"] = {
        "hard": {"pods": str(pods)},
        "scopeSelector": {
            "matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": list(_CRITICAL)}]
        },
    }
    return body
