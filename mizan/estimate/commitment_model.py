"""What a commitment costs and how far it is used."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mizan.config import CommitmentKind
from mizan.estimate.amounts import Dollars
from mizan.prices import HOURS_PER_MONTH, Basis


@dataclass(frozen=True, kw_only=True)
class CommitmentUse:
    """How far a commitment is used at one size.

    Attributes:
        nodes: that it covers on average over all hours of a month; times 730 they are node hours.
        used: of what is paid, US dollars a month.
        unused: the rest.
        on_demand: what the covered hours would cost without it.
        coverage: share of the on-demand usage it could cover (by on-demand dollars) that it does cover, 0 to 1; None
            where there is no such usage.
        utilisation: share of what is paid that is used, 0 to 1.
        is_used_derived: a derived price is in what is used.
        is_unused_derived: one is in the rest.
        is_on_demand_derived: one is in the on-demand dollars that it covers or could cover.
    """

    nodes: Decimal
    used: Decimal
    unused: Decimal
    on_demand: Decimal
    coverage: Decimal | None
    utilisation: Decimal
    is_used_derived: bool
    is_unused_derived: bool
    is_on_demand_derived: bool

    @property
    def is_derived(self) -> bool:
        """Return whether a derived price is in any of it."""
        return self.is_used_derived or self.is_unused_derived or self.is_on_demand_derived

    @property
    def node_hours(self) -> Decimal:
        """Return the covered node hours of a month."""
        return self.nodes * HOURS_PER_MONTH


@dataclass(frozen=True, kw_only=True)
class CommitmentCost:
    """What one commitment costs and brings.

    Attributes:
        machine: that it covers; None covers every machine of its provider.
        nodes: that it covers; None where it counts dollars.
        usd_per_hour: of all of it.
        discount: of a savings plan against on-demand, 0 to 1; None for all others.
        source: where its price is from.
        as_of: the day of that price; None where the stack states it.
        basis: of that price; None where the stack states it, which is neither listed nor derived.
        is_stale: that price is more than 90 days old.
        until: its last day; None where the stack names none.
        paid: US dollars a month, used or not.
    """

    stack: str
    name: str
    kind: CommitmentKind
    machine: str | None
    nodes: int | None
    usd_per_hour: Decimal
    discount: Decimal | None
    source: str
    as_of: date | None
    basis: Basis | None
    is_stale: bool
    until: date | None
    paid: Decimal
    expected: CommitmentUse
    maximum: CommitmentUse

    @property
    def is_derived(self) -> bool:
        """Return whether its price, and so what is paid, was computed."""
        return self.basis is Basis.DERIVED

    @property
    def unused(self) -> Dollars:
        """Return what is paid for nothing at each size; at the minimum all of it."""
        return Dollars(minimum=self.paid, expected=self.expected.unused, maximum=self.maximum.unused)

    @property
    def is_unused_derived(self) -> bool:
        """Return whether a derived price is in what is paid for nothing, at any size."""
        return self.is_derived or self.expected.is_unused_derived or self.maximum.is_unused_derived
