"""Which quota of which cloud counts which machine; the data is quotas.csv beside this file, with sources."""

import csv
from datetime import date
from functools import cache
from importlib.resources import files

from mizan.catalogue import Machine
from mizan.quotas.model import Purchase, QuotaRow, Unit


@cache
def quota_rows() -> tuple[QuotaRow, ...]:
    """Return every quota that is known, in the order of the file."""
    with files("mizan.quotas").joinpath("quotas.csv").open(encoding="utf-8") as text:
        return tuple(
            QuotaRow(
                provider=row["provider"],  # type: ignore[arg-type]  # the data tests hold it to the two providers
                machines=row["machines"],
                gpu=row["gpu"],
                purchase=Purchase(row["purchase"]),
                is_global=row["scope"] == "global",
                quota=row["quota"],
                code=row["code"],
                unit=Unit(row["unit"]),
                starts_at_zero=row["new_account"] == "0",
                as_of=date.fromisoformat(row["as_of"]),
                source=row["source"],
            )
            for row in csv.DictReader(text)
        )


def rows_for(machine: Machine, purchase: Purchase) -> tuple[QuotaRow, ...]:
    """Return the quotas that nodes of a machine count against when they are bought in one way."""
    return tuple(row for row in quota_rows() if row.purchase is purchase and row.counts(machine))
