"""Which offers expected work fills when queues hold quota; nodes of 4 GPUs, spot of which a fifth is lost."""

from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given, settings

from mizan.config import parse
from mizan.estimate.filling import quota_nodes, usable_nodes
from mizan.estimate.running import as_expected, demand
from mizan.plan import build_plan
from tests.builders import TODAY, a_pool, a_queue, a_team
from tests.estimate_builders import FIFTH_LOST, capacity, round_plan, round_stack, use
from tests.strategies import stacks


def quota(kind, gpus, **limits):
    return {"pool": "a100", "capacity": kind, "gpus": gpus, **limits}


def queue(name, *quotas, **settings):
    return a_queue(name=name, fallback="quota", quotas=list(quotas), workload=FIFTH_LOST, **settings)


def pool_of(*queues, percent=50, cohorts=(), **nodes):
    pool = a_pool(meanUptimeHours=1000, capacity=capacity(**nodes), expectedUse=use(168, percent))
    team = a_team(queues=[each["name"] for each in queues])
    plan = round_plan(round_stack(pools=[pool], queues=list(queues), cohorts=list(cohorts), teams=[team]))
    return plan.pools[0]


def nodes(pool):
    running = as_expected(pool)
    return {
        offer.capacity_type.value: str(taken.normalize())
        for offer, taken in zip(pool.offers, running.nodes, strict=True)
    } | ({"undone": str(running.undone)} if running.undone else {})


def test_only_nodes_for_which_there_is_quota_have_work():
    """8 GPUs of 16 are two nodes of four; half of two is one."""
    counted = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 8}], workload=FIFTH_LOST)
    pool = pool_of(counted, on_demand=4)
    assert usable_nodes(pool) == 2
    assert nodes(pool) == {"on-demand": "1"}


def test_quota_beyond_the_pool_makes_no_more_work_than_it_has_nodes():
    pool = pool_of(
        queue("a", quota("spot", 8), quota("on-demand", 2)), queue("b", quota("spot", 8)), spot=2, on_demand=1
    )
    # Two nodes of spot, and the node that half of one's GPUs need.
    assert (usable_nodes(pool), quota_nodes(pool)) == (3, Decimal("2.5"))


def test_quotas_of_several_queues_are_whole_nodes_together():
    """Three and two GPUs are two nodes of four, of which the first has three fifths: 1.2 and 0.8 nodes of work."""
    pool = pool_of(queue("a", quota("on-demand", 3)), queue("b", quota("on-demand", 2)), percent=100, on_demand=4)
    assert nodes(pool) == {"on-demand": "2"}


def test_capacity_types_without_quota_stay_empty():
    """Two nodes of work, 1.6 of them done on two nodes of spot: nothing may go to on-demand."""
    pool = pool_of(queue("a", quota("spot", 8)), percent=100, spot=2, on_demand=1)
    assert nodes(pool) == {"spot": "2", "on-demand": "0", "undone": "0.4"}


def test_each_queue_fills_in_its_own_order():
    """A node of work each: `a` has one of spot, which does 0.8, and 0.2 on-demand; `b` begins with on-demand."""
    pool = pool_of(
        queue("a", quota("spot", 4), quota("on-demand", 4)),
        queue("b", quota("on-demand", 4), quota("spot", 4)),
        spot=2,
        on_demand=2,
    )
    assert nodes(pool) == {"spot": "1", "on-demand": "1.2"}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # 0.25 of the node of spot that `b` does not use does what is left of the work of `a`.
        ("MayStopSearch", {"spot": "1.25", "on-demand": "1"}),
        ("TryNextFlavor", {"spot": "1", "on-demand": "1.2"}),
    ],
)
def test_idle_quota_is_borrowed_before_or_after_the_next_capacity_type_as_the_queue_says(policy, expected):
    pool = pool_of(
        queue("a", quota("spot", 4), quota("on-demand", 4), cohort="all", whenCanBorrow=policy),
        queue("b", quota("on-demand", 4), quota("spot", 4), cohort="all", whenCanBorrow=policy),
        cohorts=[{"name": "all"}],
        spot=2,
        on_demand=2,
    )
    assert nodes(pool) == expected


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # 1.5 nodes of work: on spot 1.5 / 0.8; or one on-demand and 0.5 / 0.8 on spot.
        ("MayStopSearch", {"spot": "1.875", "on-demand": "0"}),
        ("TryNextFlavor", {"spot": "0.625", "on-demand": "1"}),
    ],
)
def test_quota_of_a_cohort_itself_is_there_for_its_queues(policy, expected):
    pool = pool_of(
        queue("a", quota("spot", 0), quota("on-demand", 4), cohort="all", whenCanBorrow=policy),
        cohorts=[{"name": "all", "quotas": [quota("spot", 8)]}],
        spot=2,
        on_demand=1,
    )
    assert nodes(pool) == expected


def test_no_more_is_borrowed_than_the_queue_may():
    """Two nodes of work, of spot one node: 0.8 done there; a whole node on-demand; 0.2 stays undone."""
    pool = pool_of(
        queue("a", quota("spot", 0, borrow=4), quota("on-demand", 4), cohort="all"),
        cohorts=[{"name": "all", "quotas": [quota("spot", 8)]}],
        percent=100,
        spot=2,
        on_demand=1,
    )
    assert nodes(pool) == {"spot": "1", "on-demand": "1", "undone": "0.2"}


def test_where_all_quota_is_the_cohort_s_its_queues_share_the_work():
    pool = pool_of(
        queue("a", quota("on-demand", 0), cohort="all"),
        queue("b", quota("on-demand", 0), cohort="all"),
        cohorts=[{"name": "all", "quotas": [quota("on-demand", 8)]}],
        on_demand=2,
    )
    assert nodes(pool) == {"on-demand": "1"}


@given(stacks())
@settings(max_examples=60)
def test_work_is_done_within_nodes_and_quota_or_told_as_undone(values):
    plan = build_plan("test", parse(values, TODAY))
    for pool in plan.pools:
        running = as_expected(pool, with_losses=False)
        assert sum(running.nodes) + running.undone == pytest.approx(demand(pool))
        assert all(0 <= taken <= offer.max_nodes for taken, offer in zip(running.nodes, pool.offers, strict=True))
        if pool.claims is not None:
            for kind in pool.claims.capacity_types:
                taken = sum(
                    taken
                    for taken, offer in zip(running.nodes, pool.offers, strict=True)
                    if kind in (None, offer.capacity_type)
                )
                units = pool.offers[0].units_per_node
                assert taken <= ceil(pool.claims.units(kind) / units) + Decimal("1e-9")
