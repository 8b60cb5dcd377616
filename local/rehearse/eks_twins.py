"""What stands for capacity on a simulated EKS: twins of the program's own NodePools, and nodes of node groups. Pure."""

import copy
from collections.abc import Mapping
from itertools import cycle, islice

from local.rehearsal.store import Condition, Record
from local.rehearsal.zones import zones_of_aws
from local.rehearse import gpus, twins
from local.rehearse.machines import PURCHASE, karpenter_capacity_type
from local.rehearse.twins import Original
from mizan import keys
from mizan.catalogue import machines
from mizan.manifests.karpenter import GROUP, NODE_CLASS
from mizan.manifests.manifest import Manifest, is_in
from mizan.plan import Plan

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"

# Karpenter writes the name of a node's class on it.
# Source: sigs.k8s.io/karpenter@v1.14.1 pkg/apis/v1/labels.go, NodeClassLabelKey.
NODE_CLASS_LABEL = f"{GROUP}/{NODE_CLASS.lower()}"

# Source: https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html, read 2026-11-23.
NODE_GROUP_LABEL = "eks.amazonaws.com/nodegroup"
CAPACITY_TYPE_LABEL = "eks.amazonaws.com/capacityType"


def is_original(node_pool: Manifest) -> bool:
    """Return whether a NodePool is one of Karpenter's AWS provider, which nobody here makes nodes of."""
    reference = node_pool["spec"]["template"]["spec"]["nodeClassRef"]
    return bool(reference["group"] == GROUP and reference["kind"] == NODE_CLASS)


def twin(node_pool: Manifest, plan: Plan) -> Manifest:
    """Return the twin of a NodePool: all as in the original, but for the class of its nodes and how they are bought.

    A node of a reservation, `reserved` at AWS, is an on-demand one here; PURCHASE tells them apart. Where its labels
    ask NVIDIA's operator to share GPUs, an annotation says what comes of it.
    """
    metadata, spec = node_pool["metadata"], copy.deepcopy(node_pool["spec"])
    template = spec["template"]
    labels = template.setdefault("metadata", {}).setdefault("labels", {})
    if shared := _shared(template, labels, plan):
        template["metadata"]["annotations"] = {**template["metadata"].get("annotations", {}), **shared}
    labels[NODE_CLASS_LABEL] = template["spec"]["nodeClassRef"]["name"]
    template["spec"]["nodeClassRef"] = dict(twins.KWOK_NODE_CLASS)
    template["spec"]["requirements"] = [
        own for requirement in template["spec"]["requirements"] for own in _requirements(requirement)
    ]
    original = Original(said=f"NodePool {metadata['name']} of {NODE_CLASS}", identity=metadata["uid"])
    return twins.node_pool(metadata["name"], original, spec)


def overlay_twin(overlay: Manifest) -> Manifest:
    """Return the twin of a NodeOverlay: the same of the twins of its node pools."""
    metadata, spec = overlay["metadata"], copy.deepcopy(overlay["spec"])
    spec["requirements"] = [
        is_in(keys.NODE_POOL, *map(twins.twin_name, each["values"])) if each["key"] == keys.NODE_POOL else each
        for each in spec["requirements"]
    ]
    original = Original(said=f"NodeOverlay {metadata['name']}", identity=metadata["uid"])
    return {
        "apiVersion": overlay["apiVersion"],
        "kind": overlay["kind"],
        "metadata": original.mark(twins.twin_name(metadata["name"])),
        "spec": spec,
    }


def nodes(records: list[Record], region: str) -> list[Manifest]:
    """Return the nodes of the node groups that are whole: as many as are desired, one zone after the other."""
    groups = [record for record in records if record.type == NODE_GROUP and record.condition is Condition.WHOLE]
    return [node for record in groups for node in _nodes(record, region)]


def _nodes(record: Record, region: str) -> list[Manifest]:
    inputs = record.inputs
    name, (machine, *_) = inputs["nodeGroupName"], inputs["instanceTypes"]
    taints = [twins.taint(given) for given in inputs.get("taints", [])]
    found = []
    for number, zone in enumerate(islice(cycle(zones_of_aws(region)), inputs["scalingConfig"]["desiredSize"])):
        labels = {
            **twins.kubelet_labels(machine, region, zone),
            **inputs.get("labels", {}),
            NODE_GROUP_LABEL: name,
            CAPACITY_TYPE_LABEL: inputs.get("capacityType", "ON_DEMAND"),
        }
        identity = twins.digest([record.id, record.created, labels, taints])
        original = Original(said=f"EKS node group {name}", identity=identity)
        found.append(twins.node(f"simulated-{name}-{number}", original, labels=labels, taints=taints))
    return found


def _shared(template: Manifest, labels: Mapping[str, str], plan: Plan) -> dict[str, str]:
    """Return the annotation of nodes whose GPUs are shared; nothing where they are whole, or of no known machine."""
    asked = {each["key"]: each.get("values", []) for each in template["spec"]["requirements"]}
    machine = next(iter(asked.get(keys.INSTANCE_TYPE, [])), "")
    if machine not in machines():
        return {}
    number = machines()[machine].gpus
    return gpus.annotations(machine, number, gpus.resources_by_operator(labels, number, plan))


def _requirements(requirement: Manifest) -> list[Manifest]:
    if requirement["key"] != keys.CAPACITY_TYPE or requirement["operator"] != "In":
        return [requirement]
    bought = requirement["values"]
    kinds = dict.fromkeys(karpenter_capacity_type(each) for each in bought)
    return [{**requirement, "values": list(kinds)}, is_in(PURCHASE, *bought)]
