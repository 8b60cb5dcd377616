"""The order in which the autoscaler tries offers."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mizan.manifests.kwok_nodes import node_pool
from mizan.plan.order import HIGHEST_WEIGHT, weights
from tests.builders import a_plan, a_pool, a_stack


def prices(**usd):
    return {offer: Decimal(price) for offer, price in usd.items()}


def order(found):
    return sorted(found, key=found.__getitem__, reverse=True)


def test_the_cheapest_machine_is_tried_first_wherever_it_is():
    found = weights(prices(a_spot=15, a_fix=29, b_spot=8, b_fix=14), [("a_spot", "a_fix"), ("b_spot", "b_fix")])
    assert order(found) == ["b_spot", "b_fix", "a_spot", "a_fix"]


def test_a_pool_keeps_its_own_order_on_the_places_of_its_prices():
    found = weights(prices(a_spot=15, a_fix=29, b_spot=8, b_fix=14), [("a_spot", "a_fix"), ("b_fix", "b_spot")])
    assert order(found) == ["b_fix", "b_spot", "a_spot", "a_fix"]


def test_equal_prices_still_have_an_order():
    found = weights(prices(a=1, b=1, c=1), [("a",), ("b",), ("c",)])
    assert order(found) == ["a", "b", "c"]
    assert len(set(found.values())) == 3


def test_a_plan_s_node_pools_have_the_weights_of_their_prices():
    pools = [
        a_pool(),
        a_pool(name="big", machine="a2-highgpu-8g"),
        a_pool(name="h", machine="a3-highgpu-8g", gpu="h100-80gb"),
    ]
    plan = a_plan(a_stack(pools=pools))
    by_weight = sorted(plan.offers, key=lambda offer: -node_pool(offer)["spec"]["weight"])
    assert [offer.price.usd_per_hour for offer in by_weight] == sorted(o.price.usd_per_hour for o in plan.offers)
    assert [offer.name for offer in by_weight] == [
        "spot-a100",
        "ondemand-a100",
        "spot-big",
        "ondemand-big",
        "spot-h",
        "ondemand-h",
    ]


def test_a_pool_beyond_the_hundredth_offer_still_keeps_its_order():
    pools = [(f"{number:03}-fix", f"{number:03}-spot") for number in range(80)]
    found = weights(prices(**{offer: index for index, offer in enumerate(sum(pools, ()), 1)}), pools)
    assert found["079-fix"] > found["079-spot"] >= 1


@st.composite
def offers(draw):
    sizes = draw(st.lists(st.integers(1, 2), min_size=1, max_size=120))
    pools = [tuple(f"{index}-{place}" for place in range(size)) for index, size in enumerate(sizes)]
    usd = st.decimals("0.01", "100", places=2)
    return {offer: draw(usd) for pool in pools for offer in pool}, pools


@given(offers())
def test_every_weight_is_one_that_karpenter_takes_and_every_pool_keeps_its_order(case):
    found = weights(*case)
    assert set(found) == set(case[0])
    assert all(1 <= weight <= HIGHEST_WEIGHT for weight in found.values())
    for pool in case[1]:
        assert [*pool] == sorted(pool, key=found.__getitem__, reverse=True)
        assert len({found[offer] for offer in pool}) == len(pool), "equal weights are tried in an order of their own"


@given(offers())
def test_up_to_a_hundred_offers_each_have_a_place_of_their_own(case):
    found = weights(*case)
    first = sorted(found.values(), reverse=True)[: HIGHEST_WEIGHT - 2]
    assert len(set(first)) == len(first)
