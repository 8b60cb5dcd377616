"""An estimate's shape: dollars at three sizes, by pool, team and capacity type, and what was saved on the way.

Every amount is a `Decimal` of US dollars a month of 730 hours, in whole cents. Each line is rounded once, as on an
invoice, and every total is the sum of its lines, so whatever is shown together adds up to the cent:

    estimate.total == sum of pools + control planes + unused commitments + disks of Prometheus
                   == sum of teams == sum of capacity_types == sum of the six `parts`
    estimate.savings.baseline + sum of its lines == estimate.total.expected
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from mizan.catalogue import Provider
from mizan.config import Cloud
from mizan.estimate.amounts import ZERO, Dollars, Parts, Savings, Size, total
from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.derived import Derived
from mizan.estimate.pool_model import PoolCost
from mizan.estimate.prometheus_disk import PrometheusDiskCost
from mizan.prices.hosts import HostRate


class TeamKind(StrEnum):
    """Who a team's row speaks of.

    `team`: one team. `unassigned`: pools' GPUs that no team's queue holds. `shared`: control planes, unused commitments
    and disks of Prometheus.
    """

    TEAM = "team"
    UNASSIGNED = "unassigned"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class PoolShare:
    """What a team pays of one pool.

    Attributes:
        is_derived: a derived figure is in it.
    """

    stack: str
    pool: str
    total: Dollars
    is_derived: bool


@dataclass(frozen=True, kw_only=True)
class TeamCost:
    """A team's share: of each pool, as its queues hold nominal quota there; of a queue, as many share it.

    Attributes:
        name: of the team; `unassigned` or `shared` in the last two rows, which `kind` tells from teams of that name.
        pools: that it pays for, in the pools' order; empty in the row `shared`.
    """

    kind: TeamKind
    name: str
    parts: Parts
    pools: tuple[PoolShare, ...]

    @property
    def total(self) -> Dollars:
        """Return what it costs at each size."""
        return self.parts.total

    @property
    def is_derived(self) -> bool:
        """Return whether a derived figure is in its dollars."""
        return self.parts.derived.total


class CapacityKind(StrEnum):
    """What is bought how: the capacity types, `committed` nodes apart from other on-demand ones, and `shared`.

    `shared` is what no node causes: control planes, unused commitments and disks of Prometheus.
    """

    SPOT = "spot"
    FLEX_START = "flex-start"
    ON_DEMAND = "on-demand"
    COMMITTED = "committed"
    SHARED = "shared"


@dataclass(frozen=True, kw_only=True)
class CapacityTypeCost:
    """What all nodes of one capacity type cost; a row for each kind that occurs, `shared` always."""

    kind: CapacityKind
    max_nodes: int
    expected_nodes: Decimal
    parts: Parts

    @property
    def total(self) -> Dollars:
        """Return what it costs at each size."""
        return self.parts.total

    @property
    def is_derived(self) -> bool:
        """Return whether a derived figure is in its dollars."""
        return self.parts.derived.total


class NoteKind(StrEnum):
    """What a note is about, so that a reader can sort and a page can group them."""

    PRICE_DATES = "price-dates"
    DERIVED = "derived"
    STALE = "stale"
    LEFT_OUT = "left-out"
    EXPECTED_USE = "expected-use"
    INTERRUPTIONS = "interruptions"
    UNDONE_WORK = "undone-work"
    MIN_NODES = "min-nodes"
    WARM_NODES = "warm-nodes"
    NO_ON_DEMAND_PRICE = "no-on-demand-price"
    HOST_ABOVE_PRICE = "host-above-price"
    CONTROL_PLANE = "control-plane"
    PROMETHEUS_DISK = "prometheus-disk"
    COMMITMENT_ENDS = "commitment-ends"
    NOT_COUNTED = "not-counted"


@dataclass(frozen=True, kw_only=True)
class Note:
    """One thing to know when reading the dollars: a whole sentence, with its stack and what it is about.

    Attributes:
        about: pool or offer; None for the whole stack.
    """

    kind: NoteKind
    stack: str
    about: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class StackCost:
    """What holds for one stack of an estimate as a whole.

    Attributes:
        cluster: name of the existing cluster; None where the stack makes its own.
        today: the day that the age of prices is counted to.
        rate: of the same hosts without GPU, of disks and of the control plane, with date and source.
        control_plane: the cluster's fee, the same at every size; 0 where the cluster exists and is paid elsewhere.
        prometheus_disk: None where the stack installs no Prometheus.
        oldest: day of the oldest price that entered, commitments' and rates' too.
        newest: day of the newest.
    """

    name: str
    cloud: Cloud
    cluster: str | None
    region: str
    provider: Provider
    today: date
    rate: HostRate
    control_plane: Dollars
    oldest: date
    newest: date
    prometheus_disk: PrometheusDiskCost | None = None

    @property
    def prometheus_disk_usd(self) -> Dollars:
        """Return what Prometheus' disk costs as far as that is known."""
        return (self.prometheus_disk.usd_per_month if self.prometheus_disk else None) or ZERO

    @property
    def is_prometheus_disk_unknown(self) -> bool:
        """Return whether Prometheus has a disk that costs nobody here knows what."""
        return self.prometheus_disk is not None and self.prometheus_disk.usd_per_gib_month is None

    @property
    def is_prometheus_disk_derived(self) -> bool:
        """Return whether the price of Prometheus' disk is another region's."""
        return self.rate.is_borrowed and self.prometheus_disk_usd != ZERO

    @property
    def is_derived(self) -> bool:
        """Return whether its rates without GPU were computed, not read, or are another region's."""
        return self.rate.is_derived

    @property
    def is_control_plane_derived(self) -> bool:
        """Return whether the cluster's fee, where there is one, is another region's."""
        return self.rate.is_borrowed and self.control_plane != ZERO

    @property
    def is_rate_stale(self) -> bool:
        """Return whether a rate of hosts, disks and the control plane is more than 90 days old."""
        return self.rate.is_stale(self.today)


def shared_by_all(stacks: Sequence[StackCost], commitments: Sequence[CommitmentCost]) -> Parts:
    """Return what no pool pays for: control planes, unused commitments and disks of Prometheus."""
    return Parts(
        control_plane=total(stack.control_plane for stack in stacks),
        unused_commitments=total(commitment.unused for commitment in commitments),
        prometheus_disk=total(stack.prometheus_disk_usd for stack in stacks),
        derived=Derived(
            control_plane=any(stack.is_control_plane_derived for stack in stacks),
            unused_commitments=any(commitment.is_unused_derived for commitment in commitments),
            prometheus_disk=any(stack.is_prometheus_disk_derived for stack in stacks),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What one stack costs, or several together.

    Attributes:
        stacks: one, or several in the order given.
        pools: of all stacks, in their order.
        teams: every team in order, then the rows `unassigned` and `shared`, of 0 too; teams of the same name in
            several stacks are one.
        capacity_types: in the order of `CapacityKind`.
        savings: the way from all on-demand down to what is expected.
        notes: price dates, derived and stale rows, what is left out, what is assumed.
    """

    stacks: tuple[StackCost, ...]
    pools: tuple[PoolCost, ...]
    teams: tuple[TeamCost, ...]
    capacity_types: tuple[CapacityTypeCost, ...]
    commitments: tuple[CommitmentCost, ...]
    savings: Savings
    notes: tuple[Note, ...]

    @property
    def shared(self) -> Parts:
        """Return what no pool pays for: control planes, unused commitments and disks of Prometheus."""
        return shared_by_all(self.stacks, self.commitments)

    @property
    def parts(self) -> Parts:
        """Return what all dollars are paid for."""
        return sum((pool.parts for pool in self.pools), self.shared)

    @property
    def total(self) -> Dollars:
        """Return what everything costs at each size."""
        return self.parts.total

    @property
    def is_derived(self) -> bool:
        """Return whether a derived figure is in the total, at any size."""
        return self.parts.derived.total

    def is_derived_at(self, size: Size) -> bool:
        """Return whether a derived figure is in the total at one size."""
        if size is Size.MINIMUM:
            is_paid_derived = any(each.is_derived for each in self.commitments)
            is_kept_derived = any(pool.is_minimum_derived for pool in self.pools)
            return self.shared.derived.of_clusters or is_paid_derived or is_kept_derived
        return self.savings.is_expected_derived if size is Size.EXPECTED else self.is_derived

    @property
    def is_split_derived(self) -> bool:
        """Return whether GPU and host parts stand on a derived price or rate."""
        return self.parts.derived.split

    @property
    def is_stale(self) -> bool:
        """Return whether any price or rate that entered is more than 90 days old."""
        return (
            any(pool.is_stale for pool in self.pools)
            or any(commitment.is_stale for commitment in self.commitments)
            or any(stack.is_rate_stale for stack in self.stacks)
        )

    @property
    def oldest(self) -> date:
        """Return the day of the oldest price that entered."""
        return min(stack.oldest for stack in self.stacks)

    @property
    def newest(self) -> date:
        """Return the day of the newest price that entered."""
        return max(stack.newest for stack in self.stacks)

    def note(self, kind: NoteKind) -> tuple[Note, ...]:
        """Return the notes of one kind."""
        return tuple(note for note in self.notes if note.kind is kind)
