"""How long a spot node stays, and what that rests on."""

from decimal import Decimal

import pytest

from mizan.prices import UptimeKind, mean_uptime
from mizan.prices.uptime import uptime_of_rate


def uptime(region="us-central1", machine="a2-highgpu-4g", stated_hours=None, open_band_percent=None):
    return mean_uptime(region, machine, stated_hours=stated_hours, open_band_percent=open_band_percent)


@pytest.mark.parametrize(
    # -730 / ln(1 - r), with ln(0.8) = -0.22314355 and ln(0.95) = -0.05129329
    ("rate", "hours"),
    [("0.2", "3271.44"), ("0.05", "14231.88")],
)
def test_a_monthly_rate_is_an_exponential_s(rate, hours):
    assert round(uptime_of_rate(Decimal(rate)), 2) == Decimal(hours)


def test_the_stack_s_own_figure_wins():
    found = uptime("us-east-1", "p4d.24xlarge", stated_hours=Decimal(36))
    assert (found.hours, found.kind, found.words) == (36, UptimeKind.STATED, "the stack's own figure")


def test_a_band_counts_with_its_upper_end_and_says_so():
    found = uptime("eu-west-1", "g4dn.12xlarge")
    assert found.kind is UptimeKind.ADVISOR
    assert found.words == "AWS Spot Advisor of 2025-06-28: 10-15% interrupted a month, counted as 15 %"
    # -730 / ln(0.85) = 730 / 0.1625189
    assert round(found.hours, 1) == Decimal("4491.8")


def test_the_open_band_needs_a_figure():
    without = uptime("us-east-1", "p3.2xlarge")
    assert without.kind is UptimeKind.TRACES
    assert without.words.endswith("; AWS's open band >20% needs `openBandPercent`")
    # -730 / ln(0.7) = 730 / 0.3566749
    stated = uptime("us-east-1", "p3.2xlarge", open_band_percent=30)
    assert (stated.kind, round(stated.hours, 1)) == (UptimeKind.ADVISOR, Decimal("2046.7"))
    assert stated.words.endswith(">20% interrupted a month, counted as 30 %")


def test_without_a_band_the_public_traces_stand_in_and_are_called_what_they_are():
    found = uptime()
    assert found.kind is UptimeKind.TRACES
    # The sum of runs x mean over the 21 traces of single nodes is 9,485.3 h in 3,628 runs.
    assert round(found.hours, 2) == Decimal("2.61")
    assert found.words == (
        "3628 up-times in public spot traces of AWS zones, 2022 to 2023: availability of a zone, not of this machine"
    )
