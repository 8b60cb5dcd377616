"""A committed use and a savings plan pay for whatever eligible node runs; a reservation for its own nodes alone."""

from dataclasses import replace
from decimal import Decimal
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan import catalogue
from mizan.capacity import CapacityType
from mizan.config import WarmNodes
from mizan.estimate import SavingsKind, Size, estimate, judge
from mizan.estimate.running import as_expected
from mizan.prices import HOURS_PER_MONTH, Basis
from tests.builders import a_pool, a_queue
from tests.estimate_builders import (
    AWS_MACHINE,
    FIFTH_LOST,
    MACHINE,
    RATE,
    a_book,
    a_price,
    capacity,
    on_aws,
    round_estimate,
    round_plan,
    round_stack,
    use,
)

LARGE_MACHINE = "g5.48xlarge"
SIZES = (Size.EXPECTED, Size.MAXIMUM)


def usd(text):
    return Decimal(text)


def aws_price(kind, dollars, machine=AWS_MACHINE, **changes):
    return replace(on_aws(a_price(kind, usd(dollars), **changes)), machine=machine)


def savings_plan(price, percent=30):
    return {"name": "s", "kind": "savings-plan", "usdPerHour": price, "discountPercent": percent}


def committed_use(nodes=1, kind="committed-use"):
    return {"name": "c", "kind": kind, "machine": MACHINE, "nodes": nodes, "usdPerHour": 7}


def pools_of(*pools, machine=MACHINE):
    """Each with its name, nodes and use; on AWS a machine with another GPU."""
    gpu = {} if machine == MACHINE else {"gpu": "a10g"}
    return [
        a_pool(name=name, machine=machine, capacity=nodes, expectedUse=used, meanUptimeHours=1000, **gpu)
        for name, nodes, used in pools
    ]


def gpus_of(pool):
    """The GPUs of a pool by capacity type."""
    return {item["type"]: item["maxNodes"] * catalogue.machines()[pool["machine"]].gpus for item in pool["capacity"]}


def stack_of(pools, commitment, queues=None, **changes):
    every = [{"pool": pool["name"], "gpus": sum(gpus_of(pool).values())} for pool in pools]
    queues = queues or [a_queue(fallback="capacity", quotas=every, workload=FIFTH_LOST)]
    region = "us-central1" if pools[0]["machine"] == MACHINE else "us-east-1"
    return round_stack(pools=pools, queues=queues, commitments=[commitment], region=region, **changes)


def offers(estimated):
    return {offer.name: offer for pool in estimated.pools for offer in pool.offers}


def test_a_savings_plan_pays_for_the_nodes_of_another_pool_where_its_own_do_not_run():
    """A tenth of a node of `a`, ten of `b` in 160 hours; 10 nodes are paid for, a tenth in 160 hours is not."""
    machine = "g5.xlarge"
    book = a_book(aws_price(CapacityType.ON_DEMAND, "1", machine))
    pools = pools_of(
        ("a", capacity(on_demand=10), use(168, 1)), ("b", capacity(on_demand=10), use(160, 100)), machine=machine
    )
    rate = replace(RATE, disk_usd_per_gib_month=usd("0.08"))
    found = estimate(round_plan(stack_of(pools, savings_plan(7)), book), rate)
    assert found.total.expected == usd("5110.00") + usd("69.52") + usd("76.99") + 73
    (plan,) = found.commitments
    # (7 x 160 + 0.07 x 8) x 730 / 168, and a cent of two pools' roundings.
    assert (plan.paid, plan.expected.used, plan.expected.unused) == (usd("5110.00"), usd("4869.10"), usd("240.90"))
    assert (plan.expected.utilisation, plan.expected.coverage) == (usd("0.9529"), usd("0.9901"))


def test_a_committed_use_pays_for_the_nodes_of_another_pool_where_its_own_do_not_run():
    """Two nodes at 7; a tenth of a node in 160 hours at 10 is beyond it: 695.24; disks of 0.1 + 1.9048 nodes."""
    pools = pools_of(("a", capacity(on_demand=2), use(168, 5)), ("b", capacity(on_demand=2), use(160, 100)))
    found = round_estimate(stack_of(pools, committed_use(2)))
    assert found.total.expected == usd("10220.00") + usd("695.24") + usd("20.05") + 73
    assert found.commitments[0].expected.nodes == usd("1.910")


def test_a_savings_plan_pays_for_other_pools_while_its_own_runs_on_spot():
    """3.2 nodes of work of `a` take four spot nodes at 0.4; four of `b` in 70 hours are paid for; disks at 10 each."""
    machine = "g5.xlarge"
    book = a_book(aws_price(CapacityType.ON_DEMAND, "1", machine), aws_price(CapacityType.SPOT, "0.4", machine))
    pools = pools_of(
        ("a", capacity(spot=4, on_demand=4), use(168, 40)), ("b", capacity(on_demand=4), use(70, 100)), machine=machine
    )
    quotas = [("a", "spot"), ("a", "on-demand"), ("b", "on-demand")]
    queue = a_queue(
        fallback="quota",
        quotas=[{"pool": pool, "capacity": kind, "gpus": 4} for pool, kind in quotas],
        workload=FIFTH_LOST,
    )
    found = estimate(round_plan(stack_of(pools, savings_plan("2.8"), [queue]), book), RATE)
    assert offers(found)["ondemand-b"].total.expected == usd("851.66") + usd("16.67")
    assert found.total.expected == usd("2044.00") + usd("1168.00") + 40 + usd("16.67") + 73
    assert found.commitments[0].expected.utilisation == usd("0.4167")


def test_a_reservation_pays_for_its_own_nodes_alone():
    pools = pools_of(("a", capacity(on_demand=2), use(168, 5)), ("b", capacity(on_demand=2), use(160, 100)))
    found = round_estimate(stack_of(pools, committed_use(2, kind="reservation")))
    # A tenth of a node of 7.
    assert found.commitments[0].expected.used == usd("511.00")


def test_what_two_pools_need_of_a_commitment_goes_first_to_the_one_it_was_given_to():
    pools = pools_of(("b", capacity(on_demand=1), use(84, 100)), ("a", capacity(on_demand=1), use(168, 100)))
    found = round_estimate(stack_of(pools, committed_use(1)))
    told = offers(found)
    assert told["reserved-a"].total.expected == usd("5110.00") + 10
    assert told["ondemand-b"].total.expected == usd("3650.00") + 5


def warm_estimate(hours):
    """A node of `a` that is warm 50 hours a week and never used; the committed use is its own, but `b` runs too."""
    pools = pools_of(("a", capacity(on_demand=1), use(168, 0)), ("b", capacity(on_demand=1), use(hours, 100)))
    plan = round_plan(stack_of(pools, committed_use(1)))
    warm = WarmNodes.model_validate({"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10})
    first, second = plan.pools
    return estimate(replace(plan, pools=(replace(first, warm=warm), second)), RATE)


@pytest.mark.parametrize(("hours", "bought"), [(168, "2172.62"), (84, "2172.62"), (20, "869.05")])
def test_an_idle_node_is_bought_while_work_elsewhere_uses_what_is_paid_in_advance(hours, bought):
    """50 hours of 168 at 10; where `b` runs 20 hours, the other 30 are paid for."""
    found = warm_estimate(hours)
    assert found.savings.of(SavingsKind.WARM_NODES) == usd(bought) + usd("2.98")
    assert found.commitments[0].expected.used == (usd("5110.00") * hours / 168).quantize(usd("0.01"))


def two_machines(*order, on_demand_use=100):
    """One node each of `a` at 10, computed, and of `b` at 20, as listed; half of ten dollars is enough for `a`."""
    book = a_book(
        aws_price(CapacityType.ON_DEMAND, "10", basis=Basis.DERIVED),
        aws_price(CapacityType.ON_DEMAND, "20", LARGE_MACHINE, line=3),
    )
    machines = {"a": AWS_MACHINE, "b": LARGE_MACHINE}
    pools = [
        pool
        for name in order
        for pool in pools_of((name, capacity(on_demand=1), use(168, on_demand_use)), machine=machines[name])
    ]
    return estimate(round_plan(stack_of(pools, savings_plan(10, 50)), book), RATE)


def test_what_a_derived_price_leaves_of_a_savings_plan_is_derived_in_the_next_pool():
    """5 of 10 dollars go into `a`; what is left is half of the 10 that `b` takes."""
    found = two_machines("a", "b")
    a, b = found.pools
    assert b.total.expected == usd("3650.00") + usd("7300.00") + 10
    assert (a.is_derived, b.is_derived) == (True, True)
    # However much of it goes into which pool, all of it is used.
    assert (found.commitments[0].expected.unused, found.commitments[0].expected.is_used_derived) == (0, False)


def test_what_a_listed_price_takes_first_is_not_derived():
    found = two_machines("b", "a")
    b, a = found.pools
    assert b.total.expected == usd("7300.00") + 10
    assert (a.is_derived, b.is_derived) == (True, False)


def test_what_a_derived_price_leaves_unused_is_derived():
    """A tenth of both: 0.5 and 1 of 10 dollars."""
    found = two_machines("b", "a", on_demand_use=10)
    b, a = found.pools
    used = found.commitments[0].expected
    assert (used.used, used.is_used_derived, used.is_unused_derived) == (usd("1095.00"), True, True)
    assert b.savings.lines[list(SavingsKind).index(SavingsKind.COMMITMENTS)].is_derived is False
    assert a.savings.lines[list(SavingsKind).index(SavingsKind.COMMITMENTS)].is_derived is True


def judged(values):
    plan = round_plan(values)
    return judge(plan, estimate(plan, RATE))


def two_alike(**changes):
    """Two pools of a node that always runs, and a savings plan for one of them: 5110 + 7300 + 20 + 73."""
    pools = pools_of(
        ("a", capacity(on_demand=1), use(168, 100)), ("b", capacity(on_demand=1), use(168, 100)), machine=AWS_MACHINE
    )
    quotas = [{"pool": name, "gpus": 4} for name in "ab"]
    queue = a_queue(fallback="capacity", quotas=quotas, workload=FIFTH_LOST)
    return stack_of(pools, savings_plan(7), [queue], **changes)


def test_less_use_of_the_pool_that_a_savings_plan_was_given_to_saves_what_another_one_buys():
    """5110 + 73 + 10 of one disk, and for each per cent of the other node 73.10; 65 are 4751.50."""
    (verdict,) = judged(two_alike(budget={"usdPerMonth": 10000, "on": "expected"}))
    told = {change.text: str(change.usd_per_month) for change in verdict.changes}
    assert told["pool a: utilisationPercent 100 -> 65 with hoursPerWeek 168"] == "9944.50"
    assert told["pool b: utilisationPercent 100 -> 65 with hoursPerWeek 168"] == "9944.50"


def test_a_team_of_two_pools_pays_less_of_one_where_the_other_leaves_it_a_commitment():
    """As for the stack, without the control plane."""
    values = two_alike()
    values["teams"][0]["budget"] = {"usdPerMonth": 9927, "on": "expected"}
    (verdict,) = judged(values)
    told = {change.text: str(change.usd_per_month) for change in verdict.changes}
    assert verdict.spent == usd("12430.00")
    assert told["pool a: utilisationPercent 100 -> 65 with hoursPerWeek 168"] == "9871.50"


@st.composite
def shared_stacks(draw):
    """Three pools of two machines, of any hours and use, with commitments for less and for more than they run."""
    is_on_aws = draw(st.booleans())
    machines = [AWS_MACHINE, LARGE_MACHINE] if is_on_aws else [MACHINE]
    pools = [
        pool
        for name in "abc"
        for pool in pools_of(
            (
                name,
                capacity(spot=draw(st.integers(1, 3)), on_demand=draw(st.integers(1, 4))),
                use(draw(st.sampled_from([1, 40, 84, 168])), draw(st.integers(0, 100))),
            ),
            machine=draw(st.sampled_from(machines)),
        )
    ]
    quotas = [
        {"pool": pool["name"], "capacity": kind, "gpus": gpus_of(pool)[kind]}
        for pool in pools
        for kind in ("on-demand", "spot")
    ]
    queue = a_queue(fallback="quota", quotas=quotas, workload=FIFTH_LOST)
    commitments = []
    for index in range(draw(st.integers(1, 3))):
        bought = savings_plan(draw(st.integers(1, 60)), draw(st.integers(1, 90)))
        if not is_on_aws:
            bought = committed_use(draw(st.integers(1, 6)), draw(st.sampled_from(["committed-use", "reservation"])))
        commitments.append(bought | {"name": f"c{index}"})
    region = "us-east-1" if is_on_aws else "us-central1"
    values = round_stack(pools=pools, queues=[queue], commitments=commitments, region=region)
    rows = [aws_price(kind, dollars) for kind, dollars in ((CapacityType.ON_DEMAND, "10"), (CapacityType.SPOT, "4"))]
    large = [
        aws_price(kind, dollars, LARGE_MACHINE, line=3)
        for kind, dollars in ((CapacityType.ON_DEMAND, "17.31"), (CapacityType.SPOT, "7.77"))
    ]
    google = [a_price(kind) for kind in (CapacityType.ON_DEMAND, CapacityType.SPOT)]
    return round_plan(values, a_book(*rows, *large, *google))


@given(shared_stacks())
@settings(max_examples=80, deadline=None)
def test_nothing_is_used_that_is_not_paid_and_a_commitment_costs_no_more_than_what_is_unused_of_it(plan):
    """No node at less than on-demand, so what is used saves; without commitments the same nodes run."""
    found = estimate(plan, RATE)
    bare = tuple(
        replace(pool, offers=tuple(replace(offer, commitments={}) for offer in pool.offers)) for pool in plan.pools
    )
    without = estimate(replace(plan, pools=bare, commitments=()), RATE)
    rounding = usd("0.01") * (len(plan.offers) + len(plan.commitments))
    for size in SIZES:
        unused = found.parts.unused_commitments.at(size)
        assert found.total.at(size) <= without.total.at(size) + unused + rounding
    for commitment in found.commitments:
        for told in (commitment.expected, commitment.maximum):
            assert 0 <= told.used <= commitment.paid == told.used + told.unused


@given(shared_stacks())
@settings(max_examples=40, deadline=None)
def test_pools_in_another_order_cost_the_same_in_total(plan):
    found = estimate(plan, RATE)
    rounding = usd("0.01") * (len(plan.offers) + len(plan.commitments))
    for order in permutations(plan.pools):
        again = estimate(replace(plan, pools=order), RATE)
        for size in SIZES:
            assert abs(again.total.at(size) - found.total.at(size)) <= rounding


@given(shared_stacks())
@settings(max_examples=40, deadline=None)
def test_all_hours_of_a_week_counted_one_by_one_cost_the_same(plan):
    """Hour by hour: what runs in it on-demand is paid from the commitments in their order, and the rest is bought."""
    kept = {each.name for each in plan.commitments if each.keeps_nodes}
    floating = [each for each in plan.commitments if each.name not in kept]
    told = estimate(plan, RATE)
    used = dict.fromkeys((each.name for each in floating), Decimal(0))
    for hour in range(168):
        free = []
        for pool in plan.pools:
            for offer, nodes in zip(pool.offers, as_expected(pool).nodes, strict=True):
                if offer.capacity_type is CapacityType.ON_DEMAND and hour < pool.expected_use.hours_per_week:
                    own = sum(nodes for name, nodes in offer.commitments.items() if name in kept)
                    free.append([offer.price.usd_per_hour, max(Decimal(0), nodes - own)])
        for each in floating:
            left = Decimal(each.nodes or each.usd_per_hour)
            for node in free:
                rate = node[0] * (1 - each.discount) if each.discount is not None else Decimal(1)
                taken = min(node[1], left / rate)
                node[1] -= taken
                left -= taken * rate
                used[each.name] += taken * (rate if each.discount is not None else each.usd_per_hour / each.nodes)
    for commitment in told.commitments:
        if commitment.name in used:
            by_hand = used[commitment.name] * HOURS_PER_MONTH / 168
            assert 0 <= by_hand + usd("1e-6") - commitment.expected.used <= len(plan.offers) * usd("0.01")
