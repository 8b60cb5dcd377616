"""What stands in for a cloud's nodes: NodePools of Karpenter's kwok provider, and nodes that are simply there. Pure.

    gke_twins  of Google's node pools        eks_twins  of the program's own NodePools, and of EKS's node groups

All of it bears SIMULATED and says in an annotation what it stands for, so that nobody takes it for the program's own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from local import files
from local.control_plane.objects import APPLIED
from local.rehearse.machines import REGION
from mizan import keys
from mizan.manifests.kwok_nodes import NODE_CLASS, PODS_PER_NODE
from mizan.manifests.manifest import Manifest, is_in

SIMULATED = f"{keys.DOMAIN}/simulated"
STANDS_FOR = f"{keys.DOMAIN}/stands-for"
IDENTITY = f"{keys.DOMAIN}/identity"
"""Annotation: where it differs, the original is another one, and what stands for it is made anew."""

KWOK_NODE_CLASS = {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": NODE_CLASS}

# Karpenter adds six characters, and a node's name is a label, of 63 at most.
# Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/cloudprovider.go, addInstanceLabels.
TWIN_LENGTH = 57

# Nodes without GPUs: the catalogue knows machines with GPUs alone. As much as an e2-standard-4 or an m7i.xlarge has.
SYSTEM_RESOURCES = {"cpu": "4", "memory": "16Gi", "ephemeral-storage": "50Gi", "pods": PODS_PER_NODE}

_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}


@dataclass(frozen=True, kw_only=True)
class Original:
    """What a twin or a node stands for.

    Attributes:
        said: to a person, such as `GKE node pool spot-a100`.
        identity: of its nodes; another one of the same name has another.
    """

    said: str
    identity: str

    def mark(self, name: str, **annotations: str) -> Manifest:
        """Return the metadata of what stands for it."""
        told = {STANDS_FOR: self.said, IDENTITY: self.identity}
        return {"name": name, "labels": {SIMULATED: "true"}, "annotations": {**told, **annotations}}


def twin_name(original: str) -> str:
    """Return the name of the NodePool that stands for another node pool; one that is too long is not cut short."""
    name = f"{original}-simulated"
    return name if len(name) <= TWIN_LENGTH else f"simulated-{digest(original)[:12]}"


def node_pool(name: str, original: Original, spec: Manifest) -> Manifest:
    """Return the twin of node pool `name`; its name is `twin_name`."""
    return {
        "apiVersion": "karpenter.sh/v1",
        "kind": "NodePool",
        "metadata": original.mark(twin_name(name)),
        "spec": spec,
    }


def overlay(name: str, original: Original, resources: Mapping[str, int]) -> Manifest:
    """Return the NodeOverlay of the twin of node pool `name`, for what its nodes offer instead of their machine's GPUs.

    By it Karpenter knows at zero nodes what the cloud's own autoscaler does.
    """
    return {
        "apiVersion": "karpenter.sh/v1alpha1",
        "kind": "NodeOverlay",
        "metadata": original.mark(twin_name(name)),
        "spec": {
            "requirements": [is_in(keys.NODE_POOL, twin_name(name))],
            "capacity": {resource: str(amount) for resource, amount in {keys.NVIDIA_GPU: 0, **resources}.items()},
        },
    }


def node(
    name: str,
    original: Original,
    *,
    labels: Mapping[str, str],
    taints: Sequence[Mapping[str, str]],
    resources: Mapping[str, str] = SYSTEM_RESOURCES,
) -> Manifest:
    """Return a node that is there from the start; KWOK is its kubelet."""
    annotations = {keys.KWOK_NODE: keys.KWOK_NODE_VALUE, keys.SIMULATED_RESOURCES: json.dumps(dict(resources))}
    metadata = original.mark(name, **annotations)
    metadata["labels"] |= {"kubernetes.io/hostname": name, **labels}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": metadata,
        "spec": {"taints": [dict(each) for each in taints]},
    }


def kubelet_labels(machine: str, region: str, zone: str) -> dict[str, str]:
    """Return what the kubelet and the cloud's controller put on a node.

    Source: https://kubernetes.io/docs/reference/labels-annotations-taints/, read 2026-11-22.
    """
    return {
        keys.ARCHITECTURE: "amd64",
        keys.OPERATING_SYSTEM: "linux",
        keys.INSTANCE_TYPE: machine,
        REGION: region,
        keys.ZONE: zone,
    }


def taint(given: Mapping[str, str]) -> dict[str, str]:
    """Return a taint of Google's or of EKS's as a node's spec holds it."""
    return {"key": given["key"], "value": given.get("value", ""), "effect": _EFFECTS[given["effect"]]}


def dated(body: Manifest) -> Manifest:
    """Return what is to be applied, with a digest of it, by which the next look knows whether it is still so."""
    metadata = body["metadata"]
    annotations = {**metadata["annotations"], APPLIED: digest(body)}
    return {**body, "metadata": {**metadata, "annotations": annotations}}


def digest(values: object) -> str:
    """Return a hash of plain values."""
    return files.digest([json.dumps(values, sort_keys=True)])
