"""What the shipped prices must keep, whoever edits the CSV file."""

import csv
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import prices
from tests.builders import TODAY

# The day the data was carried over; no price can be from a later one.
CARRIED_OVER = TODAY


def rows() -> list[dict[str, str]]:
    with files("mizan.prices").joinpath("prices.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def name(row: dict[str, str]) -> str:
    return f"{row['region']}-{row['machine']}-{row['capacity_type']}"


def test_a_machine_has_one_price_by_region_and_capacity_type():
    # The loader keys by these three; a second row would silently win.
    counts = Counter((row["region"], row["machine"], row["capacity_type"]) for row in rows())
    assert [key for key, count in counts.items() if count > 1] == []
    assert len(prices()) == len(rows())


@pytest.mark.parametrize("row", rows(), ids=name)
def test_a_row_is_a_positive_dated_sourced_price_of_a_known_machine(row):
    price = Decimal(row["usd_per_hour"])
    assert price.is_finite()
    assert Decimal("0.05") < price < 500
    assert row["currency"] == "USD"
    assert row["capacity_type"] in {"spot", "on_demand"}
    assert row["provider"] == machines()[row["machine"]].provider
    assert date(2026, 1, 1) <= date.fromisoformat(row["as_of"]) <= CARRIED_OVER
    assert row["basis"] in {"listed", "derived"}
    assert row["source"].strip()
    assert row["zone"] == ""


def test_spot_is_cheaper_than_on_demand():
    for (region, machine, kind), price in prices().items():
        on_demand = prices().get((region, machine, CapacityType.ON_DEMAND))
        assert kind is CapacityType.ON_DEMAND or (on_demand and price.usd_per_hour < on_demand.usd_per_hour), price


def test_more_gpus_of_a_model_never_cost_less():
    families = [("a2-highgpu", (1, 2, 4, 8)), ("a2-ultragpu", (1, 2, 4, 8)), ("a3-highgpu", (1, 2, 4, 8))]
    for region in {region for region, _, _ in prices()}:
        for family, sizes in families:
            for kind in CapacityType:
                costs = [prices()[region, f"{family}-{size}g", kind].usd_per_hour for size in sizes]
                assert costs == sorted(costs), (region, family, kind)


def test_rows_are_sorted():
    content = rows()
    keys = [(row["provider"], row["region"], row["machine"], row["capacity_type"]) for row in content]
    assert keys == sorted(keys)
