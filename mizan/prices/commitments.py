"""What Google's committed uses cost; what a reservation costs is its machine's on-demand price."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.prices.model import HOURS_PER_MONTH, Basis

COMMITMENT_FILE = "mizan/prices/gcp_commitments.csv"


@dataclass(frozen=True, kw_only=True)
class CommittedUse:
    """The price of one machine that is paid for one or three years.

    Attributes:
        term: `1y` or `3y`.
        usd_per_month: for 730 hours, used or not.
    """

    region: str
    machine: str
    term: str
    usd_per_month: Decimal
    as_of: date
    basis: Basis
    source: str

    @property
    def usd_per_hour(self) -> Decimal:
        """Return the price of an hour."""
        return self.usd_per_month / HOURS_PER_MONTH


@cache
def committed_uses() -> MappingProxyType[tuple[str, str, str], CommittedUse]:
    """Return the shipped prices by region, machine and term."""
    with files("mizan.prices").joinpath("gcp_commitments.csv").open(encoding="utf-8") as text:
        rows = [
            CommittedUse(
                region=row["region"],
                machine=row["machine"],
                term=row["term"],
                usd_per_month=Decimal(row["usd_per_month"]),
                as_of=date.fromisoformat(row["as_of"]),
                basis=Basis(row["basis"]),
                source=row["source"],
            )
            for row in csv.DictReader(text)
        ]
    return MappingProxyType({(row.region, row.machine, row.term): row for row in rows})
