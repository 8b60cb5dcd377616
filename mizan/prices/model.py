"""What an offer costs: one dated, sourced row per provider, region, zone, machine and capacity type."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from mizan.capacity import CapacityType

# Google may change a spot price every 30 days; after three such changes a row is a memory.
# Source: https://cloud.google.com/skus, read 2026-11-22.
PRICE_MAX_AGE_DAYS = 90

# What clouds, and with them every estimate here, count as a month: 365 x 24 / 12.
# Source: https://cloud.google.com/compute/all-pricing, read 2026-11-22.
HOURS_PER_MONTH = 730

# What a node hour can cost. Below and above stand slips: another unit, a point in the wrong place, a month's price.
# Source: mizan's own choice; the shipped rows lie between 0.21 and 118.24.
LEAST_USD_PER_HOUR = Decimal("0.0001")
MOST_USD_PER_HOUR = Decimal(10_000)
# Programs write up to 20 places of a binary number, such as 22.009999999999998; with the five before the point a price
# stays within the 28 digits in which sums are kept.
# Source: https://docs.python.org/3/library/decimal.html, read 2026-11-22.
MOST_PRICE_PLACES = 20


class Basis(StrEnum):
    """Where a price is from: `listed` was read as it is, `derived` was computed and is marked everywhere."""

    LISTED = "listed"
    DERIVED = "derived"


def derived_mark(*, is_derived: bool) -> str:
    """Return what stands behind a figure in a sentence: ` (derived)` where it was computed, else nothing."""
    return " (derived)" if is_derived else ""


@dataclass(frozen=True, kw_only=True)
class Price:
    """One price row, US dollars per node and hour.

    Attributes:
        zone: empty for a price of the whole region.
        file: where the row stands, as a message names it.
        line: of that file, counted from 1.
    """

    provider: str
    region: str
    zone: str
    machine: str
    capacity_type: CapacityType
    usd_per_hour: Decimal
    as_of: date
    basis: Basis
    source: str
    file: str
    line: int

    @property
    def is_derived(self) -> bool:
        """Return whether the price was computed, not read."""
        return self.basis is Basis.DERIVED

    def saving(self, on_demand: "Price") -> Decimal:
        """Return the share of an on-demand price that this one saves; below 0 it costs more."""
        return 1 - self.usd_per_hour / on_demand.usd_per_hour

    def age_days(self, today: date) -> int:
        """Return the days since the price was read."""
        return (today - self.as_of).days

    def is_stale(self, today: date) -> bool:
        """Return whether the row is more than 90 days old."""
        return self.age_days(today) > PRICE_MAX_AGE_DAYS
