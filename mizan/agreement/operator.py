"""What NVIDIA's operator makes of the nodes of a pool, as its ConfigMaps say it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mizan import keys
from mizan.agreement.documents import Documents, name
from mizan.agreement.nodes import Resources
from mizan.manifests.gpu_configs import DEVICE_PLUGIN, MIG_LAYOUTS
from mizan.manifests.manifest import Manifest

_WHOLE = {keys.NVIDIA_GPU: Fraction(1)}


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
        if label == keys.DEVICE_PLUGIN_CONFIG:
            return self.device_plugin is not None and value in self.device_plugin["data"]
        return value in self._layouts

    def resources(self, labels: Mapping[str, str]) -> tuple[Resources, ...]:
        """Return what each GPU becomes on nodes with these labels; nothing where they name no configuration."""
        key, body = labels.get(keys.DEVICE_PLUGIN_CONFIG), self.device_plugin
        if key is None or body is None or key not in body["data"]:
            return ()
        config = json.loads(body["data"][key])
        document, cut = name(body), labels.get(keys.MIG_CONFIG)
        if config["flags"]["migStrategy"] == "mixed" and cut is not None:
            # What the node names in vain is told by itself.
            if self.layouts is None or cut not in self._layouts:
                return ()
            return (Resources(document=name(self.layouts), per_gpu=_instances(self._layouts[cut])),)
        return (Resources(document=document, per_gpu=_replicas(config)),)

    @property
    def _layouts(self) -> Mapping[str, Any]:
        if self.layouts is None:
            return {}
        found: Mapping[str, Any] = json.loads(self.layouts["data"]["config.yaml"])["mig-configs"]
        return found


def operator_configs(documents: Documents) -> OperatorConfigs:
    """Return the ConfigMaps of a stack; the first one's name may have a digest behind it."""
    found = [body for body in documents.of_kind("ConfigMap") if body["metadata"].get("namespace") == keys.GPU_NAMESPACE]

    def first(beginning: str) -> Manifest | None:
        return next((body for body in found if str(body["metadata"]["name"]).startswith(beginning)), None)

    return OperatorConfigs(device_plugin=first(DEVICE_PLUGIN), layouts=first(MIG_LAYOUTS))


def _instances(layout: list[Mapping[str, Any]]) -> Mapping[str, Fraction]:
    """Return what the device plugin calls the instances of each GPU."""
    return {
        f"{keys.NVIDIA_MIG}{profile}": Fraction(count)
        for each in layout
        for profile, count in each.get("mig-devices", {}).items()
    }


def _replicas(config: Mapping[str, Any]) -> Mapping[str, Fraction]:
    """Return what the device plugin makes of each GPU; `renameByDefault` marks what pods share."""
    for shared in config.get("sharing", {}).values():
        suffix = ".shared" if shared.get("renameByDefault") else ""
        return {f"{each['name']}{suffix}": Fraction(each["replicas"]) for each in shared["resources"]}
    return _WHOLE
