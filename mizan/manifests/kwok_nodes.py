"""Simulated GPU capacity: Karpenter's kwok provider makes nodes of these pools on the embedded cluster."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence

from mizan import keys
from mizan.catalogue import Machine
from mizan.manifests import node_pools
from mizan.manifests.manifest import Manifest, is_in, manifest
from mizan.manifests.node_pools import Lifetime, node_overlays, of_one_machine
from mizan.plan import Offer, Plan
from mizan.sharing import SharingMode

NODE_CLASS = "simulated"

# Simulated nodes never need patching. With pods on them they are replaced one in ten at a time.
LIFETIME = Lifetime(others="10%")

# What a node holds besides GPUs; Kubernetes' own default and a boot disk that no sample fills.
PODS_PER_NODE = "110"
EPHEMERAL_STORAGE = "200Gi"


def simulated_nodes(plan: Plan) -> list[Manifest]:
    """Return everything that Karpenter needs to make a stack's simulated nodes, each after what it refers to."""
    return [node_class(), *(node_pool(offer) for offer in plan.offers), *node_overlays(plan.offers)]


def node_class() -> Manifest:
    """Return the KWOKNodeClass that every simulated pool refers to."""
    return {**manifest("karpenter.kwok.sh/v1alpha1", "KWOKNodeClass", NODE_CLASS), "spec": {}}


def node_pool(offer: Offer) -> Manifest:
    """Return the Karpenter NodePool of an offer: it scales from 0 to the offer's limit and back.

    A node of the kwok provider has what its machine has, and of all else as much as its first pods ask for; what
    sharing makes of its GPUs stands in an annotation, which becomes the node's status.
    Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/cloudprovider.go, toNode.
    """
    is_plain = offer.sharing.mode is SharingMode.NONE
    reference = {"group": "karpenter.kwok.sh", "kind": "KWOKNodeClass", "name": NODE_CLASS}
    requirements = of_one_machine(offer, offer.capacity_type.value)
    return node_pools.node_pool(
        offer,
        node_class=reference,
        requirements=requirements,
        lifetime=LIFETIME,
        annotations={} if is_plain else {keys.SIMULATED_RESOURCES: advertised(offer.machine, node_resources(offer))},
    )


def node_resources(offer: Offer) -> Mapping[str, int]:
    """Return what the device plugin tells of a node's GPUs; where pods claim them it is not there and tells nothing."""
    return {} if offer.sharing.mode is SharingMode.DRA else offer.resources


def advertised(machine: Machine, resources: Mapping[str, int]) -> str:
    """Return the annotation by which a simulated node has exactly these GPUs or parts of them.

    Null is for what its machine has and the node does not. The vCPUs are all of the machine's, as on a real node: the
    kwok provider takes off what the system needs of them, and the pool's limit counts them.
    """
    amounts = {resource: str(amount) for resource, amount in {"cpu": machine.vcpus, **resources}.items()}
    return json.dumps({keys.NVIDIA_GPU: None, **amounts}, sort_keys=True)


def instance_types(plan: Plan) -> list[Manifest]:
    """Return what Karpenter's kwok provider reads: the machines, their capacity types and prices.

    A machine has what its nodes will offer. Where pools share its GPUs in different ways it has whole ones, and the
    NodeOverlays of the pools tell the rest, as for the machines of a cloud.

    Shape: a list of {name, architecture, operatingSystems, resources, offerings}.
    Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/helpers.go, InstanceTypeOptions and setDefaultOptions.
    """
    machines = {offer.machine.name: offer.machine for offer in plan.offers}
    offers = defaultdict(list)
    for offer in plan.offers:
        offers[offer.machine.name].append(offer)
    return [_instance_type(machine, offers[name], plan.region) for name, machine in sorted(machines.items())]


def _instance_type(machine: Machine, offers: Sequence[Offer], region: str) -> Manifest:
    by_capacity_type = {offer.capacity_type: offer for offer in offers}
    first, *others = [node_resources(offer) for offer in offers]
    resources = first if all(other == first for other in others) else {keys.NVIDIA_GPU: machine.gpus}
    return {
        "name": machine.name,
        "architecture": "amd64",
        "operatingSystems": ["linux"],
        "resources": {
            "cpu": str(machine.vcpus),
            "memory": f"{machine.memory_gib}Gi",
            "ephemeral-storage": EPHEMERAL_STORAGE,
            "pods": PODS_PER_NODE,
            **{resource: str(amount) for resource, amount in resources.items()},
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
