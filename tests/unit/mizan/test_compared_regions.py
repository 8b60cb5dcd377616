"""A stack that moves to another region: the move is a reason, with what it alone would cost where that is known."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.estimate import compare
from tests.builders import a_pool
from tests.estimate_builders import (
    MACHINE,
    a_book,
    a_price,
    a_whole_queue,
    capacity,
    one_pool,
    round_estimate,
    round_stack,
    use,
)

SPOT, ON_DEMAND = CapacityType.SPOT, CapacityType.ON_DEMAND
OTHER = "europe-west4"
LARGER = "a2-highgpu-8g"


def book(spot="5", on_demand="12"):
    """4 and 10 dollars an hour in us-central1, and other prices in europe-west4."""
    return a_book(
        a_price(SPOT),
        a_price(ON_DEMAND),
        a_price(SPOT, Decimal(spot), region=OTHER),
        a_price(ON_DEMAND, Decimal(on_demand), region=OTHER),
        a_price(SPOT, Decimal(9), LARGER, region=OTHER),
        a_price(ON_DEMAND, Decimal(20), LARGER, region=OTHER),
    )


def a_pool_of(**changes):
    return [a_pool(meanUptimeHours=1000, expectedUse=use(168, 50)) | changes]


def moved(before, after, prices=None):
    prices = prices or book()
    found = compare(round_estimate(before, prices), round_estimate(after | {"region": OTHER}, prices))
    return found.lines[0]


def test_a_move_is_told_first_with_its_share_of_the_change():
    """1.875 of 2 spot nodes run, 1 dollar dearer each: 1368.75; at most 2 x 730 + 1 x 2 x 730 = 2920."""
    stack = round_stack(pools=a_pool_of())
    line = moved(stack, stack)
    assert line.reasons == (
        "region us-central1 -> europe-west4 (+$1,368.75 expected and +$2,920.00 at most for the same nodes)",
        "price of spot $4.00 (2026-11-01) -> $5.00 (2026-11-01)",
        "price of on-demand $10.00 (2026-11-01) -> $12.00 (2026-11-01)",
    )
    assert (line.difference.expected, line.difference.maximum) == (Decimal("1368.75"), Decimal("2920.00"))


def test_a_move_and_a_larger_pool_are_two_reasons_and_the_share_is_that_of_the_move():
    line = moved(round_stack(pools=a_pool_of()), round_stack(pools=a_pool_of(capacity=capacity(spot=4, on_demand=1))))
    assert line.reasons[:2] == (
        "region us-central1 -> europe-west4 (+$1,368.75 expected and +$2,920.00 at most for the same nodes)",
        "maxNodes of spot 2 -> 4",
    )
    assert line.difference.maximum > Decimal("2920.00")


def test_a_move_to_the_same_prices_is_a_reason_too():
    stack = round_stack(pools=a_pool_of())
    assert moved(stack, stack, book("4", "10")).reasons == (
        "region us-central1 -> europe-west4 (+$0.00 expected and +$0.00 at most for the same nodes)",
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"machine": LARGER}),
        ({}, {"capacity": capacity(on_demand=1)}),
    ],
)
def test_a_move_whose_share_nobody_can_tell_says_whose_prices_count(before, after):
    fits_each = [a_whole_queue(4)]
    line = moved(*(round_stack(pools=a_pool_of(**pool), queues=fits_each) for pool in (before, after)))
    assert line.reasons[0] == (
        "region us-central1 -> europe-west4 (prices are those of europe-west4 instead of us-central1)"
    )


def test_the_share_of_nodes_that_a_commitment_pays_for_is_not_told():
    terms = {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": 1, "usdPerHour": 7}
    stack = one_pool(use=use(168, 50), on_demand=3, stack={"commitments": [terms]})
    assert "(prices are those of europe-west4 instead of us-central1)" in moved(stack, stack).reasons[0]


# Whole dollars and halves of the time, so that no line is rounded.
@given(st.integers(1, 5), st.sampled_from([(168, 100), (168, 50), (84, 50)]), st.integers(1, 99))
@settings(max_examples=50, deadline=None)
def test_where_nothing_but_the_region_changes_its_share_is_the_whole_change(nodes, hours, usd):
    stack = one_pool(use=use(*hours), on_demand=nodes)
    line = moved(stack, stack, book("0.5", str(usd)))
    expected, maximum = line.difference.expected, line.difference.maximum
    told = [f"{'-' if amount < 0 else '+'}${abs(amount):,.2f}" for amount in (expected, maximum)]
    assert line.reasons[0] == (
        f"region us-central1 -> europe-west4 ({told[0]} expected and {told[1]} at most for the same nodes)"
    )
