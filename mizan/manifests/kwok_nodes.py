"""Simulated GPU capacity: Karpenter's kwok provider makes nodes of these pools on the embedded cluster."""

from collections import defaultdict
from collections.abc import Iterable

from mizan import keys
from mizan.catalogue import Machine
from mizan.manifests import node_pools
from mizan.manifests.manifest import Manifest, is_in, manifest
from mizan.manifests.node_pools import Lifetime, of_one_machine
from mizan.plan import Offer, Plan

NODE_CLASS = "simulated"

# Simulated nodes never need patching. With pods on them they are replaced one in ten at a time.
LIFETIME = Lifetime(others="10%")

# What a node holds besides GPUs; Kubernetes' own default and a boot disk that no sample fills.
PODS_PER_NODE = "110"
EPHEMERAL_STORAGE = "200Gi"


def node_class() -> Manifest:
    """Return the KWOKNodeClass that every simulated pool refers to."""
    return {**manifest("karpenter.kwok.sh/v1alpha1", "KWOKNodeClass", NODE_CLASS), "spec": {}}


def node_pool(offer: Offer) -> Manifest:
    """Return the Karpenter NodePool of an offer: it scales from 0 to the offer's limit and back."""
    reference = {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": NODE_CLASS}
    requirements = of_one_machine(offer, offer.capacity_type.value)
    return node_pools.node_pool(offer, node_class=reference, requirements=requirements, lifetime=LIFETIME)


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
