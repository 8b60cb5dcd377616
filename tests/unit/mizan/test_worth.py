"""Young's and Daly's arithmetic, by hand and in general."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.plan.worth import best_interval, loss

# M = 8 h / 2 nodes = 14,400 s; C = 72 s; so tau = sqrt(2 x 72 x 14,400) = sqrt(2,073,600) = 1,440 s.
# Source of the formula: Young, CACM 17 (1974) 530.
EXAMPLE = {
    "nodes": 2,
    "uptime_hours": Decimal(8),
    "write_seconds": 72,
    "restart_seconds": 144,
    "notice_seconds": 15,
    "interval_seconds": None,
}

losses = st.fixed_dictionaries(
    {
        "nodes": st.integers(1, 500),
        "uptime_hours": st.decimals("0.1", "5000", places=2),
        "write_seconds": st.integers(1, 3600),
        "restart_seconds": st.integers(0, 3600),
        "notice_seconds": st.sampled_from([15, 120]),
        "interval_seconds": st.none() | st.integers(1, 86_400),
    }
)


def test_the_best_interval_is_the_square_root_of_twice_the_writing_times_the_uptime():
    assert best_interval(Decimal(72), Decimal(4)) == 1440


def test_half_an_interval_and_the_restart_are_lost_with_each_interruption():
    found = loss(**EXAMPLE)
    # 72 / 1,440 + (1,440 / 2 + 144) / 14,400 = 0.05 + 0.06
    assert (found.share, found.interval_seconds, found.uptime_hours) == (Decimal("0.11"), 1440, 4)
    assert found.is_feasible


def test_no_work_is_lost_where_the_notice_is_long_enough_for_a_checkpoint():
    # 72 / 1,440 + (0 + 144) / 14,400 = 0.05 + 0.01
    assert loss(**EXAMPLE | {"notice_seconds": 72}).share == Decimal("0.06")
    assert loss(**EXAMPLE | {"notice_seconds": 71}).share == Decimal("0.11")


def test_an_interval_that_is_given_is_used():
    # 72 / 720 + (720 / 2 + 144) / 14,400 = 0.1 + 0.035
    found = loss(**EXAMPLE | {"interval_seconds": 720})
    assert (found.share, found.interval_seconds) == (Decimal("0.135"), 720)


def test_a_workload_that_only_saves_itself_is_not_feasible():
    # M = 36 s: tau = sqrt(2 x 72 x 36) = 72 s; 72 / 72 + (36 + 144) / 36 = 6
    found = loss(**EXAMPLE | {"uptime_hours": Decimal("0.02")})
    assert found.share == 6
    assert not found.is_feasible


@given(losses)
def test_more_nodes_never_lose_less(values):
    assert loss(**values | {"nodes": values["nodes"] + 1}).share >= loss(**values).share


@given(losses, st.integers(1, 86_400))
def test_no_other_interval_loses_less_than_the_best(values, other):
    # Where work since the last checkpoint is lost at all; else the longest interval is always the best.
    values |= {"notice_seconds": 0}
    best = loss(**values | {"interval_seconds": None}).share
    assert best <= loss(**values | {"interval_seconds": other}).share + Decimal("1e-20")


@pytest.mark.parametrize("longer", ["write_seconds", "restart_seconds"])
@given(values=losses)
def test_what_takes_longer_never_loses_less(values, longer):
    values |= {"notice_seconds": 0}
    assert loss(**values | {longer: values[longer] + 1}).share >= loss(**values).share
