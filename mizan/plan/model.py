"""What a plan buys: pools, their offers, what is paid in advance, and the flavors that Kueue counts them as."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import Machine, Provider
from mizan.config import CommitmentKind, ExpectedUse, GkeNodes, KarpenterNodes, Order, WarmNodes
from mizan.plan.claims import Claims
from mizan.plan.fallback import Candidate, Worth
from mizan.prices import PRICE_MAX_AGE_DAYS, Basis, Price
from mizan.sharing import GpuSharing

# A calendar's machines are handed over as a reservation, which is named when they are asked for.
# Source: https://docs.cloud.google.com/sdk/gcloud/reference/compute/future-reservations/create, --reservation-mode and
# --reservation-name, read 2026-11-23.
_KEPT = frozenset({CommitmentKind.RESERVATION, CommitmentKind.CAPACITY_BLOCK, CommitmentKind.DWS_CALENDAR})


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A node taint and, as a toleration, what gets past it."""

    key: str
    value: str
    effect: str = "NoSchedule"

    def on_node(self) -> dict[str, str]:
        """Return the taint as a node's spec holds it."""
        return {"key": self.key, "value": self.value, "effect": self.effect}

    def toleration(self) -> dict[str, str]:
        """Return the toleration of exactly this taint."""
        return {"key": self.key, "operator": "Equal", "value": self.value, "effect": self.effect}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One machine of one pool in one capacity type: one node pool and one price.

    Attributes:
        price: what an hour of a node costs without any commitment.
        sharing: of its GPUs; the same for all offers of a pool.
        min_nodes: that stay whether anybody uses them or not.
        commitments: the nodes of it that each commitment pays for, by its name, the last of them perhaps in part.
        worth: what a useful hour costs, and why it is tried where it is.
        weight: of two offers that fit a pod, the autoscaler takes the one with the higher weight, 1 to 100.
        is_committed: its nodes are paid for in advance and tried first, as one more hour of them costs nothing; of any
            other offer no more than a part of one node is.
    """

    name: str
    pool: str
    capacity_type: CapacityType
    machine: Machine
    price: Price
    max_nodes: int
    sharing: GpuSharing
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    weight: int
    worth: Worth
    commitments: Mapping[str, Decimal] = field(default_factory=dict)
    is_committed: bool = False
    min_nodes: int = 0

    @property
    def units_per_node(self) -> int:
        """Return the units that quotas count of a node."""
        return self.machine.gpus * self.sharing.units_per_gpu

    @property
    def max_units(self) -> int:
        """Return the units at the offer's largest size."""
        return self.max_nodes * self.units_per_node

    @property
    def resources(self) -> Mapping[str, int]:
        """Return what a node offers, by Kubernetes' resource."""
        return {resource: amount * self.units_per_node for resource, amount in self.sharing.amounts.items()}


@dataclass(frozen=True, kw_only=True)
class MachinePrice:
    """What a machine costs that a pool does not make, and may still have nodes of.

    Attributes:
        price: what an hour of a node costs without any commitment.
        on_demand: the same on-demand; None where no list says it.
    """

    machine: Machine
    capacity_type: CapacityType
    price: Price
    on_demand: Price | None


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """A pool and its offers in the order they are tried.

    Attributes:
        left_out: capacity types that the stack lists but that are not worth it, each with the reason.
        left_out_nodes: that those would have had; the work meant for them is there all the same.
        doubtful: those that are kept all the same, as a queue or the stack's own order names them.
        sharing: of its GPUs.
        on_demand: what a node costs on-demand, which savings are told against; None where no list says it.
        other_machines: with the same GPU, as far as they have a price. A node with pods on it stays when the stack
            names another machine for its pool, and is paid for at the price of its own.
        claims: who may fill its nodes; None where no queue counts it.
        zones: of its nodes; empty means all of the cluster.
    """

    name: str
    machine: Machine
    order: Order
    offers: tuple[Offer, ...]
    left_out: tuple[Candidate, ...]
    left_out_nodes: int
    doubtful: tuple[Candidate, ...]
    on_demand: Price | None
    expected_use: ExpectedUse
    disk_gib: int
    sharing: GpuSharing
    other_machines: tuple[MachinePrice, ...] = ()
    claims: Claims | None = None
    zones: tuple[str, ...] = ()
    gke: GkeNodes = field(default_factory=GkeNodes)
    karpenter: KarpenterNodes = field(default_factory=KarpenterNodes)
    warm: WarmNodes | None = None


@dataclass(frozen=True, kw_only=True)
class CommitmentPlan:
    """Capacity that is paid for every hour, used or not.

    Attributes:
        machine: that it covers; None covers every machine of `provider`.
        nodes: that it covers; None where it counts dollars.
        usd_per_hour: of all of it.
        discount: of a savings plan against on-demand, 0 to 1; None for all others.
        source: where its price is from.
        as_of: the day of the price row that it is from; None where the stack states the price: what was agreed on does
            not grow old.
        basis: of that row; None where the stack states the price, which is neither read from a list nor computed.
        until: its last day; None where the stack names none.
    """

    name: str
    kind: CommitmentKind
    machine: Machine | None
    provider: Provider
    nodes: int | None
    usd_per_hour: Decimal
    discount: Decimal | None
    source: str
    as_of: date | None
    basis: Basis | None
    until: date | None = None

    @property
    def keeps_nodes(self) -> bool:
        """Return whether machines are kept for it under its name, and not only billed in another way."""
        return self.kind in _KEPT

    @property
    def is_derived(self) -> bool:
        """Return whether its price was computed from others."""
        return self.basis is Basis.DERIVED

    def is_stale(self, today: date) -> bool:
        """Return whether its price row is more than 90 days old."""
        return self.as_of is not None and (today - self.as_of).days > PRICE_MAX_AGE_DAYS


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """GPUs that Kueue counts as one: a single offer, or all offers of a pool among which the autoscaler chooses.

    Attributes:
        capacity_type: of its single offer; None where the autoscaler chooses.
        offers: in the order they are tried; all share their GPUs alike.
        labels: what all its nodes carry, and what Kueue writes into an admitted job as node selector.
        taints: what all its nodes carry.
    """

    name: str
    pool: str
    capacity_type: CapacityType | None
    offers: tuple[Offer, ...]
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]

    @property
    def sharing(self) -> GpuSharing:
        """Return how its GPUs are shared, and so what its quota counts."""
        return self.offers[0].sharing

    @property
    def compute_class(self) -> str | None:
        """Return the ComputeClass that keeps the order of its offers on GKE; None where there is but one, or no GKE."""
        return self.labels.get(keys.GKE_COMPUTE_CLASS)

    @property
    def is_queued(self) -> bool:
        """Return whether its nodes come all together through a ProvisioningRequest, for one gang at a time."""
        return keys.GKE_QUEUED in self.labels

    @property
    def max_units(self) -> int:
        """Return the units at the largest size of all its offers."""
        return sum(offer.max_units for offer in self.offers)
