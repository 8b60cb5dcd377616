"""The machines of a simulated cloud, as Karpenter's kwok provider reads them: labels, zones, prices, stock. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from local.rehearsal.zones import zones_of_aws, zones_of_gcp
from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.config import Cloud
from mizan.errors import PlatformError
from mizan.manifests.karpenter import RESERVED
from mizan.manifests.kwok_nodes import EPHEMERAL_STORAGE, PODS_PER_NODE
from mizan.manifests.manifest import Manifest, is_in
from mizan.plan import Offer, Plan

# How the cloud would sell a node. Karpenter's kwok provider knows spot and on-demand alone: it cannot tell flex-start,
# and to take a `reserved` offering it would need the ids of reservations, which the AWS provider gives it.
# Source: sigs.k8s.io/karpenter@v1.14.1 pkg/apis/v1/labels.go, WellKnownValuesForRequirements;
# pkg/cloudprovider/types.go, ReservationIDLabel.
PURCHASE = f"{keys.DOMAIN}/simulated-purchase"

# A reservation comes before on-demand, whatever either costs.
# Source: aws/karpenter-provider-aws@v1.14.1 pkg/providers/instancetype/offering/reserved_capacity_resolver.go.
RESERVED_DISCOUNT = 10_000_000

# Source: GoogleCloudPlatform/cluster-autoscaler@1c2a686 pkg/cloudprovider/gke/labels/system_labels.go.
GKE_ACCELERATOR = "cloud.google.com/gke-accelerator"
GKE_MACHINE_FAMILY = "cloud.google.com/machine-family"
GKE_PROVISIONING = "cloud.google.com/gke-provisioning"
# Of Google's storage drivers. Source: kubernetes-sigs/gcp-compute-persistent-disk-csi-driver, pkg/common/constants.go.
GKE_ZONE = "topology.gke.io/zone"

REGION = "topology.kubernetes.io/region"

_FAMILY = re.compile(r"([a-z]+)(?:-[0-9]+tb)?([0-9]+).*\.")


@dataclass(frozen=True, kw_only=True)
class OutOfStock:
    """What the cloud has none of: a machine, in one capacity type or all of them, in one zone or all of them."""

    machine: str
    capacity_type: CapacityType | None = None
    zone: str | None = None

    @classmethod
    def parse(cls, text: str, plan: Plan) -> "OutOfStock":
        """Return what a text such as `a2-highgpu-4g:spot:us-central1-a` says; only the machine must be there.

        Raises:
            PlatformError: the stack has no such machine, does not buy it in that way, or has no such zone.
        """
        machine, *rest = text.split(":")
        if len(rest) > 2:
            raise _misread(text, text, "a machine, a capacity type and a zone at most", _examples(plan))
        bought = {offer.capacity_type for offer in plan.offers if offer.machine.name == machine}
        if not bought:
            raise _misread(text, machine or "nothing", "a machine of the stack", sorted(_machines(plan)))
        kind = rest[0] if rest else None
        if kind is not None and kind not in bought:
            raise _misread(text, kind or "nothing", f"a way in which the stack buys {machine}", sorted(bought))
        zone = rest[1] if len(rest) == 2 else None
        if zone is not None and zone not in zones_of(plan):
            raise _misread(text, zone or "nothing", f"a zone of {plan.region}", zones_of(plan))
        return cls(machine=machine, capacity_type=None if kind is None else CapacityType(kind), zone=zone)

    def covers(self, machine: str, purchase: str, zone: str) -> bool:
        """Return whether there is none of a machine; what is reserved is always there."""
        is_bought_so = purchase == self.capacity_type if self.capacity_type else purchase != RESERVED
        return machine == self.machine and is_bought_so and self.zone in (None, zone)

    def __str__(self) -> str:
        """Return the text that it was read from."""
        return ":".join(part for part in (self.machine, self.capacity_type, self.zone) if part)


def instance_types(plan: Plan, out_of_stock: frozenset[OutOfStock] = frozenset()) -> list[Manifest]:
    """Return what Karpenter's kwok provider reads: every machine of a plan, in every zone of its region.

    What is out of stock is left out: the provider takes every offering that it reads for available. A machine of which
    nothing is left is still known, so that a node of it that runs stays.
    Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/helpers.go, setDefaultOptions.
    """
    return [_instance_type(machine, plan, out_of_stock) for _, machine in sorted(_machines(plan).items())]


def zones_of(plan: Plan) -> tuple[str, ...]:
    """Return the zones of a plan's region, and those that the stack names itself."""
    known = zones_of_aws(plan.region) if plan.cloud is Cloud.EKS else zones_of_gcp(plan.region)
    named = {zone for pool in plan.pools for zone in pool.zones}
    if plan.gke is not None:
        named |= {*plan.gke.node_zones, *([plan.gke.zone] if plan.gke.zone else [])}
    return tuple(sorted({*known, *named}))


def karpenter_capacity_type(purchase: str) -> str:
    """Return the capacity type under which Karpenter's kwok provider buys what a cloud sells in some way."""
    return (CapacityType.SPOT if purchase == CapacityType.SPOT else CapacityType.ON_DEMAND).value


def gke_provisioning(purchase: str) -> str:
    """Return how GKE calls the way in which a node is bought."""
    return purchase if purchase in (CapacityType.SPOT, CapacityType.FLEX_START) else "standard"


def gke_family(machine: str) -> str:
    """Return the family of a machine type at Google, `a2` for `a2-highgpu-4g`."""
    return machine.partition("-")[0]


def _machines(plan: Plan) -> dict[str, Machine]:
    return {offer.machine.name: offer.machine for offer in plan.offers}


def _instance_type(machine: Machine, plan: Plan, out_of_stock: frozenset[OutOfStock]) -> Manifest:
    offers = [offer for offer in plan.offers if offer.machine.name == machine.name]
    prices = {purchase: price for offer in offers for purchase, price in _purchases(offer, plan)}
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
            {"Price": float(price), "Available": True, "Requirements": _requirements(machine, plan, purchase, zone)}
            for purchase, price in sorted(prices.items())
            for zone in zones_of(plan)
            if not any(item.covers(machine.name, purchase, zone) for item in out_of_stock)
        ],
    }


def _purchases(offer: Offer, plan: Plan) -> Iterator[tuple[str, Decimal]]:
    """Yield how the nodes of an offer may be bought, each with the price of an hour."""
    price = offer.price.usd_per_hour
    kept = {item.keeps_nodes for item in plan.commitments if item.name in offer.commitments}
    if True in kept:
        yield RESERVED, price / RESERVED_DISCOUNT
    if not offer.is_committed or False in kept:
        yield offer.capacity_type.value, price


def _requirements(machine: Machine, plan: Plan, purchase: str, zone: str) -> list[Manifest]:
    """Return the labels of an offering.

    Karpenter takes a label of one offering for one that every node pool may have. So all offerings have the same keys:
    a label that only spot had would be given to an on-demand node for a pod that asks for it.
    Source: sigs.k8s.io/karpenter@v1.14.1 kwok/cloudprovider/helpers.go, newInstanceType (WellKnownLabels).
    """
    labels = {
        keys.CAPACITY_TYPE: karpenter_capacity_type(purchase),
        PURCHASE: purchase,
        keys.ZONE: zone,
        REGION: plan.region,
        **(_aws_labels(machine) if plan.cloud is Cloud.EKS else _gke_labels(machine, purchase, zone)),
    }
    return [is_in(key, value) for key, value in labels.items()]


def _gke_labels(machine: Machine, purchase: str, zone: str) -> dict[str, str]:
    return {
        GKE_ACCELERATOR: machine.gke_accelerator,
        GKE_MACHINE_FAMILY: gke_family(machine.name),
        GKE_PROVISIONING: gke_provisioning(purchase),
        GKE_ZONE: zone,
    }


def _aws_labels(machine: Machine) -> dict[str, str]:
    """Return what Karpenter's AWS provider says of a machine, as far as the catalogue knows it.

    Source: aws/karpenter-provider-aws@v1.14.1 pkg/providers/instancetype/types.go, computeRequirements and
    instanceTypeScheme.
    """
    family, _, size = machine.name.partition(".")
    parts = _FAMILY.match(machine.name)
    kind = {"category": parts[1], "generation": parts[2]} if parts else {}
    facts = {
        **kind,
        "family": family,
        "size": size,
        "cpu": str(machine.vcpus),
        "memory": str(machine.memory_gib * 1024),
    }
    return {
        **{f"karpenter.k8s.aws/instance-{name}": value for name, value in facts.items()},
        keys.GPU_NAME: machine.gpu.karpenter_gpu_name,
        keys.GPU_COUNT: str(machine.gpus),
        keys.GPU_MANUFACTURER: "nvidia",
    }


def _misread(text: str, observed: str, needs: str, known: Iterable[str]) -> PlatformError:
    return PlatformError(
        f"out of stock {text}",
        observed,
        needs=needs,
        because="what the stack never asks for cannot be missing",
        fix=f"Write one of {', '.join(known)}",
    )


def _examples(plan: Plan) -> list[str]:
    zone = zones_of(plan)[0]
    return sorted({f"{offer.machine.name}:{offer.capacity_type}:{zone}" for offer in plan.offers})
