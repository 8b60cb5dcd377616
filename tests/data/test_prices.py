"""What the shipped prices must keep, whoever edits the CSV files."""

import csv
import re
from collections import Counter
from datetime import date
from decimal import Decimal
from importlib.resources import files
from itertools import pairwise
from statistics import median

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import Basis, shipped
from mizan.prices.check import Severity, check
from mizan.prices.files import SHIPPED
from mizan.prices.layout import csv_text
from mizan.prices.listing import saving
from tests.bench.prices import LIMIT_SECONDS, loading_seconds
from tests.builders import TODAY

# The day the data was carried over; no price can be from a later one.
CARRIED_OVER = TODAY
OLDEST = date(2025, 6, 28)


def text_of(file):
    return files("mizan.prices").joinpath(file).read_text(encoding="utf-8")


def rows() -> list[dict[str, str]]:
    return [row for file in SHIPPED for row in csv.DictReader(text_of(file).splitlines())]


def name(row: dict[str, str]) -> str:
    return f"{row['zone'] or row['region']}-{row['machine']}-{row['capacity_type']}"


def test_a_machine_has_one_price_by_region_zone_and_capacity_type():
    # The book keys by these; a second row would silently lose.
    counts = Counter((row["region"], row["zone"], row["machine"], row["capacity_type"]) for row in rows())
    assert [key for key, count in counts.items() if count > 1] == []
    assert len(shipped().rows) == len(rows()) == 466


@pytest.mark.parametrize("row", rows(), ids=name)
def test_a_row_is_a_positive_dated_sourced_price_of_a_known_machine(row):
    price = Decimal(row["usd_per_hour"])
    assert price.is_finite()
    assert Decimal("0.05") < price < 500
    assert row["currency"] == "USD"
    assert row["capacity_type"] in {"spot", "on_demand", "flex_start"}
    assert row["provider"] == machines()[row["machine"]].provider
    assert OLDEST <= date.fromisoformat(row["as_of"]) <= CARRIED_OVER
    assert row["basis"] in {"listed", "derived"}
    assert row["source"].strip()


def test_one_file_has_whole_regions_and_one_has_zones():
    regional, zonal = ([row["zone"] for row in csv.DictReader(text_of(file).splitlines())] for file in SHIPPED)
    assert set(regional) == {""}
    assert all(re.fullmatch(r"(use1|usw2|euw1)-az\d", zone) for zone in zonal)
    assert {row.region for row in shipped() if row.zone} == {"us-east-1", "us-west-2", "eu-west-1"}


@pytest.mark.parametrize("file", SHIPPED)
def test_a_file_is_sorted_and_as_this_package_would_write_it(file):
    own = [row for row in shipped() if row.file == f"mizan/prices/{file}"]
    assert csv_text(own) == text_of(file)


def test_what_was_computed_says_derived():
    # On-demand read in one region and taken for another; spot from a saving, a median or a sum.
    computed = re.compile(r"DERIVED|taken equal|host row \+ GPU row|median of")
    for row in shipped():
        assert row.is_derived == bool(computed.search(row.source)), row


def test_a_derived_price_may_stand_beside_a_listed_one_of_another_day():
    on_demand = shipped().price("us-east-1", "g5.2xlarge", CapacityType.ON_DEMAND)
    spot = shipped().price("us-east-1", "g5.2xlarge", CapacityType.SPOT)
    assert (on_demand.basis, on_demand.as_of) == (Basis.LISTED, date(2026, 7, 20))
    assert (spot.basis, spot.as_of) == (Basis.DERIVED, date(2025, 6, 28))
    # 1.212 x (1 - 58 %) = 0.50904.
    assert (on_demand.usd_per_hour, spot.usd_per_hour) == (Decimal("1.212"), Decimal("0.509"))


def test_a_price_without_a_day_of_its_own_says_how_it_was_dated():
    undated = [row for row in shipped() if row.as_of == date(2026, 7, 1)]
    assert undated
    assert all(row.source.endswith("undated commit of 2026-07..08, dated its first day)") for row in undated)


def test_an_unknown_price_is_left_out():
    book = shipped()
    assert book.price("europe-west4", "a3-ultragpu-8g", CapacityType.ON_DEMAND) is None
    assert book.price("europe-west4", "a3-ultragpu-8g", CapacityType.SPOT).usd_per_hour == Decimal("49.86442")
    assert book.price("us-west-2", "p5e.48xlarge", CapacityType.ON_DEMAND) is None
    assert book.price("us-central1", "a2-highgpu-4g", CapacityType.FLEX_START) is None


def test_no_flex_start_is_shipped_as_no_list_of_it_could_be_read():
    assert [row for row in shipped() if row.capacity_type is CapacityType.FLEX_START] == []


def test_spot_of_a_region_is_cheaper_than_on_demand_wherever_both_are_known():
    compared = [
        (row, saving(row, shipped())) for row in shipped() if row.capacity_type is CapacityType.SPOT and not row.zone
    ]
    assert [row for row, share in compared if share is not None and share <= 0] == []
    assert [f"{row.region} {row.machine}" for row, share in compared if share is None] == [
        "us-west-2 p5e.48xlarge",
        "europe-west4 a3-ultragpu-8g",
    ]


def test_three_zones_sell_spot_at_the_on_demand_price():
    assert [(row.zone, row.machine) for row in shipped() if row.zone and saving(row, shipped()) == 0] == [
        ("use1-az1", "p5.48xlarge"),
        ("use1-az4", "p5.48xlarge"),
        ("use1-az3", "p5.4xlarge"),
    ]


def test_spot_of_an_aws_region_is_the_median_of_its_zones():
    compared = 0
    for row in shipped():
        zones = shipped().zones(row.region, row.machine, CapacityType.SPOT)
        if row.provider == "aws" and row.capacity_type is CapacityType.SPOT and not row.zone and zones:
            # Read with four decimals.
            assert abs(row.usd_per_hour - median(zone.usd_per_hour for zone in zones)) <= Decimal("0.0001"), row
            compared += 1
    assert compared == 48


def test_google_s_spot_saves_47_5_percent_in_the_median_over_its_offers():
    offers = [row for row in shipped() if row.provider == "gcp" and row.capacity_type is CapacityType.SPOT]
    shares = [saving(row, shipped()) for row in offers]
    known = [share for share in shares if share is not None]
    assert len(known) == 53
    assert round(median(known) * 100, 1) == Decimal("47.5")


def test_aws_s_spot_saves_63_percent_in_the_median_over_its_zones():
    shares = [saving(row, shipped()) for row in shipped() if row.provider == "aws" and row.zone]
    known = [share for share in shares if share is not None]
    assert len(known) == 153
    assert round(median(known) * 100) == 63


def test_more_gpus_of_a_family_never_cost_less():
    families = {
        "a2-highgpu-{}g": (1, 2, 4, 8),
        "a2-ultragpu-{}g": (1, 2, 4, 8),
        "a3-highgpu-{}g": (1, 2, 4, 8),
        "p3.{}xlarge": (2, 8, 16),
    }
    compared = 0
    for region in shipped().regions:
        for family, sizes in families.items():
            for kind in CapacityType:
                found = (shipped().price(region, family.format(size), kind) for size in sizes)
                for less, more in pairwise(price.usd_per_hour for price in found if price):
                    assert less <= more, (region, family, kind)
                    compared += 1
    assert compared == 2 * 2 * (3 + 3 + 3) + 3 * 2 * 2


def test_a_check_of_the_shipped_prices_finds_no_error():
    findings = check(shipped(), machines(), TODAY)
    assert [str(finding) for finding in findings if finding.severity is Severity.ERROR] == []
    told = " ".join(finding.observed for finding in findings)
    assert "p5.48xlarge spot in use1-az1 costs 55.04 USD per hour, p5.48xlarge on-demand in us-east-1 55.04" in told
    assert "europe-west4 has no on-demand price of a3-ultragpu-8g" in told


def test_all_prices_load_within_a_tenth_of_a_second():
    assert loading_seconds() < LIMIT_SECONDS == 0.1
