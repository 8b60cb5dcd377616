"""Cron schedules: how often they start in a mean week, how far apart, and which ones nobody should write."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, pairwise, takewhile

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.config.schedules import UnreadableSchedule, starts_of


def term(least: int, most: int) -> st.SearchStrategy[str]:
    numbers = st.integers(least, most)
    spans = st.tuples(numbers, numbers).map(sorted)
    return st.one_of(
        st.just("*"),
        numbers.map(str),
        st.integers(1, most).map("*/{}".format),
        spans.map(lambda span: f"{span[0]}-{span[1]}"),
        st.tuples(spans, st.integers(1, most)).map(lambda each: f"{each[0][0]}-{each[0][1]}/{each[1]}"),
    )


def field(least: int, most: int) -> st.SearchStrategy[str]:
    return st.lists(term(least, most), min_size=1, max_size=2).map(",".join)


EITHER_DAY = st.one_of(field(1, 28).map(lambda days: (days, "*")), field(0, 6).map(lambda weekdays: ("*", weekdays)))
SCHEDULES = st.tuples(st.integers(0, 59), field(0, 23), EITHER_DAY, field(1, 12)).map(
    lambda each: f"{each[0]} {each[1]} {each[2][0]} {each[3]} {each[2][1]}"
)


@pytest.mark.parametrize(
    ("schedule", "hours", "a_week", "apart"),
    [
        ("0 8 * * 1-5", 10, "50", 24 * 60),
        ("0 8 * * mon-FRI", 10, "50", 24 * 60),
        ("0 0 * * *", 24, "168", 24 * 60),
        ("30 8,20 * * *", 2, "28", 12 * 60),
        ("0 22 * * 0", 168, "168", 7 * 24 * 60),
        ("0 23,1 * * *", 2, "28", 2 * 60),
        ("0 */6 * * *", 1, "28", 6 * 60),
    ],
)
def test_a_schedule_says_how_many_hours_of_a_mean_week_nodes_are_warm(schedule, hours, a_week, apart):
    starts = starts_of(schedule)
    assert starts.hours_per_week(hours) == Decimal(a_week)
    assert starts.apart_minutes == apart


def test_a_month_has_its_mean_length():
    # 336 months of 28 years, in 1461 weeks.
    assert starts_of("0 0 1 * *").hours_per_week(24) == Decimal(336 * 24) / 1461
    assert starts_of("0 0 1 * *").apart_minutes == 28 * 24 * 60


def test_the_29th_of_february_comes_every_four_years():
    assert starts_of("0 0 29 2 *").hours_per_week(1461) == 7
    assert starts_of("0 0 29 2 *").apart_minutes == 1461 * 24 * 60


@given(SCHEDULES)
@settings(deadline=None)
def test_starts_are_those_that_cron_finds_one_by_one(schedule):
    starts = starts_of(schedule)
    begin = datetime(2001, 1, 1, tzinfo=UTC)
    every = CronSim(schedule, datetime(2000, 12, 31, 23, 59, tzinfo=UTC))
    found = list(takewhile(lambda start: start.year < 2029, islice(every, 40)))
    told = ((day, minute) for day in starts.days for minute in starts.minutes)
    assert [divmod(int((start - begin).total_seconds()) // 60, 1440) for start in found] == list(islice(told, 40))
    assert starts.apart_minutes <= min((later - one).total_seconds() / 60 for one, later in pairwise(found))
    assert 0 < starts.hours_per_week(1) <= 168


@pytest.mark.parametrize(
    ("schedule", "because"),
    [
        ("0 8 * * 7", "Kubernetes counts weekdays from 0, Sunday, to 6"),
        ("0 8 * * 5-7", "Kubernetes counts weekdays from 0, Sunday, to 6"),
        ("0 8 1 * 1", "with a day beside a weekday it would start on either"),
        ("0 8 */2 * 1", "with a day beside a weekday it would start on either"),
        ("0 8 L * *", "L is no list of numbers, names, ranges and steps such as 1-5, mon or */2"),
        ("0 8 * * 5#1", "5#1 is no list of numbers, names, ranges and steps such as 1-5, mon or */2"),
        ("5/15 8 * * *", "5/15 is no list of numbers, names, ranges and steps such as 1-5, mon or */2"),
        ("0 8 ? * *", "? is no list of numbers, names, ranges and steps such as 1-5, mon or */2"),
        ("0 24 * * *", "cron knows no such hour"),
        ("0 8 30 2 *", "cron knows no such day of month"),
        ("0 8 * * fri-mon", "cron knows no such day of week"),
        ("*/0 8 * * *", "cron knows no such minute"),
        ("0 8 * abc *", "cron knows no such month"),
    ],
)
def test_a_schedule_that_not_everybody_reads_alike_says_why(schedule, because):
    with pytest.raises(UnreadableSchedule) as caught:
        starts_of(schedule)
    assert str(caught.value) == because
