"""What the shipped rates of hosts, disks and control planes must keep, whoever edits the CSV file."""

import csv
import re
from datetime import date
from decimal import Decimal
from importlib.resources import files

import pytest

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import Basis, host_rate, shipped
from tests.builders import TODAY

# (vCPUs, GiB, US dollars an hour) of two machines without GPU in each region, as their list has them; N1 and M5 first.
# Source: Cyclenerd/google-cloud-pricing-cost-calculator:pricing.yml@fd66b26f of 2026-07-30;
# aws/karpenter-provider-aws@1d92708:pkg/providers/pricing/zz_generated.pricing_aws.go of 2026-07-20;
# skypilot-org/skypilot-catalog:catalogs/v9/aws/vms.csv@2c3d7ea7.
LISTED = {
    ("gcp", "us-central1"): [(1, "3.75", "0.04749975"), (2, "13", "0.118303")],
    ("gcp", "europe-west4"): [(1, "3.75", "0.052292"), (2, "13", "0.130236")],
    ("aws", "us-east-1"): [(2, "8", "0.096"), (2, "16", "0.126")],
    ("aws", "us-west-2"): [(4, "16", "0.192"), (8, "64", "0.504")],
    ("aws", "eu-west-1"): [(4, "16", "0.214"), (8, "64", "0.564")],
}


def rows() -> list[dict[str, str]]:
    with files("mizan.prices").joinpath("hosts.csv").open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def test_each_region_has_one_row_and_each_provider_begins_with_its_main_one():
    regions = [(row["provider"], row["region"]) for row in rows()]
    assert sorted(regions) == sorted(LISTED)
    first = dict(reversed(regions))
    assert first == {"gcp": "us-central1", "aws": "us-east-1"}


def test_every_region_with_a_shipped_price_has_a_row():
    assert {(price.provider, price.region) for price in shipped()} == set(LISTED)


@pytest.mark.parametrize(("provider", "region"), LISTED)
def test_the_rates_give_the_listed_machines_back(provider, region):
    rate = host_rate(provider, region)
    for vcpus, gib, usd_per_hour in LISTED[provider, region]:
        assert vcpus * rate.usd_per_vcpu_hour + Decimal(gib) * rate.usd_per_gib_hour == Decimal(usd_per_hour)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["region"])
def test_a_row_is_dated_sourced_and_of_its_kind(row):
    rate = host_rate(row["provider"], row["region"])
    assert Decimal("0.02") < rate.usd_per_vcpu_hour < Decimal("0.06")
    assert Decimal("0.003") < rate.usd_per_gib_hour < Decimal("0.008")
    assert Decimal("0.05") < rate.disk_usd_per_gib_month < Decimal("0.2")
    assert rate.control_plane_usd_per_hour == Decimal("0.1")
    assert date(2026, 1, 1) <= rate.as_of <= TODAY
    assert (rate.basis is Basis.DERIVED) == ("SOLVED" in rate.source)


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["region"])
def test_a_row_says_where_each_part_is_from(row):
    parts = {"gcp": ("N1", "pd-balanced", "GKE"), "aws": ("m5", "gp3", "EKS")}[row["provider"]]
    assert [part for part in parts if not re.search(rf"\b{re.escape(part)}\b", row["source"])] == []


@pytest.mark.parametrize("row", rows(), ids=lambda row: row["region"])
def test_a_row_is_as_old_as_the_oldest_figure_in_it(row):
    days = re.findall(r"of (20\d\d-\d\d-\d\d)", row["source"])
    assert row["as_of"] == min(days)


def test_a_node_costs_more_than_its_host_without_gpus():
    compared = 0
    for price in shipped():
        if price.capacity_type is CapacityType.ON_DEMAND and not price.zone:
            machine, rate = machines()[price.machine], host_rate(price.provider, price.region)
            host = machine.vcpus * rate.usd_per_vcpu_hour + machine.memory_gib * rate.usd_per_gib_hour
            assert host < price.usd_per_hour, price
            compared += 1
    assert compared > 50
