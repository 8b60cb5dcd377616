"""The order of a pool's capacity types, with its reasons."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Order, Workload, parse
from mizan.plan import build_plan
from mizan.plan.fallback import Market, ordered, weigh
from mizan.prices import Basis, Price, PriceBook, Uptime, UptimeKind, shipped
from tests.builders import TODAY, a_plan, a_pool, a_queue, a_stack, an_existing_stack

SPOT, ON_DEMAND, FLEX_START = CapacityType.SPOT, CapacityType.ON_DEMAND, CapacityType.FLEX_START


def a_price(kind, usd, **changes):
    values = {
        "provider": "gcp",
        "region": "us-central1",
        "zone": "",
        "machine": "a2-highgpu-4g",
        "capacity_type": kind,
        "usd_per_hour": Decimal(usd),
        "as_of": date(2026, 7, 30),
        "basis": Basis.LISTED,
        "source": "a list",
        "file": "a.csv",
        "line": 2,
    }
    return Price(**values | changes)


def a_workload(**changes):
    return Workload.model_validate({"checkpointWriteSeconds": 72, "restartSeconds": 144, "nodes": 2} | changes)


def a_market(**changes):
    """A market in which spot loses 11 % of the time, as in test_worth.py."""
    values = {
        "machine": machines()["a2-highgpu-4g"],
        "on_demand": a_price(ON_DEMAND, "14"),
        "uptime": Uptime(hours=Decimal(8), kind=UptimeKind.STATED, words="the stack's own figure"),
        "notice_seconds": 15,
        "min_savings_percent": 10,
        "workloads": (a_workload(),),
    }
    return Market(**values | changes)


def test_an_hour_of_useful_work_costs_more_the_more_is_lost():
    spot = weigh(a_price(SPOT, "7"), a_market())
    # 7 / (1 - 0.11) = 7.865
    assert round(spot.worth.usd_per_useful_hour, 3) == Decimal("7.865")
    assert spot.worth.lost_share == Decimal("0.11")
    assert spot.worth.reason == (
        "$7.00 an hour, $7.87 a useful hour: 11.0 % is lost to interruptions of 2 nodes with mean up-time 8.0 h "
        "(the stack's own figure) and a checkpoint every 1,440 s; saves 50.0 % against on-demand"
    )
    assert spot.left_out is None


def test_on_demand_and_flex_start_lose_nothing():
    on_demand = weigh(a_price(ON_DEMAND, "14"), a_market())
    assert (on_demand.worth.usd_per_useful_hour, on_demand.worth.reason) == (14, "$14.00 an hour, never taken back")
    flex_start = weigh(a_price(FLEX_START, "6.58"), a_market())
    assert flex_start.worth.usd_per_useful_hour == Decimal("6.58")
    assert flex_start.worth.reason == (
        "$6.58 an hour, waits for its nodes, then never taken back within 168 h; saves 53.0 % against on-demand"
    )


def test_the_cheapest_useful_hour_is_tried_first():
    # Spot's hour is the cheaper one, its useful hour is not: 12.6 / 0.89 = 14.16 is more than 14.
    found = [weigh(price, a_market()) for price in (a_price(SPOT, "12.6"), a_price(ON_DEMAND, "14"))]
    assert [each.capacity_type for each in ordered(found, Order.PRICE)] == [ON_DEMAND, SPOT]
    assert [each.capacity_type for each in ordered(found, Order.LISTED)] == [SPOT, ON_DEMAND]


def test_the_workload_that_loses_most_counts():
    market = a_market(workloads=(a_workload(nodes=1), a_workload(), a_workload(restartSeconds=0)))
    assert weigh(a_price(SPOT, "7"), market).worth.lost_share == Decimal("0.11")


@pytest.mark.parametrize(
    ("usd", "told"), [("12.60", None), ("12.61", "saves 9.9 % against on-demand, less than the 10 %")]
)
def test_spot_that_saves_less_than_the_threshold_is_left_out(usd, told):
    left_out = weigh(a_price(SPOT, usd), a_market()).left_out
    assert (left_out is None) if told is None else left_out.startswith(told)


def test_spot_without_an_on_demand_price_is_not_judged_by_what_it_saves():
    spot = weigh(a_price(SPOT, "7"), a_market(on_demand=None))
    assert spot.left_out is None
    assert spot.worth.reason.endswith("; no on-demand price to compare")


def test_spot_on_which_no_work_gets_done_says_so():
    uptime = Uptime(hours=Decimal("0.02"), kind=UptimeKind.STATED, words="the stack's own figure")
    spot = weigh(a_price(SPOT, "1"), a_market(uptime=uptime))
    assert spot.worth.usd_per_useful_hour is None
    assert spot.left_out == spot.worth.reason
    assert spot.worth.reason == (
        "$1.00 an hour, not feasible: 2 nodes with mean up-time 1.2 min (the stack's own figure) stay up 0.6 min, and "
        "checkpoints of 72 s with restarts of 144 s leave no time for work"
    )
    assert ordered([spot, weigh(a_price(ON_DEMAND, "14"), a_market())], Order.PRICE)[-1] is spot


@pytest.mark.parametrize(
    ("workload", "told"), [({"kind": "service"}, "which a service outlives"), ({"maxRunHours": 169}, "a run of 169 h")]
)
def test_flex_start_is_for_jobs_of_up_to_seven_days(workload, told):
    assert weigh(a_price(FLEX_START, "6"), a_market(workloads=(a_workload(maxRunHours=168),))).left_out is None
    found = weigh(a_price(FLEX_START, "6"), a_market(workloads=(a_workload(**workload),)))
    assert found.worth.usd_per_useful_hour is None
    assert told in found.left_out


def test_a_derived_price_is_marked():
    derived = weigh(a_price(ON_DEMAND, "14", basis=Basis.DERIVED), a_market())
    assert derived.worth.reason == "$14.00 an hour (derived), never taken back"


dollars = st.decimals("0.01", "200", places=2)


@given(dollars, dollars, dollars, st.decimals("0.01", "100", places=2))
def test_the_order_stays_when_all_prices_grow_alike(spot, on_demand, flex_start, factor):
    kinds = {SPOT: spot, ON_DEMAND: on_demand, FLEX_START: flex_start}

    def order(scale):
        market = a_market(on_demand=a_price(ON_DEMAND, on_demand * scale))
        found = [weigh(a_price(kind, usd * scale), market) for kind, usd in kinds.items()]
        return [(each.capacity_type, each.left_out is None) for each in ordered(found, Order.PRICE)]

    assert order(factor) == order(Decimal(1))


@given(dollars, st.integers(1, 100))
def test_more_nodes_never_make_spot_cheaper(usd, nodes):
    costs = [
        weigh(a_price(SPOT, usd), a_market(workloads=(a_workload(nodes=count),))).worth.usd_per_useful_hour
        for count in (nodes, nodes + 1)
    ]
    assert costs[1] is None or (costs[0] is not None and costs[1] >= costs[0])


def pool_of(**changes):
    [pool] = a_plan(a_stack(**changes)).pools
    return pool


def by_capacity(**changes):
    return a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}], **changes)


def test_a_pool_leaves_out_spot_that_is_not_worth_it():
    pool = pool_of(queues=[by_capacity()], spot={"minSavingsPercent": 60})
    assert [offer.name for offer in pool.offers] == ["ondemand-a100"]
    assert [(each.capacity_type, each.left_out) for each in pool.left_out] == [
        (SPOT, "saves 47.5 % against on-demand, less than the 60 % of `minSavingsPercent`")
    ]


@pytest.mark.parametrize(
    "changes", [{"queues": [a_queue()]}, {"queues": [by_capacity()], "pools": [a_pool(order="listed")]}]
)
def test_what_a_queue_or_a_list_names_stays_and_is_warned_of(changes):
    values = a_stack(spot={"minSavingsPercent": 60}, **changes)
    plan = a_plan(values)
    assert {offer.name for offer in plan.offers} == {"spot-a100", "ondemand-a100"}
    assert (
        "pool a100: spot is kept because a queue or `order: listed` names it, though it is not worth it: saves 47.5 % "
        "against on-demand, less than the 60 % of `minSavingsPercent`." in plan.warnings
    )


def test_a_list_keeps_its_own_order_and_the_autoscaler_follows_it():
    capacity = [{"type": "on-demand", "maxNodes": 1}, {"type": "spot", "maxNodes": 2}]
    listed = pool_of(pools=[a_pool(order="listed", capacity=capacity)], queues=[by_capacity()])
    assert [offer.name for offer in listed.offers] == ["ondemand-a100", "spot-a100"]
    assert listed.offers[0].weight > listed.offers[1].weight
    priced = pool_of(pools=[a_pool(capacity=capacity)], queues=[by_capacity()])
    assert [offer.name for offer in priced.offers] == ["spot-a100", "ondemand-a100"]


def test_flex_start_takes_its_place_by_price():
    capacity = [{"type": kind, "maxNodes": 1} for kind in ("on-demand", "spot", "flex-start")]
    values = an_existing_stack(pools=[a_pool(capacity=capacity)], queues=[by_capacity()])
    book = PriceBook([a_price(FLEX_START, "6.9")]).before(shipped())
    [pool] = build_plan("test", parse(values, TODAY, prices=book)).pools
    assert [offer.name for offer in pool.offers] == ["flexstart-a100", "spot-a100", "ondemand-a100"]


def test_nodes_paid_for_in_advance_come_first_and_the_rest_of_on_demand_stays_where_it_was():
    commitment = {"name": "r", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 3}
    capacity = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 5}]
    pool = pool_of(pools=[a_pool(capacity=capacity)], commitments=[commitment], queues=[by_capacity()])
    assert [(offer.name, offer.max_nodes, offer.capacity_type) for offer in pool.offers] == [
        ("reserved-a100", 3, ON_DEMAND),
        ("spot-a100", 2, SPOT),
        ("ondemand-a100", 2, ON_DEMAND),
    ]
    assert pool.offers[0].commitments == {"r": 3}
    assert pool.offers[0].worth.usd_per_useful_hour == 0
    assert pool.offers[0].worth.reason == "paid for in advance by r: one more hour costs nothing"
    assert [offer.weight for offer in pool.offers] == sorted((offer.weight for offer in pool.offers), reverse=True)


@pytest.mark.parametrize("first", ["spot", "on-demand"])
def test_where_kueue_chooses_its_queue_s_order_counts_and_not_the_price(first):
    kinds = [first, *({"spot", "on-demand"} - {first})]
    queue = a_queue(quotas=[{"pool": "a100", "capacity": kind, "gpus": 4} for kind in kinds])
    plan = a_plan(a_stack(queues=[queue]))
    assert [offer.capacity_type for offer in plan.pools[0].offers] == kinds
    assert not [text for text in plan.warnings if "interrupted too often" in text], "the queue's wish, not the traces'"
    assert plan.offers[0].weight > plan.offers[1].weight


def test_a_queue_that_counts_on_demand_counts_the_nodes_paid_for_in_advance_with_it():
    commitment = {"name": "r", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}
    capacity = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]
    plan = a_plan(a_stack(pools=[a_pool(capacity=capacity)], commitments=[commitment]))
    flavors = {flavor.name: [offer.name for offer in flavor.offers] for flavor in plan.flavors}
    assert flavors == {"ondemand-a100": ["reserved-a100", "ondemand-a100"], "spot-a100": ["spot-a100"]}
    assert [offer.name for offer in plan.offers] == ["spot-a100", "reserved-a100", "ondemand-a100"], "as Kueue tries"


def test_market_order_is_not_changed_by_an_equal_candidate():
    same = [weigh(replace(a_price(kind, "5"), capacity_type=kind), a_market()) for kind in (ON_DEMAND, FLEX_START)]
    assert list(ordered(same, Order.PRICE)) == same


GANG = {"nodes": 4, "checkpointWriteSeconds": 120, "restartSeconds": 600}


@pytest.mark.parametrize(
    ("pool", "gang", "warned"),
    [
        ({}, GANG, True),
        ({}, GANG | {"nodes": 16}, True),
        ({"meanUptimeHours": 2.6}, GANG, False),
        ({"order": "listed"}, GANG, False),
        ({}, {}, False),
    ],
)
def test_an_order_that_rests_on_public_traces_alone_is_warned_of(pool, gang, warned):
    plan = a_plan(a_stack(pools=[a_pool(**pool)], queues=[by_capacity(workload=gang)]))
    told = [text for text in plan.warnings if text.startswith("pool a100: spot costs less an hour, yet")]
    assert len(told) == warned
    if warned:
        assert told[0].endswith("Measure how long your spot nodes stay and write it as `meanUptimeHours`.")


@pytest.mark.parametrize(
    ("spot", "on_demand", "mark"),
    [
        (Basis.LISTED, Basis.LISTED, ""),
        (Basis.DERIVED, Basis.LISTED, " (derived)"),
        (Basis.LISTED, Basis.DERIVED, " (derived)"),
    ],
)
def test_a_saving_is_derived_where_one_of_its_two_prices_is(spot, on_demand, mark):
    found = weigh(a_price(SPOT, "7", basis=spot), a_market(on_demand=a_price(ON_DEMAND, "14", basis=on_demand)))
    assert f"saves 50.0 %{mark} against on-demand" in found.worth.reason
