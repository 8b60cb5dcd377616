"""What NVIDIA's GPU operator reads beside its chart's values: how nodes of each pool share their GPUs.

Nodes choose by their labels: `nvidia.com/device-plugin.config` names a key of the first ConfigMap, which is the pool's
name, and `nvidia.com/mig.config` a layout of the second.
Source: NVIDIA/k8s-device-plugin@v0.20.0 api/config/v1, the first; NVIDIA/mig-parted@v0.15.0 api/spec/v1/spec.go, the
second, and cmd/nvidia-mig-manager/main.go, the third.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from mizan import keys
from mizan.config import Cloud, Install
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import Plan, PoolPlan
from mizan.plan.sharing import sharing_labels
from mizan.sharing import SharingMode

# No pool has a dot in its name.
DEFAULT_KEY = "whole.gpus"
# The layout that the operator gives every node that can have instances and names none.
# Source: NVIDIA/gpu-operator@v26.7.0 controllers/nodelabeling_controller.go, migConfigDisabledValue.
NO_INSTANCES = "all-disabled"

DEVICE_PLUGIN = "mizan-device-plugin"
MIG_LAYOUTS = "mizan-mig-layouts"
GPU_CLIENTS = "mizan-gpu-clients"

# What holds a GPU on a node whose image brings the driver, so that its MIG mode cannot change: first what the operator
# lists itself, then what EKS's image starts. A service that is not there is passed over.
# Source: NVIDIA/gpu-operator@v26.7.0 assets/state-mig-manager/0410_configmap.yaml; awslabs/amazon-eks-ami@81fec2e
# templates/al2023/provisioners/install-nvidia-driver.sh; NVIDIA/mig-parted@v0.15.0 internal/systemd/systemd.go.
_SERVICES = (
    *("nvsm", "nvsm-mqtt", "nvsm-core", "nvsm-api-gateway", "nvsm-notifier", "nv_peer_mem"),
    *("nvidia-dcgm", "dcgm", "dcgm-exporter", "nvidia-fabricmanager", "nvidia-persistenced"),
)

_SHARING = {SharingMode.TIME_SLICING: "timeSlicing", SharingMode.MPS: "mps"}


def gpu_configs(plan: Plan) -> list[Manifest]:
    """Return the ConfigMaps that the operator of a stack reads; none where it shares no GPU."""
    return [body for body in (device_plugin_config(plan), mig_layouts(plan), gpu_clients(plan)) if body is not None]


def device_plugin_config(plan: Plan) -> Manifest | None:
    """Return a configuration of the device plugin for each pool that it shares, and one for all others.

    The operator starts its DaemonSets anew when it is given another ConfigMap, and does not look into it: device
    plugin, feature discovery and MPS would go on as before. So the name has a digest of the content. Pods that share a
    GPU by MPS lose it when their daemon starts anew, as by hand. To somebody else's operator the name is told once, and
    stays.
    Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/gpu-sharing.rst, Limitations.
    """
    pools = {labels[keys.DEVICE_PLUGIN_CONFIG]: pool for pool in plan.pools if (labels := _labels(pool))}
    if plan.gpu_operator is None or not pools:
        return None
    data = {DEFAULT_KEY: _text({"version": "v1", "flags": {"migStrategy": "none"}})}
    data |= {key: _text(_of_pool(pool)) for key, pool in pools.items()}
    name = DEVICE_PLUGIN
    if plan.gpu_operator.install is Install.HELM:
        name = f"{name}-{hashlib.sha256(_text(data).encode()).hexdigest()[:10]}"
    return _config_map(name, data)


def mig_layouts(plan: Plan) -> Manifest | None:
    """Return the layouts of all pools whose GPUs the operator cuts; None where it cuts none.

    A layout is named after what is in it, so that no content ever changes under a name, and nodes read it by the name.
    """
    cut = {pool.sharing.mig_config: dict(pool.sharing.layout) for pool in plan.pools if pool.sharing.mig_config}
    if plan.gpu_operator is None or not cut:
        return None
    layouts = {
        NO_INSTANCES: [{"devices": "all", "mig-enabled": False}],
        **{
            name: [{"devices": "all", "mig-enabled": True, "mig-devices": layout}]
            for name, layout in sorted(cut.items())
        },
    }
    return _config_map(MIG_LAYOUTS, {"config.yaml": _text({"version": "v1", "mig-configs": layouts})})


def gpu_clients(plan: Plan) -> Manifest | None:
    """Return the services that stop while the MIG mode changes; None but on EKS, where the image brings the driver."""
    if plan.cloud is not Cloud.EKS or mig_layouts(plan) is None:
        return None
    services = [f"{service}.service" for service in _SERVICES]
    return _config_map(GPU_CLIENTS, {"clients.yaml": _text({"version": "v1", "systemd-services": services})})


def _labels(pool: PoolPlan) -> Mapping[str, str]:
    return sharing_labels(pool.name, pool.sharing)


def _of_pool(pool: PoolPlan) -> dict[str, Any]:
    """Return the device plugin's configuration of a pool's nodes.

    With MPS in the cluster the strategy for MIG is said here alone (mizan/manifests/gpu_operator.py); else the
    operator's own, which is said for all nodes, goes before it, and means the same.
    """
    sharing = pool.sharing
    flags = {"migStrategy": "mixed" if sharing.mig_config else "none"}
    if sharing.mode not in _SHARING:
        return {"version": "v1", "flags": flags}
    shared = {
        "renameByDefault": True,
        # Two replicas may be of one GPU: whoever asks for two would not get more.
        "failRequestsGreaterThanOne": True,
        "resources": [{"name": keys.NVIDIA_GPU, "replicas": sharing.replicas}],
    }
    return {"version": "v1", "flags": flags, "sharing": {_SHARING[sharing.mode]: shared}}


def _config_map(name: str, data: dict[str, str]) -> Manifest:
    return manifest("v1", "ConfigMap", name, namespace=keys.GPU_NAMESPACE) | {"data": data}


def _text(content: object) -> str:
    """Return YAML that reads the same in every run: JSON is YAML."""
    return json.dumps(content, indent=2)
