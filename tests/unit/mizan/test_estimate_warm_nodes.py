"""What warm nodes cost: idle hours alone, on the offers that have room, on a line of their own."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.config import WarmNodes
from mizan.estimate import Dollars, NoteKind, Parts, SavingsKind, estimate
from mizan.estimate.idle import Idle, idle_of
from mizan.estimate.reasons import of_pool
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.strategies import stacks, without_min_nodes

# 50 hours a week.
WARM = {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10}


def a_warm_plan(warm=WARM, hours=84, percent=50, **pool):
    use = {"hoursPerWeek": hours, "utilisationPercent": percent}
    return a_plan(a_stack(pools=[a_pool(expectedUse=use, **({"warm": warm} if warm else {}), **pool)]))


def the_pool(plan):
    (pool,) = estimate(plan).pools
    return pool


@pytest.mark.parametrize(
    ("nodes", "hours", "idle"),
    [
        # Nobody works: two nodes of spot and one of on-demand are there for 50 hours.
        (("0", "0"), 84, ("100", "50")),
        # One node works all the time that the schedule covers: two are idle.
        (("1", "0"), 84, ("50", "50")),
        # All work.
        (("2", "1"), 84, ("0", "0")),
        # They work in 20 of the 50 hours, and in the other 30 all three are idle.
        (("2", "1"), 20, ("60", "30")),
    ],
)
def test_idle_is_what_jobs_leave_over_in_the_hours_of_the_schedule(nodes, hours, idle):
    (pool,) = a_warm_plan(WARM | {"nodes": 3}).pools
    found = idle_of(pool, [Decimal(number) for number in nodes], hours)
    assert found == tuple(Idle(hours=Decimal(number), bought=Decimal(number)) for number in idle)


def test_what_is_paid_in_advance_is_idle_for_its_disk_alone():
    reserved = {"name": "r", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1, "usdPerHour": 7}
    capacity = [{"type": "on-demand", "maxNodes": 2}]
    quota = {"pool": "a100", "capacity": "on-demand", "gpus": 8}
    stack = a_stack(
        pools=[a_pool(capacity=capacity, warm=WARM | {"nodes": 2})], queues=[a_queue(quotas=[quota])], jobs=[]
    )
    (pool,) = a_plan(stack | {"commitments": [reserved]}).pools
    found = idle_of(pool, [Decimal(0)] * len(pool.offers), 1)
    assert sum(idle.hours for idle in found) == 100
    assert sum(idle.bought for idle in found) == 50


def test_the_line_of_warm_nodes_is_their_hours_at_the_price_of_the_first_offers_with_room():
    plan = a_warm_plan(percent=0)
    (spot, _) = plan.pools[0].offers
    line = the_pool(plan).savings.of(SavingsKind.WARM_NODES)
    without_disks = spot.price.usd_per_hour * 730 * 50 / 168
    disks = line - without_disks
    assert 0 < disks < 10
    assert line == the_pool(plan).total.expected


def test_a_pool_that_jobs_fill_anyway_pays_nothing_for_keeping_a_node_warm():
    assert the_pool(a_warm_plan(percent=100)).savings.of(SavingsKind.WARM_NODES) == 0


def test_the_expected_nodes_of_an_offer_hold_the_idle_ones():
    assert the_pool(a_warm_plan(percent=0)).offers[0].expected_nodes == Decimal("0.298")  # 50 of 168


def test_the_minimum_is_the_warm_hours_and_the_maximum_is_as_without():
    warm, cold = the_pool(a_warm_plan()).total, the_pool(a_warm_plan(warm=None)).total
    assert warm.minimum == the_pool(a_warm_plan(percent=0)).total.expected > cold.minimum == 0
    assert warm.maximum == cold.maximum


def test_where_work_takes_cheaper_nodes_than_the_warm_one_the_minimum_is_the_expected_bill():
    """The warm node is one of on-demand, which is tried first; a quarter of the work is there, three are on spot."""
    capacity = [{"type": "on-demand", "maxNodes": 1}, {"type": "spot", "maxNodes": 3}]
    use = {"hoursPerWeek": 50, "utilisationPercent": 25}
    queues = [
        a_queue(name="a", quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 4}]),
        a_queue(name="b", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 12}]),
    ]
    pool = a_pool(capacity=capacity, warm=WARM, expectedUse=use)
    stack = a_stack(pools=[pool], queues=queues, teams=[a_team(queues=["a", "b"])], jobs=[])
    (on_demand, spot) = the_pool(a_plan(stack)).offers
    assert (on_demand.expected_nodes, spot.expected_nodes) == (Decimal("0.074"), Decimal("0.261"))
    assert on_demand.total.minimum == on_demand.total.expected > 0
    assert spot.total.minimum == spot.total.expected > 0


def test_a_note_says_what_is_assumed():
    (note,) = estimate(a_warm_plan()).note(NoteKind.WARM_NODES)
    assert note.text == (
        "Pool a100 keeps 1 node warm, 50 hours of a mean week. Expected counts what jobs leave idle of them, as if all "
        "work fell into these hours as far as it can; minimum counts them all."
    )
    assert estimate(a_warm_plan(warm=None)).note(NoteKind.WARM_NODES) == ()


def test_a_comparison_tells_a_changed_schedule():
    before, after = the_pool(a_warm_plan(warm=None)), the_pool(a_warm_plan())
    assert list(of_pool(before, after)) == ["warm none -> 1 x 10 h at 0 8 * * 1-5 Etc/UTC"]


@st.composite
def warm_plans(draw):
    """Two plans: one whose pools keep some nodes warm or always, and the same one without."""
    values = draw(stacks())
    for pool in values["pools"]:
        pool["expectedUse"] = {
            "hoursPerWeek": draw(st.integers(1, 168)),
            "utilisationPercent": draw(st.integers(0, 100)),
        }
    cold = a_plan(values)
    schedule, most = draw(
        st.sampled_from([("0 8 * * 1-5", 24), ("0 0 * * *", 24), ("0 */6 * * *", 6), ("0 0 1 * *", 168)])
    )
    warm = WarmNodes.model_validate(
        {"nodes": draw(st.integers(1, 100)), "schedule": schedule, "hours": draw(st.integers(1, most))}
    )
    warmed = replace(cold, pools=tuple(replace(pool, warm=warm) for pool in cold.pools))
    return warmed, replace(cold, pools=tuple(without_min_nodes(pool) for pool in cold.pools))


@given(warm_plans())
@settings(max_examples=60)
def test_whatever_is_kept_warm_everything_adds_up_to_the_cent(plans):
    warm, cold = (estimate(plan) for plan in plans)
    assert sum((team.total for team in warm.teams), Dollars()) == warm.total
    assert sum((row.total for row in warm.capacity_types), Dollars()) == warm.total
    assert sum((pool.parts for pool in warm.pools), Parts()) == sum(
        (offer.parts for pool in warm.pools for offer in pool.offers), Parts()
    )
    line = warm.savings.of(SavingsKind.WARM_NODES)
    assert line == warm.total.expected - cold.total.expected >= 0
    assert warm.savings.expected == warm.total.expected
    assert [each for each in warm.savings.lines if each.kind is not SavingsKind.WARM_NODES][:-1] == [
        each for each in cold.savings.lines if each.kind is not SavingsKind.WARM_NODES
    ][:-1]
    for pool in warm.pools:
        assert pool.total.expected <= pool.total.maximum
        for offer in pool.offers:
            assert 0 <= offer.expected_nodes <= offer.max_nodes
