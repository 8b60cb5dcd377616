"""Rates of a region that has a row, of one that has none, and of a provider that nobody has heard of."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from mizan.errors import PlatformError
from mizan.prices import Basis, host_rate


def test_a_listed_region_has_its_own_rates():
    rate = host_rate("gcp", "us-central1")
    assert (rate.usd_per_vcpu_hour, rate.usd_per_gib_hour) == (Decimal("0.031611"), Decimal("0.004237"))
    assert (rate.disk_usd_per_gib_month, rate.control_plane_usd_per_hour) == (Decimal("0.1"), Decimal("0.1"))
    assert rate.basis is Basis.LISTED


@pytest.mark.parametrize(
    ("provider", "region", "first"), [("gcp", "us-east4", "us-central1"), ("aws", "ap-south-1", "us-east-1")]
)
def test_another_region_takes_those_of_the_provider_s_first_and_says_so(provider, region, first):
    rate, borrowed = host_rate(provider, region), host_rate(provider, first)
    assert rate.source == f"rates of {first}, as mizan/prices/hosts.csv has no row of {region}: {borrowed.source}"
    assert rate == replace(borrowed, region=region, basis=Basis.DERIVED, source=rate.source, borrowed_from=first)
    assert (rate.is_derived, rate.is_borrowed) == (True, True)


@pytest.mark.parametrize(("region", "is_derived"), [("us-central1", False), ("europe-west4", True)])
def test_rates_that_were_computed_are_the_region_s_own(region, is_derived):
    rate = host_rate("gcp", region)
    assert (rate.is_derived, rate.is_borrowed, rate.borrowed_from) == (is_derived, False, None)


@pytest.mark.parametrize(("days", "is_stale"), [(90, False), (91, True)])
def test_rates_grow_old_as_prices_do(days, is_stale):
    rate = host_rate("aws", "us-west-2")
    assert rate.is_stale(rate.as_of + timedelta(days=days)) is is_stale


def test_a_provider_without_any_row_is_told_with_what_to_add():
    with pytest.raises(PlatformError) as fault:
        host_rate("azure", "westeurope")
    assert str(fault.value) == (
        "mizan/prices/hosts.csv: no row of azure; needs a rate for its hosts because a node's price is split into GPUs "
        "and host by it. Add the row of a region, with its date and source."
    )
