"""What a GB costs that goes from one region to another; what no row names is unknown, never free.

Google lists areas: pairs within one area have one price. GB is what the list counts: Google's is a GiB, of what is
read from a bucket. AWS lists pairs of regions, and its page shows no prices to a program: those between five regions
are from a copy that others made in 2023, and are told as old.
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.prices.model import PRICE_MAX_AGE_DAYS, Basis

EGRESS_FILE = "mizan/prices/egress.csv"

# The area of Google's list by the beginning of a region's name, the longest first. northamerica-south1 in Mexico is
# left out: the list does not say whether it is Northern or Latin America.
# Source: https://cloud.google.com/storage/pricing, read 2026-11-23.
GOOGLE_AREAS = (
    ("northamerica-northeast", "Northern America"),
    ("asia-southeast2", "Indonesia"),
    ("southamerica-", "Latin America"),
    ("australia-", "Oceania"),
    ("africa-", "Africa"),
    ("europe-", "Europe"),
    ("asia-", "Asia"),
    ("us-", "Northern America"),
    ("me-", "Middle East"),
)


@dataclass(frozen=True, kw_only=True)
class EgressPrice:
    """The list price of one way.

    Attributes:
        origin: a region of AWS, an area of Google.
        destination: in the same words.
        as_of: the day on which the list was copied.
    """

    provider: str
    origin: str
    destination: str
    usd_per_gb: Decimal
    as_of: date
    basis: Basis
    source: str

    def is_stale(self, today: date) -> bool:
        """Return whether it is more than 90 days old."""
        return (today - self.as_of).days > PRICE_MAX_AGE_DAYS


def egress_price(provider: str, origin: str, destination: str) -> EgressPrice | None:
    """Return what a GB costs from one region to another one of the same cloud; None where no list says it."""
    return egress_prices().get((provider, _listed_as(provider, origin), _listed_as(provider, destination)))


def _listed_as(provider: str, region: str) -> str | None:
    """Return what a region is called in its cloud's list."""
    if provider == "aws":
        return region
    return next((area for start, area in GOOGLE_AREAS if region.startswith(start)), None)


@cache
def egress_prices() -> MappingProxyType[tuple[str, str | None, str | None], EgressPrice]:
    """Return the shipped prices by provider, origin and destination."""
    with files("mizan.prices").joinpath("egress.csv").open(encoding="utf-8") as text:
        rows = [
            EgressPrice(
                provider=row["provider"],
                origin=row["from"],
                destination=row["to"],
                usd_per_gb=Decimal(row["usd_per_gb"]),
                as_of=date.fromisoformat(row["as_of"]),
                basis=Basis(row["basis"]),
                source=row["source"],
            )
            for row in csv.DictReader(text)
        ]
    return MappingProxyType({(row.provider, row.origin, row.destination): row for row in rows})
