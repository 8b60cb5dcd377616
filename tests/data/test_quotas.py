"""What the table of cloud quotas must keep, whoever edits the CSV file."""

import csv
import re
from datetime import date
from importlib.resources import files

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.quotas import Purchase, quota_rows, rows_for
from tests.builders import TODAY
from tests.sources import FILE, SECOND_HAND, is_the_maker_s

# AWS's own list names no quota for these; what others write of it contradicts each other.
NAMED_NOWHERE = {("p6-b200.48xlarge", Purchase.SPOT)}


def rows() -> list[dict[str, str]]:
    with files("mizan.quotas").joinpath("quotas.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_rows_are_sorted_complete_and_differ():
    content = [tuple(row.values()) for row in rows()]
    assert content == sorted(set(content))
    assert all(value == value.strip() != "" for row in content for value in row)


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['machines']}-{row['purchase']}-{row['quota']}")
def test_a_row_says_which_cloud_where_from_and_from_which_day(row):
    assert row["provider"] in {"aws", "gcp"}
    assert row["scope"] in {"region", "global"}
    assert row["new_account"] in {"0", "varies"}
    assert date.fromisoformat(row["as_of"]) <= TODAY
    assert re.match(rf"({SECOND_HAND})?(https://|{FILE})", row["source"])
    assert row["source"].startswith(SECOND_HAND) != is_the_maker_s(row["source"])


def test_names_of_google_s_interface_are_those_of_the_models_that_it_lists():
    listed = {row.quota for row in quota_rows() if row.source.startswith("googleapis/")}
    assert len(listed) == 11
    assert all(re.fullmatch(r"(PREEMPTIBLE_)?NVIDIA_(A100|A100_80GB|H100|L4|T4|V100)_GPUS", name) for name in listed)


@pytest.mark.parametrize("row", quota_rows(), ids=lambda row: f"{row.machines}-{row.purchase}-{row.quota}")
def test_a_quota_s_code_is_one_that_its_cloud_takes(row):
    if row.provider == "aws":
        assert re.fullmatch(r"L-[0-9A-F]{8}", row.code)
    else:
        name, _, family = row.quota.partition(":")
        where = "" if row.is_global else "-region"
        assert row.code == f"{name.replace('_', '-')}-per-project{where}"
        assert bool(family) == (name == "GPUS_PER_GPU_FAMILY")


def test_a_code_of_aws_stands_for_one_name():
    found = {(row.code, row.quota) for row in quota_rows() if row.provider == "aws"}
    assert len({code for code, _ in found}) == len({quota for _, quota in found}) == len(found)


@pytest.mark.parametrize("machine", machines().values(), ids=lambda machine: machine.name)
@pytest.mark.parametrize("purchase", [Purchase.ON_DEMAND, Purchase.SPOT])
def test_every_machine_of_the_catalogue_has_one_regional_quota_for_each_way_to_buy_it(machine, purchase):
    regional = [row for row in rows_for(machine, purchase) if not row.is_global]
    assert len(regional) == ((machine.name, purchase) not in NAMED_NOWHERE)


def test_spot_and_on_demand_of_one_gpu_are_counted_apart():
    for machine in machines().values():
        on_demand, spot = (
            {row.quota for row in rows_for(machine, purchase) if not row.is_global}
            for purchase in (Purchase.ON_DEMAND, Purchase.SPOT)
        )
        assert not on_demand & spot, machine.name


def test_every_way_to_buy_is_one_that_quotas_know():
    assert {kind.value for kind in CapacityType} - {"flex-start"} <= set(Purchase)
