"""Amounts of money: at three sizes, by what they are paid for, and the steps by which they were saved.

Every amount is a `Decimal` of US dollars a month of 730 hours, in whole cents.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from mizan.estimate.derived import NOT_DERIVED, Derived
from mizan.prices import HOURS_PER_MONTH

NOTHING = Decimal("0.00")
TEN_THOUSANDTH = Decimal("0.0001")


class Size(StrEnum):
    """How large the pools are.

    `minimum`: nobody works, and only the nodes that are kept for jobs to come are there; it is paid whatever happens.
    `expected`: as `expectedUse` says. `maximum`: every offer at `maxNodes`, all month; the worst bill.
    """

    MINIMUM = "minimum"
    EXPECTED = "expected"
    MAXIMUM = "maximum"


@dataclass(frozen=True, kw_only=True)
class Dollars:
    """What something costs at the three sizes, US dollars a month of 730 hours, in whole cents."""

    minimum: Decimal = NOTHING
    expected: Decimal = NOTHING
    maximum: Decimal = NOTHING

    def at(self, size: Size) -> Decimal:
        """Return the dollars a month at one size."""
        return {Size.MINIMUM: self.minimum, Size.EXPECTED: self.expected, Size.MAXIMUM: self.maximum}[size]

    def per_hour(self, size: Size) -> Decimal:
        """Return the dollars of a mean hour, to four places: the month's by 730.

        Shown hours need not add up to the last place; months do.
        """
        return (self.at(size) / HOURS_PER_MONTH).quantize(TEN_THOUSANDTH)

    def __add__(self, other: "Dollars") -> "Dollars":
        """Return the sum, size by size."""
        return Dollars(
            minimum=self.minimum + other.minimum,
            expected=self.expected + other.expected,
            maximum=self.maximum + other.maximum,
        )

    def __sub__(self, other: "Dollars") -> "Dollars":
        """Return the difference, size by size."""
        return Dollars(
            minimum=self.minimum - other.minimum,
            expected=self.expected - other.expected,
            maximum=self.maximum - other.maximum,
        )


ZERO = Dollars()


def total(amounts: Iterable[Dollars]) -> Dollars:
    """Return the sum of all amounts."""
    return sum(amounts, ZERO)


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What the dollars are paid for.

    Attributes:
        gpu: node price less `host`.
        host: what vCPUs and memory of the same size cost without a GPU.
        disk: boot disks of running nodes.
        control_plane: the clusters' fee; only in totals and in the row that nobody alone pays for.
        unused_commitments: what is paid in advance and not used; as `control_plane`.
        prometheus_disk: that of the stacks' own Prometheus, as far as its price is known; as `control_plane`.
        derived: which of them a derived figure is in; two are equal whose dollars are.
    """

    gpu: Dollars = ZERO
    host: Dollars = ZERO
    disk: Dollars = ZERO
    control_plane: Dollars = ZERO
    unused_commitments: Dollars = ZERO
    prometheus_disk: Dollars = ZERO
    derived: Derived = field(default=NOT_DERIVED, compare=False)

    @property
    def total(self) -> Dollars:
        """Return the sum of the six."""
        of_nodes = (self.gpu, self.host, self.disk)
        return total((*of_nodes, self.control_plane, self.unused_commitments, self.prometheus_disk))

    def __add__(self, other: "Parts") -> "Parts":
        """Return the sum, part by part."""
        return Parts(
            gpu=self.gpu + other.gpu,
            host=self.host + other.host,
            disk=self.disk + other.disk,
            control_plane=self.control_plane + other.control_plane,
            unused_commitments=self.unused_commitments + other.unused_commitments,
            prometheus_disk=self.prometheus_disk + other.prometheus_disk,
            derived=self.derived | other.derived,
        )


class SavingsKind(StrEnum):
    """The steps from all on-demand, running always, down to what is expected; always in this order.

    `sharing`: several units on one GPU. `schedules`: only so many hours a week. `scale-to-zero`: only as many nodes as
    work needs. `spot` and `flex-start`: cheaper capacity, lost work not counted. `commitments`: what was bought in
    advance, as far as it is used. `interruptions`: work done twice, which costs. `warm-nodes`: kept for a job that may
    come, by a schedule or always, which costs. `unused-commitments`: paid for nothing.
    """

    SHARING = "sharing"
    SCHEDULES = "schedules"
    SCALE_TO_ZERO = "scale-to-zero"
    SPOT = "spot"
    FLEX_START = "flex-start"
    COMMITMENTS = "commitments"
    INTERRUPTIONS = "interruptions"
    WARM_NODES = "warm-nodes"
    UNUSED_COMMITMENTS = "unused-commitments"


@dataclass(frozen=True, kw_only=True)
class SavingsLine:
    """One step of the way down.

    Attributes:
        usd_per_month: the change; below 0 it saves, above 0 it costs.
        is_derived: a derived figure is in the change.
        is_left_derived: one is in what is left after it.
    """

    kind: SavingsKind
    usd_per_month: Decimal
    is_derived: bool
    is_left_derived: bool


@dataclass(frozen=True, kw_only=True)
class Savings:
    """From all on-demand, running always, a whole GPU for each unit, down to what is expected.

    Attributes:
        baseline: every pool at its maximum, all month, on-demand, with disks, control planes and
            Prometheus' disks; US dollars a month.
        lines: one for each `SavingsKind`, in its order, those of 0 too.
        is_baseline_derived: a derived figure is in the baseline.
        is_saved_derived: one is in what all steps save together.
    """

    baseline: Decimal
    lines: tuple[SavingsLine, ...]
    is_baseline_derived: bool
    is_saved_derived: bool

    @property
    def expected(self) -> Decimal:
        """Return where the steps lead: the expected dollars a month."""
        return self.baseline + sum((line.usd_per_month for line in self.lines), NOTHING)

    @property
    def saved(self) -> Decimal:
        """Return what all steps save together; below 0 the stack costs more than the baseline."""
        return self.baseline - self.expected

    @property
    def is_expected_derived(self) -> bool:
        """Return whether a derived figure is in where the steps lead."""
        return self.lines[-1].is_left_derived

    def of(self, kind: SavingsKind) -> Decimal:
        """Return the change that one step makes."""
        return sum((line.usd_per_month for line in self.lines if line.kind is kind), NOTHING)
