"""What the shipped prices between regions must keep, whoever edits the CSV file."""

import csv
from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import permutations

import pytest

from mizan.prices import Basis, egress_price
from mizan.prices.egress import GOOGLE_AREAS
from tests.builders import TODAY

AREAS = {area for _, area in GOOGLE_AREAS}


def rows() -> list[dict[str, str]]:
    with files("mizan.prices").joinpath("egress.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_each_way_has_one_row_and_a_price_of_its_own_that_is_not_nothing():
    ways = [(row["provider"], row["from"], row["to"]) for row in rows()]
    assert len(ways) == len(set(ways)) == 62 + 20
    for row in rows():
        assert Decimal("0.01") <= Decimal(row["usd_per_gb"]) <= Decimal("0.2"), row
        assert date(2023, 1, 1) <= date.fromisoformat(row["as_of"]) <= TODAY
        assert Basis(row["basis"]) is Basis.LISTED
        assert row["source"]


def test_google_s_list_is_whole_but_for_areas_of_one_region():
    ways = {(row["from"], row["to"]) for row in rows() if row["provider"] == "gcp"}
    every = {(origin, destination) for origin in AREAS for destination in AREAS}
    assert every - ways == {("Indonesia", "Indonesia"), ("Africa", "Africa")}
    assert ways <= every


def test_of_aws_each_way_between_five_regions_is_known_and_says_that_it_is_a_copy():
    of_aws = [row for row in rows() if row["provider"] == "aws"]
    regions = {"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1"}
    assert {(row["from"], row["to"]) for row in of_aws} == {*permutations(regions, 2)}
    assert all("as copied in skyplane-project/skyplane@0513671c" in row["source"] for row in of_aws)
    assert egress_price("aws", "us-east-1", "us-west-2").is_stale(TODAY)


@pytest.mark.parametrize(
    ("provider", "origin", "destination", "usd"),
    [
        ("gcp", "us-east1", "us-central1", "0.02"),
        ("gcp", "northamerica-northeast1", "us-central1", "0.02"),
        ("gcp", "europe-west4", "us-central1", "0.05"),
        ("gcp", "asia-southeast2", "asia-southeast1", "0.1"),
        ("gcp", "asia-southeast1", "europe-west4", "0.08"),
        ("gcp", "southamerica-east1", "us-central1", "0.14"),
        ("aws", "us-east-1", "us-east-2", "0.01"),
        ("aws", "us-east-1", "us-west-2", "0.02"),
        ("aws", "eu-central-1", "us-east-1", "0.02"),
    ],
)
def test_a_gb_costs_what_the_list_says(provider, origin, destination, usd):
    price = egress_price(provider, origin, destination)
    assert price is not None
    assert price.usd_per_gb == Decimal(usd)


@pytest.mark.parametrize(
    ("provider", "origin", "destination"),
    [
        ("gcp", "northamerica-south1", "us-central1"),
        ("aws", "us-east-1", "ap-northeast-1"),
        ("aws", "us-east-1", "us-east-1"),
        ("azure", "us-east1", "us-central1"),
    ],
)
def test_what_no_list_names_is_unknown(provider, origin, destination):
    assert egress_price(provider, origin, destination) is None
