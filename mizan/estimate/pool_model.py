"""The rows of pools and their offers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.config import WarmNodes
from mizan.estimate.amounts import Dollars, Parts, Savings
from mizan.prices import Price


@dataclass(frozen=True, kw_only=True)
class OfferCost:
    """What one offer of a pool costs; its row, in the order in which it is tried.

    Attributes:
        name: such as `spot-a100`, `ondemand-a100` or, paid in advance, `reserved-a100`.
        price: of a node and hour without any commitment, with date, source and basis.
        commitments: nodes that each commitment pays for, by its name; empty where it is bought as it runs.
        expected_nodes: that run on average over all hours of a month, time lost to interruptions included.
        lost_share: of the running time that interruptions cost, 0 to 1.
        is_feasible: False where no work is expected to get done on it; it is kept as somebody listed it.
        parts: `gpu`, `host` and `disk`; a committed node costs its commitment's price for the hours it is used.
        is_stale: its price is more than 90 days old.
        min_nodes: that are always there.
    """

    name: str
    capacity_type: CapacityType
    price: Price
    commitments: Mapping[str, Decimal]
    is_committed: bool
    max_nodes: int
    expected_nodes: Decimal
    lost_share: Decimal
    is_feasible: bool
    parts: Parts
    is_stale: bool
    min_nodes: int = 0

    @property
    def total(self) -> Dollars:
        """Return what it costs at each size."""
        return self.parts.total

    @property
    def is_derived(self) -> bool:
        """Return whether a derived price or rate is in its dollars."""
        return self.parts.derived.total

    @property
    def is_split_derived(self) -> bool:
        """Return whether one is in its GPU and host part: its price, on-demand or the rates of hosts."""
        return self.parts.derived.split


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A capacity type that the stack lists and the plan does without."""

    capacity_type: CapacityType
    reason: str


@dataclass(frozen=True, kw_only=True)
class PoolCost:
    """What one pool costs, without unused commitments and control plane, which no pool alone pays for.

    Attributes:
        gpus_per_node: of the machine.
        hours_per_week: in which it may run at all.
        utilisation_percent: of its maximum nodes that run in those hours.
        disk_gib: boot disk of a node.
        undone_nodes: expected work, counted in nodes while the pool runs, for which there are not enough nodes once
            interruptions have taken their time, or that never gets done where it runs; 0 as a rule.
        on_demand: price of a node, which savings and GPU part are told against; None where no list says it.
        is_on_demand_stale: that price is more than 90 days old.
        savings: its own way down; control plane and unused commitments are in none of its lines.
        left_out: with the reasons.
        is_minimum_derived: a derived figure is in its dollars at the minimum.
        warm: nodes that are there before anybody asks; None where there are none.
    """

    stack: str
    name: str
    machine: str
    gpu: str
    gpus_per_node: int
    hours_per_week: int
    utilisation_percent: int
    disk_gib: int
    undone_nodes: Decimal
    offers: tuple[OfferCost, ...]
    on_demand: Price | None
    is_on_demand_stale: bool
    savings: Savings
    left_out: tuple[LeftOut, ...]
    is_minimum_derived: bool = False
    warm: WarmNodes | None = None

    @property
    def parts(self) -> Parts:
        """Return what its dollars are paid for."""
        return sum((offer.parts for offer in self.offers), Parts())

    @property
    def total(self) -> Dollars:
        """Return what it costs at each size."""
        return self.parts.total

    @property
    def max_nodes(self) -> int:
        """Return the nodes at its largest size."""
        return sum(offer.max_nodes for offer in self.offers)

    @property
    def expected_nodes(self) -> Decimal:
        """Return the nodes that run on average over all hours of a month."""
        return sum((offer.expected_nodes for offer in self.offers), Decimal(0))

    @property
    def is_derived(self) -> bool:
        """Return whether a derived price or rate is in its dollars."""
        return self.parts.derived.total

    @property
    def is_split_derived(self) -> bool:
        """Return whether its GPU and host part stand on a derived price or rate."""
        return self.parts.derived.split

    @property
    def is_stale(self) -> bool:
        """Return whether a price of more than 90 days is in its dollars or its savings."""
        return self.is_on_demand_stale or any(offer.is_stale for offer in self.offers)
