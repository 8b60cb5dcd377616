"""Pools whose GPUs pods share: quotas count units there, and everything that is paid by them adds up."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.estimate import BudgetLevel, Dollars, SavingsKind, estimate, judge
from mizan.estimate.counted_pools import counted_pools
from tests.builders import a_job, a_plan, a_pool, a_queue, a_team
from tests.estimate_builders import RATE, capacity, round_plan, round_stack, use
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept
from tests.strategies import some_min_nodes

TWO_SMALL = {"mode": "mig", "layout": {"3g.20gb": 1, "1g.5gb": 2}}
WAYS = [{"mode": "none"}, PROFILE, LAYOUT, TWO_SMALL, TURNS, MPS]


def a_shared_stack(sharing, units, nodes=1, percent=100, **stack):
    """On-demand nodes of 4 GPUs at 10 dollars, all in one queue."""
    pool = a_pool(capacity=capacity(on_demand=nodes), expectedUse=use(168, percent), sharing=sharing)
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", counted_in(sharing): units}])
    return round_stack(pools=[pool], queues=[queue], **stack)


@pytest.mark.parametrize(
    ("sharing", "pods"), [(PROFILE, 7), (LAYOUT, 3), (TWO_SMALL, 3), (TURNS, 4), ({"mode": "none"}, 1)]
)
def test_sharing_saves_the_machines_that_a_gpu_for_each_part_would_take(sharing, pods):
    """A node and its disk are 7310 dollars a month, always."""
    found = estimate(round_plan(a_shared_stack(sharing, 4)), RATE).savings
    assert found.of(SavingsKind.SHARING) == -7310 * (pods - 1)
    assert found.baseline == 7310 * pods + 73


@pytest.mark.parametrize("sharing", WAYS)
def test_quota_for_half_of_the_units_is_work_for_half_of_the_nodes(sharing):
    plan = round_plan(a_shared_stack(sharing, 1, nodes=2))
    (pool,) = plan.pools
    units = sum(offer.max_units for offer in pool.offers)
    (half,) = estimate(round_plan(a_shared_stack(sharing, units // 2, nodes=2)), RATE).pools
    assert half.expected_nodes == 1


def test_teams_pay_by_the_units_that_their_queues_hold():
    stack = a_shared_stack(PROFILE, 28)
    queues = [
        a_queue(name=name, fallback="capacity", quotas=[{"pool": "a100", "units": units}])
        for name, units in (("large", 21), ("small", 7))
    ]
    teams = [a_team(name="team-a", queues=["large"]), a_team(name="team-b", queues=["small"])]
    large, small, *_ = estimate(round_plan(stack | {"queues": queues, "teams": teams}), RATE).teams
    assert (large.total.expected, small.total.expected) == (Decimal("5482.50"), Decimal("1827.50"))


@pytest.mark.parametrize(("sharing", "key"), [(PROFILE, "units"), (LAYOUT, "gpus")])
def test_a_proposal_speaks_of_quotas_by_the_key_that_they_have(sharing, key):
    """A team whose queue has two of four nodes, 14620 dollars; one is within its budget."""
    plan = round_plan(a_shared_stack(sharing, 1, nodes=4))
    units = plan.pools[0].offers[0].max_units // 2
    team = a_team(budget={"usdPerMonth": 8000, "on": "maximum"})
    values = a_shared_stack(sharing, units, nodes=4, teams=[team])
    plan = round_plan(values)
    (verdict,) = judge(plan, estimate(plan, RATE))
    assert f"pool a100: {key} of queue training {units} -> " in verdict.changes[0].text
    assert f" {key} of queue training {units} -> {units // 2}" in verdict.changes[0].text


@pytest.mark.parametrize("sharing", WAYS)
@pytest.mark.parametrize(("units", "expected"), [(1, "0.5"), (3, "0.5")])
def test_quota_of_a_few_parts_is_work_for_the_whole_node_that_they_need(sharing, units, expected):
    """A node is rented whole: half of the time, however few of its parts somebody has quota of."""
    found = estimate(round_plan(a_shared_stack(sharing, units, nodes=4, percent=50)), RATE)
    assert found.pools[0].expected_nodes == Decimal(expected)
    # 0.5 x 7310, and the control plane.
    assert found.total.expected == Decimal(3728)


def test_a_budget_is_judged_by_whole_nodes():
    """Seven of 28 parts of a node, half of the time: the node is paid for, not a quarter of it."""
    stack = a_shared_stack(PROFILE, 7, nodes=4, percent=50, budget={"usdPerMonth": 3700})
    plan = round_plan(stack)
    (verdict,) = judge(plan, estimate(plan, RATE))
    assert (verdict.spent, verdict.level) == (Decimal(3728), BudgetLevel.EXCEEDED)


def test_a_note_says_where_quota_ends_within_a_node():
    found = estimate(round_plan(a_shared_stack(PROFILE, 7, nodes=4)), RATE)
    assert [note.text for note in found.notes if "in part" in note.text] == [
        "Quota of pool a100 is 0.25 nodes. A node is paid for whole, also where it is used in part: expected counts 1."
    ]
    whole = estimate(round_plan(a_shared_stack(PROFILE, 28, nodes=4)), RATE)
    assert not [note for note in whole.notes if "in part" in note.text]


@pytest.mark.parametrize(
    ("sharing", "request_", "pods", "units"),
    [
        (PROFILE, {"accepts": ["mig"]}, 5, 5),
        # Each GPU has two of them: five pods are on three GPUs.
        (TWO_SMALL, {"accepts": ["mig"], "profile": "1g.5gb"}, 5, 3),
        (TWO_SMALL, {"accepts": ["mig"], "profile": "3g.20gb"}, 3, 3),
        (TURNS, {"accepts": ["time-slicing"]}, 7, 7),
        ({"mode": "none"}, {"count": 2}, 2, 4),
        # More than the quota holds binds nobody.
        (TWO_SMALL, {"accepts": ["mig"], "profile": "3g.20gb"}, 9, None),
    ],
)
def test_a_job_needs_as_many_units_as_hold_what_its_pods_ask_for(sharing, request_, pods, units):
    job = {key: value for key, value in a_job(pods=pods).items() if key != "gpus"} | {"gpu": request_}
    plan = round_plan(a_shared_stack(sharing, 8, nodes=2, jobs=[job]))
    (pool,) = counted_pools(plan)
    assert pool.needs == ({} if units is None else {"training": units})


def test_a_pool_may_go_where_another_one_serves_its_jobs_parts():
    """Two pools that take turns: the dearer one has no quota that a job needs."""
    pools = [
        a_pool(name=name, capacity=capacity(on_demand=nodes), sharing=TURNS) for name, nodes in (("a", 2), ("b", 1))
    ]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a", "units": 32}, {"pool": "b", "units": 16}])
    job = {key: value for key, value in a_job().items() if key != "gpus"} | {"gpu": {"accepts": ["time-slicing"]}}
    stack = round_stack(pools=pools, queues=[queue], jobs=[job])
    plan = round_plan(stack | {"budget": {"usdPerMonth": 15000, "on": "maximum"}})
    (verdict,) = judge(plan, estimate(plan, RATE))
    assert any(change.text.startswith("pool b: remove it") for change in verdict.changes)


@st.composite
def shared_plans(draw):
    """A pool that is shared in any way, used and kept to any part."""
    sharing = draw(st.sampled_from([*WAYS, DEVICES]))
    sizes = {"spot": draw(st.integers(1, 5)), "on-demand": draw(st.integers(1, 5))}
    kinds = [{"type": kind, "maxNodes": n, "minNodes": 0} | draw(some_min_nodes(kind, n)) for kind, n in sizes.items()]
    for item in kinds if sharing is DEVICES else []:
        item["minNodes"] = max(1, item["minNodes"])
    hours, percent = draw(st.integers(1, 168)), draw(st.integers(0, 100))
    stack = a_sharing_stack("local", sharing, capacity=kinds, expectedUse=use(hours, percent))
    key = counted_in(sharing)
    for quota in stack["queues"][0]["quotas"]:
        quota[key] = draw(st.integers(0, 4 * sizes[quota["capacity"]]))
    return a_plan(stack)


@given(shared_plans())
@settings(max_examples=80)
def test_however_gpus_are_shared_everything_adds_up_to_the_cent(plan):
    found = estimate(plan)
    assert sum((team.total for team in found.teams), Dollars()) == found.total
    assert sum((row.total for row in found.capacity_types), Dollars()) == found.total
    assert found.savings.expected == found.total.expected
    assert found.savings.of(SavingsKind.SHARING) <= 0
    (pool,) = found.pools
    assert pool.total.minimum <= pool.total.expected <= pool.total.maximum
    assert all(0 <= offer.expected_nodes <= offer.max_nodes for offer in pool.offers)


def test_pods_that_claim_devices_are_counted_as_other_parts():
    stack = a_sharing_stack("local", DEVICES, capacity=kept())
    (pool,) = estimate(a_plan(stack)).pools
    assert pool.savings.of(SavingsKind.SHARING) < 0 < pool.total.minimum
