"""What an offer costs: one dated, sourced row per provider, region, machine and capacity type."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.capacity import CapacityType

PRICE_FILE = "mizan/prices/prices.csv"

# Google may change a spot price every 30 days; after three such changes a row is a memory.
# Source: https://cloud.google.com/skus, read 2026-11-22.
PRICE_MAX_AGE_DAYS = 90


@dataclass(frozen=True, kw_only=True)
class Price:
    """One price row, US dollars per node and hour."""

    provider: str
    region: str
    machine: str
    capacity_type: CapacityType
    usd_per_hour: Decimal
    as_of: date
    basis: str
    source: str

    def is_stale(self, today: date) -> bool:
        """Return whether the row is more than 90 days old."""
        return (today - self.as_of).days > PRICE_MAX_AGE_DAYS


@cache
def prices() -> MappingProxyType[tuple[str, str, CapacityType], Price]:
    """Return every shipped price by (region, machine, capacity type); what is missing is unknown, never free."""
    with files(__name__).joinpath("prices.csv").open(encoding="utf-8") as text:
        rows = [
            Price(
                provider=row["provider"],
                region=row["region"],
                machine=row["machine"],
                capacity_type=CapacityType(row["capacity_type"].replace("_", "-")),
                usd_per_hour=Decimal(row["usd_per_hour"]),
                as_of=date.fromisoformat(row["as_of"]),
                basis=row["basis"],
                source=row["source"],
            )
            for row in csv.DictReader(text)
        ]
    return MappingProxyType({(row.region, row.machine, row.capacity_type): row for row in rows})


@cache
def regions() -> frozenset[str]:
    """Return every region that has a price."""
    return frozenset(region for region, _, _ in prices())
