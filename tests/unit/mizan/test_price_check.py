"""What `mizan prices check` finds: each rule with a good and a bad case, every finding with its line."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.prices import PriceBook
from mizan.prices.check import Severity, check, check_text
from tests.builders import TODAY
from tests.price_rows import a_book, a_file, a_line, a_price, a_spot_price

ONE_MACHINE = {"a2-highgpu-4g": machines()["a2-highgpu-4g"]}


def told(book, *, known=ONE_MACHINE, under=None, today=TODAY):
    return [f"{each.severity} {each}" for each in check(book, known, today, under=under)]


def a_zone(usd, zone, **changes):
    return a_spot_price(usd, **({"zone": zone} | changes))


def test_sound_prices_have_no_finding():
    assert told(a_book(a_price("14.69"), a_spot_price("7.71"), a_zone("7.5", "us-central1-a"))) == []


@pytest.mark.parametrize("spot", ["14.69", "20"])
def test_spot_at_or_above_on_demand_is_an_error_that_names_both_rows(spot):
    (only,) = told(a_book(a_price("14.69"), a_spot_price(spot)))
    assert only == (
        f"error own.csv:3: a2-highgpu-4g spot in us-central1 costs {spot} USD per hour, a2-highgpu-4g on-demand in "
        "us-central1 14.69 (own.csv:2); needs spot below on-demand because it may be taken away or makes one wait, and "
        "must save something for that. Correct the row that is wrong."
    )


def test_flex_start_at_on_demand_is_an_error_too():
    (only,) = told(a_book(a_price("9"), a_spot_price("3"), a_price("9", capacity_type=CapacityType.FLEX_START, line=4)))
    assert only.startswith("error own.csv:4: a2-highgpu-4g flex-start in us-central1 costs 9 USD per hour")


def test_a_zone_that_sells_spot_at_on_demand_is_advice_and_one_above_it_an_error():
    regional = [a_price("14.69"), a_spot_price("14")]
    (at,) = told(a_book(*regional, a_zone("14.69", "us-central1-a", line=4)))
    assert at.startswith("advice own.csv:4: a2-highgpu-4g spot in us-central1-a costs 14.69 USD per hour")
    assert at.endswith("Leave this zone out, or buy on-demand in it.")
    (above,) = told(a_book(*regional, a_zone("14.70", "us-central1-a", line=4)))
    assert above.startswith("error own.csv:4: ")


def test_an_own_on_demand_price_below_shipped_spot_is_told_at_the_own_row():
    shipped = a_book(a_price("14.69", file="prices.csv"), a_spot_price("7.71", file="prices.csv", line=9))
    (only,) = told(a_book(a_price("7")), under=shipped)
    assert only.startswith(
        "error own.csv:2: a2-highgpu-4g on-demand in us-central1 costs 7 USD per hour, a2-highgpu-4g spot in "
        "us-central1 7.71 (prices.csv:9); needs spot below on-demand"
    )


def test_what_is_wrong_between_shipped_rows_alone_is_not_told_of_an_own_file():
    shipped = a_book(a_price("5", region="europe-west4"), a_spot_price("6", region="europe-west4"))
    assert told(a_book(a_price(), a_spot_price()), under=shipped) == []


def test_a_shipped_price_that_an_own_one_hides_is_not_compared():
    shipped = a_book(a_price("5", file="prices.csv"), a_spot_price("4", file="prices.csv"))
    assert told(a_book(a_price("3"), a_spot_price("2")), under=shipped) == []


@pytest.mark.parametrize(("high", "count"), [("13.00", 0), ("13.01", 1)])
def test_zones_more_than_30_percent_apart_are_advice_at_the_dearest(high, count):
    # 13 / 10 - 1 = 0.30 exactly.
    zones = [a_zone("10", "us-central1-a", line=4), a_zone(high, "us-central1-b", line=5)]
    message = (
        "advice own.csv:5: a2-highgpu-4g spot costs 10 USD per hour in us-central1-a and 13.01 in us-central1-b, 30 % "
        "more; needs zones within 30 % of each other because the price of us-central1 then says little of the zone "
        "where a node lands. See `mizan prices show a2-highgpu-4g`, and choose zones by hand where it matters."
    )
    assert told(a_book(a_price(), a_spot_price(), *zones)) == [message] * count


def test_zones_of_two_regions_are_not_compared():
    rows = [
        row
        for region in ("us-central1", "europe-west4")
        for row in (a_price(region=region), a_spot_price(region=region))
    ]
    apart = [a_zone("1", "us-central1-a"), a_zone("9", "europe-west4-a", region="europe-west4")]
    assert told(a_book(*rows, *apart)) == []


@pytest.mark.parametrize(("days", "count"), [(90, 0), (91, 1)])
def test_a_price_older_than_90_days_is_advice(days, count):
    book = a_book(a_price(as_of=TODAY - timedelta(days=days)), a_spot_price())
    message = (
        "advice own.csv:2: a2-highgpu-4g on-demand in us-central1 of 2026-08-23, 91 days old; needs prices at most 90 "
        "days old because Google may change spot prices every 30 days and AWS does so at any time. Bring newer ones in "
        "with `mizan prices import`."
    )
    assert told(book) == [message] * count


def test_old_prices_of_one_day_are_one_finding():
    old = date(2026, 7, 30)
    book = a_book(a_price(as_of=old), a_spot_price(as_of=old), a_zone("7", "us-central1-a", as_of=date(2026, 7, 1)))
    assert [line.split(";")[0] for line in told(book)] == [
        "advice own.csv:2: 2 prices of 2026-07-30, 115 days old",
        "advice own.csv:3: a2-highgpu-4g spot in us-central1-a of 2026-07-01, 144 days old",
    ]


def test_a_day_in_the_future_is_an_error():
    (only,) = told(a_book(a_price(as_of=date(2026, 11, 23)), a_spot_price()))
    assert only.startswith("error own.csv:2: 2026-11-23; needs a day not after 2026-11-22 because nobody can have read")


def test_the_second_row_of_an_offer_is_an_error_that_names_the_first():
    (only,) = told(a_book(a_price("14"), a_spot_price(), a_price("15", line=4)))
    assert only.startswith(
        "error own.csv:4: a2-highgpu-4g on-demand in us-central1 a second time, first in line 2; needs one row per "
        "region, zone, machine and capacity type because only the first would count."
    )


def test_an_own_price_of_a_shipped_offer_is_no_duplicate():
    assert told(a_book(a_price("10"), a_spot_price("5")), under=a_book(a_price("14.69", file="prices.csv"))) == []
    assert told(a_book(a_price("10"), a_spot_price("5"), a_price("14.69", file="prices.csv"))) == []


def test_a_machine_that_no_stack_can_name_is_an_error():
    (only,) = told(a_book(a_price(), a_spot_price(), a_price(machine="a2-highgpu-3g", line=4)))
    assert only.startswith("error own.csv:4: a2-highgpu-3g; needs a machine of the catalogue because no stack can name")


def test_a_machine_of_another_provider_is_an_error():
    found = told(a_book(a_price(provider="aws"), a_spot_price()))
    assert found[0].startswith("error own.csv:2: a2-highgpu-4g at aws; needs gcp, whose machine it is because")


def test_machines_without_a_price_are_advice_once_per_region_and_what_is_missing():
    known = {name: machines()[name] for name in ("a2-highgpu-4g", "g2-standard-4", "g2-standard-8", "p4d.24xlarge")}
    (both, spot) = told(a_book(a_price(), a_price(machine="g2-standard-4", line=3), a_spot_price(line=4)), known=known)
    assert both.startswith(
        "advice own.csv:2: us-central1 has no spot price of g2-standard-4; needs a price for each machine and capacity "
        "type that a pool names because a pool without one is refused, for a missing price would read as free."
    )
    assert spot.startswith("advice own.csv:2: us-central1 has no on-demand and no spot price of g2-standard-8; needs ")


def test_a_price_that_the_shipped_files_have_is_not_missing_from_an_own_one():
    shipped = a_book(a_spot_price(file="prices.csv"))
    assert told(a_book(a_price()), under=shipped) == []
    assert len(told(a_book(a_price()))) == 1


def test_errors_come_first_then_advice_each_in_the_order_of_the_file():
    book = a_book(
        a_price(as_of=date(2026, 1, 1)),
        a_spot_price(),
        a_price(line=4, as_of=date(2027, 1, 1)),
    )
    assert [(each.severity, each.line) for each in check(book, ONE_MACHINE, TODAY)] == [
        (Severity.ERROR, 4),
        (Severity.ERROR, 4),
        (Severity.ADVICE, 2),
    ]


def test_a_file_s_unsound_rows_are_told_together_with_what_its_sound_rows_say():
    text = a_file(
        a_line(usd_per_hour="0"),
        a_line(usd_per_hour="-1", capacity_type="spot"),
        a_line(usd_per_hour="10"),
        a_line(usd_per_hour="11", capacity_type="spot"),
        a_line(currency="EUR", as_of="2027-01-01"),
        a_line(usd_per_hour="12"),
    )
    found = check_text(text, "own.csv", ONE_MACHINE, TODAY, under=a_book())
    seen = [(each.line, each.observed.split(",")[0]) for each in found if each.severity is Severity.ERROR]
    assert seen == [
        (2, "0"),
        (3, "-1"),
        (5, "a2-highgpu-4g spot in us-central1 costs 11 USD per hour"),
        (6, "EUR"),
        (6, "2027-01-01"),
        (7, "a2-highgpu-4g on-demand in us-central1 a second time"),
    ]


def test_a_wrong_header_is_one_error():
    (only,) = check_text("price;region\n1;a\n", "own.csv", ONE_MACHINE, TODAY, under=a_book())
    assert (only.severity, only.where, only.observed) == (Severity.ERROR, "own.csv:1", "price;region")


@given(
    st.lists(st.decimals("0.01", "500", places=2), min_size=1, max_size=4),
    st.decimals("0.01", "500", places=2),
    st.sampled_from(["0.5", "2", "10"]),
)
def test_findings_stay_when_all_prices_scale(zones, on_demand, factor):
    def kinds(scale):
        rows = [a_zone(str(usd * scale), f"us-central1-{index}") for index, usd in enumerate(zones)]
        book = PriceBook([a_price(str(on_demand * scale)), a_spot_price(str(min(zones) * scale)), *rows])
        return [(each.severity, each.line, each.needs) for each in check(book, ONE_MACHINE, TODAY)]

    assert kinds(Decimal(1)) == kinds(Decimal(factor))
