"""What NVIDIA's operator makes of the nodes of a pool, as its ConfigMaps say it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

from mizan import keys
from mizan.agreement.documents import Documents, name
from mizan.agreement.nodes import Resources
from mizan.manifests.gpu_configs import DEVICE_PLUGIN, MIG_LAYOUTS
from mizan.manifests.manifest import Manifest
from mizan.sharing import SharingMode

_WHOLE = {keys.NVIDIA_GPU: Fraction(1)}

# As the device plugin calls them. Source: NVIDIA/k8s-device-plugin@v0.20.0 api/config/v1/sharing.go.
_MODES = {"timeSlicing": SharingMode.TIME_SLICING, "mps": SharingMode.MPS}


@dataclass(frozen=True, kw_only=True)
class Shared:
    """How each GPU of a node is shared, and what it is then in Kubernetes' resources."""

    mode: str
    resources: Resources


@dataclass(frozen=True, kw_only=True)
class OperatorConfigs:
    """The operator's two ConfigMaps; None where a stack has none.

    Attributes:
        device_plugin: by key, which a node names in `nvidia.com/device-plugin.config`.
        layouts: by name, which a node names in `nvidia.com/mig.config`.
    """

    device_plugin: Manifest | None
    layouts: Manifest | None

    def document(self, label: str) -> str | None:
        """Return the ConfigMap in which a node's label is looked up."""
        body = self.device_plugin if label == keys.DEVICE_PLUGIN_CONFIG else self.layouts
        return None if body is None else name(body)

    def knows(self, label: str, value: str) -> bool:
        """Return whether the ConfigMap has what a node's label names."""
        return value in (self._configs if label == keys.DEVICE_PLUGIN_CONFIG else self._layouts)

    def shared(self, labels: Mapping[str, str]) -> Shared | None:
        """Return what each GPU becomes on nodes with these labels; None where they name no configuration."""
        config, cut = self._configs.get(labels.get(keys.DEVICE_PLUGIN_CONFIG, "")), labels.get(keys.MIG_CONFIG)
        if config is None or self.device_plugin is None:
            return None
        if config["flags"]["migStrategy"] != "mixed" or cut is None:
            modes = _modes(config) or [SharingMode.NONE]
            resources = Resources(document=name(self.device_plugin), per_gpu=_replicas(config))
            return Shared(mode=", ".join(modes), resources=resources)
        # What the node names in vain is told by itself.
        if self.layouts is None or cut not in self._layouts:
            return None
        instances = _instances(self._layouts[cut])
        mode = SharingMode.MIG if instances else SharingMode.NONE
        return Shared(mode=mode, resources=Resources(document=name(self.layouts), per_gpu=instances))

    @property
    def strategies(self) -> frozenset[str]:
        """Return the strategies for MIG that pools have of their own; `none` goes with every other one but on MPS."""
        shared_at_once = any(SharingMode.MPS in _modes(config) for config in self._configs.values())
        own = {config["flags"]["migStrategy"] for config in self._configs.values()} - {"none"}
        return frozenset({""} if shared_at_once else own)

    def of_whole_gpus(self, label: str) -> str | None:
        """Return what a node would be labelled with whose GPUs are neither cut nor shared."""
        if label == keys.MIG_CONFIG:
            return next((called for called, layout in self._layouts.items() if not _instances(layout)), None)
        whole = {"migStrategy": "none"}
        return next((key for key, each in self._configs.items() if not _modes(each) and each["flags"] == whole), None)

    @cached_property
    def _configs(self) -> Mapping[str, Any]:
        data = self.device_plugin["data"] if self.device_plugin is not None else {}
        return {key: json.loads(text) for key, text in data.items()}

    @cached_property
    def _layouts(self) -> Mapping[str, Any]:
        if self.layouts is None:
            return {}
        found: Mapping[str, Any] = json.loads(self.layouts["data"]["config.yaml"])["mig-configs"]
        return found


def operator_configs(documents: Documents) -> OperatorConfigs:
    """Return the ConfigMaps of a stack; the first one's name may have a digest behind it."""
    return OperatorConfigs(
        device_plugin=config_map(DEVICE_PLUGIN, documents), layouts=config_map(MIG_LAYOUTS, documents)
    )


def config_map(beginning: str, documents: Documents, namespace: str = keys.GPU_NAMESPACE) -> Manifest | None:
    """Return the ConfigMap whose name begins so, None where there is none."""
    for body in documents.of_kind("ConfigMap"):
        metadata = body["metadata"]
        if metadata.get("namespace") == namespace and str(metadata["name"]).startswith(beginning):
            return body
    return None


def _instances(layout: list[Mapping[str, Any]]) -> Mapping[str, Fraction]:
    """Return what the device plugin calls the instances of each GPU; none where the GPU is not to be cut."""
    return {
        f"{keys.NVIDIA_MIG}{profile}": Fraction(count)
        for each in layout
        if each["mig-enabled"]
        for profile, count in each.get("mig-devices", {}).items()
    }


def _modes(config: Mapping[str, Any]) -> list[str]:
    return [_MODES.get(each, each) for each in config.get("sharing", {})]


def _replicas(config: Mapping[str, Any]) -> Mapping[str, Fraction]:
    """Return what the device plugin makes of each GPU; `renameByDefault` marks what pods share."""
    for shared in config.get("sharing", {}).values():
        suffix = ".shared" if shared.get("renameByDefault") else ""
        return {f"{each['name']}{suffix}": Fraction(each["replicas"]) for each in shared["resources"]}
    return _WHOLE
