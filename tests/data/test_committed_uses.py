"""What the shipped prices of Google's committed uses must keep, whoever edits the CSV file."""

import csv
from datetime import date
from importlib.resources import files

import pytest

from mizan.capacity import CapacityType
from mizan.prices import HOURS_PER_MONTH, Basis, committed_uses, shipped
from tests.builders import TODAY


def rows() -> list[dict[str, str]]:
    with files("mizan.prices").joinpath("gcp_commitments.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_each_machine_has_one_price_for_each_term():
    assert len(committed_uses()) == len(rows()) > 90
    assert {term for _, _, term in committed_uses()} == {"1y", "3y"}


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['region']}-{row['machine']}-{row['term']}")
def test_a_row_is_dated_sourced_and_read_from_a_list(row):
    price = committed_uses()[row["region"], row["machine"], row["term"]]
    assert (row["currency"], price.basis) == ("USD", Basis.LISTED)
    assert date(2026, 1, 1) <= price.as_of <= TODAY
    assert price.source == "Cyclenerd/google-cloud-pricing-cost-calculator:pricing.yml@fd66b26f"
    on_demand = shipped().price(price.region, price.machine, CapacityType.ON_DEMAND)
    if on_demand is not None:
        assert price.usd_per_month < on_demand.usd_per_hour * HOURS_PER_MONTH
