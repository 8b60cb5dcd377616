"""What an offer costs: one dated, sourced row per provider, region, machine and capacity type."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.config import CapacityType
from mizan.errors import PlatformError

PRICE_FILE = "mizan/prices/prices.csv"


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


@cache
def prices() -> MappingProxyType[tuple[str, str, CapacityType], Price]:
    """Return every shipped price by (region, machine, capacity type)."""
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


def price_of(region: str, machine: str, capacity_type: CapacityType) -> Price:
    """Return the price of one node.

    Raises:
        PlatformError: no row is shipped. A missing price is never taken as zero.
    """
    found = prices().get((region, machine, capacity_type))
    if found is None:
        known = sorted({r for r, m, c in prices() if (m, c) == (machine, capacity_type)})
        raise PlatformError(
            f"price of {machine} ({capacity_type}) in {region}",
            "no row",
            needs="one price row per offer",
            because="a missing price would read as free",
            fix=f"Add the row to {PRICE_FILE}, or use a region that has one: {', '.join(known) or 'none yet'}",
        )
    return found
