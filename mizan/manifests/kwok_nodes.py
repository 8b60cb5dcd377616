"""Simulated GPU capacity: Karpenter's kwok provider makes nodes of these pools on the embedded cluster."""

from collections import defaultdict
from collections.abc import Iterable

from mizan import keys
from mizan.catalogue import Machine
from mizan.manifests.manifest import MANAGED, Manifest, is_in, manifest, taints
from mizan.plan import Offer, Plan

NODE_CLASS = "simulated"

# An empty GPU node is paid for until it goes; 30 s outlasts the gap between two jobs of a queue.
CONSOLIDATE_AFTER = "30s"

# Karpenter's default of 10 % at a time leaves a burst's empty nodes to go in rows, and all of them are paid for until
# then. A node with pods on it still goes one at a time: a reason that no budget names would have no limit at all.
# Source: kubernetes-sigs/karpenter@v1.14.1 pkg/apis/v1/nodepool.go, GetAllowedDisruptionsByReason.
DISRUPTION_BUDGETS = (
    {"nodes": "100%", "reasons": ["Empty"]},
    {"nodes": "10%", "reasons": ["Drifted", "Underutilized"]},
)

# Karpenter's default of 720 h would end a long training run in mid-flight, and simulated nodes never need patching.
EXPIRE_AFTER = "Never"

# What a node holds besides GPUs; Kubernetes' own default and a boot disk that no sample fills.
PODS_PER_NODE = "110"
EPHEMERAL_STORAGE = "200Gi"


def node_class() -> Manifest:
    """Return the KWOKNodeClass that every simulated pool refers to."""
    return {**manifest("karpenter.kwok.sh/v1alpha1", "KWOKNodeClass", NODE_CLASS), "spec": {}}


def node_pool(offer: Offer) -> Manifest:
    """Return the Karpenter NodePool of an offer: it scales from 0 to the offer's limit and back."""
    body = manifest("karpenter.sh/v1", "NodePool", offer.name)
    template = {key: value for key, value in offer.labels.items() if key != keys.CAPACITY_TYPE}
    single = {
        keys.INSTANCE_TYPE: offer.machine.name,
        keys.CAPACITY_TYPE: offer.capacity_type.value,
        keys.ARCHITECTURE: "amd64",
        keys.OPERATING_SYSTEM: "linux",
    }
    body["spec"] = {
        "template": {
            "metadata": {"labels": {**MANAGED, **template}},
            "spec": {
                "nodeClassRef": {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": NODE_CLASS},
                "taints": taints(offer.taints),
                "requirements": [is_in(key, value) for key, value in single.items()],
                "expireAfter": EXPIRE_AFTER,
            },
        },
        "disruption": {
            "consolidationPolicy": "WhenEmpty",
            "consolidateAfter": CONSOLIDATE_AFTER,
            "budgets": [dict(budget) for budget in DISRUPTION_BUDGETS],
        },
        "weight": offer.weight,
        "limits": {offer.resource: str(offer.max_units)},
    }
    return body


def instance_types(plan: Plan) -> list[Manifest]:
    """Return what Karpenter's kwok provider reads: the machines, their capacity types and prices.

    Shape: a list of {name, architecture, operatingSystems, resources, offerings}.
    Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/helpers.go, InstanceTypeOptions and setDefaultOptions.
    """
    machines = {offer.machine.name: offer.machine for offer in plan.offers}
    offers = defaultdict(list)
    for offer in plan.offers:
        offers[offer.machine.name].append(offer)
    return [_instance_type(machine, offers[name], plan.region) for name, machine in sorted(machines.items())]


def _instance_type(machine: Machine, offers: Iterable[Offer], region: str) -> Manifest:
    by_capacity_type = {offer.capacity_type: offer for offer in offers}
    return {
        "name": machine.name,
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {
            "cpu": str(machine.vcpus),
            "memory": f"{machine.memory_gib}Gi",
            "ephemeral-storage": EPHEMERAL_STORAGE,
            "pods": PODS_PER_NODE,
            keys.NVIDIA_GPU: str(machine.gpus),
        },
        "offerings": [
            {
                "Price": float(offer.price.usd_per_hour),
                "Available": True,
                "Requirements": [
                    is_in(keys.CAPACITY_TYPE, capacity_type.value),
                    is_in(keys.ZONE, f"{region}-a"),
                ],
            }
            for capacity_type, offer in sorted(by_capacity_type.items())
        ],
    }
