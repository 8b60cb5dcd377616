"""How far commitments reach: never beyond what is bought, never beyond a pool, and used up from the first on."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.catalogue import machines
from mizan.config import CommitmentKind
from mizan.plan import CommitmentPlan
from mizan.plan.commitments import covered_nodes, savings_of_covered, told_apart

MACHINES = ("a2-highgpu-1g", "a2-highgpu-4g", "g5.xlarge")
PRICE = {"a2-highgpu-1g": Decimal(4), "a2-highgpu-4g": Decimal(15), "g5.xlarge": Decimal(1)}


def a_commitment(name, machine=None, nodes=None, usd="10", discount=None, provider="gcp"):
    return CommitmentPlan(
        name=name,
        kind=CommitmentKind.SAVINGS_PLAN if nodes is None else CommitmentKind.RESERVATION,
        machine=machines()[machine] if machine else None,
        provider=machines()[machine].provider if machine else provider,
        nodes=nodes,
        usd_per_hour=Decimal(usd),
        discount=None if discount is None else Decimal(discount),
        source="test",
        as_of=None,
        basis=None,
    )


reservations = st.builds(a_commitment, st.uuids().map(str), machine=st.sampled_from(MACHINES), nodes=st.integers(1, 20))
plans = st.builds(
    a_commitment,
    st.uuids().map(str),
    machine=st.none() | st.sampled_from(MACHINES),
    usd=st.decimals("0.01", "200", places=2),
    discount=st.sampled_from(["0.1", "0.3", "0.72"]),
    provider=st.sampled_from(["gcp", "aws"]),
)
pools = st.dictionaries(
    st.sampled_from("abcde"), st.tuples(st.sampled_from(MACHINES), st.integers(1, 15)), min_size=1
).map(lambda found: {pool: (machine, PRICE[machine], nodes) for pool, (machine, nodes) in found.items()})


# A node's last twelfth digit.
DIGIT = Decimal("1e-12")


def test_a_savings_plan_pays_nodes_at_its_discount_the_last_in_part_and_only_of_its_provider():
    on_demand = {"a": ("a2-highgpu-4g", Decimal(15), 9), "b": ("g5.xlarge", Decimal(1), 9)}
    # 33.6 dollars at 15 x 0.7 = 10.5 a node: 3.2 nodes.
    assert covered_nodes([a_commitment("p", usd="33.6", discount="0.3")], on_demand) == {
        "a": {"p": Decimal("3.2")},
        "b": {},
    }
    assert covered_nodes([a_commitment("p", usd="2.1", discount="0.3", provider="aws")], on_demand) == {
        "a": {},
        "b": {"p": 3},
    }


def test_dollars_that_one_pool_leaves_pay_for_the_next():
    on_demand = {"a": ("a2-highgpu-4g", Decimal(15), 1), "c": ("a2-highgpu-1g", Decimal(4), 9)}
    # One node at 10.5, and 1.4 of 2.8 a node.
    assert covered_nodes([a_commitment("p", usd="11.9", discount="0.3")], on_demand) == {
        "a": {"p": 1},
        "c": {"p": Decimal("0.5")},
    }


def test_what_counts_nodes_is_used_before_a_savings_plan_wherever_it_stands():
    commitments = [a_commitment("plan", usd="5.6", discount="0.3"), a_commitment("held", "a2-highgpu-1g", nodes=2)]
    on_demand = {"a": ("a2-highgpu-1g", Decimal(4), 3)}
    assert covered_nodes(commitments, on_demand) == {"a": {"held": 2, "plan": 1}}


# On-demand 10 an hour, a useful hour of spot 4.
SPOT = (Decimal(10), [Decimal(4)])


def test_the_last_node_is_tried_first_where_the_rest_of_its_price_is_below_a_useful_hour_elsewhere():
    assert told_apart({"p": Decimal("2.61")}, *SPOT) == ({"p": Decimal("2.61")}, {})
    assert told_apart({"p": Decimal("2.6")}, *SPOT) == ({"p": 2}, {"p": Decimal("0.6")})
    assert told_apart({"p": Decimal("0.4")}, *SPOT) == ({}, {"p": Decimal("0.4")})
    assert told_apart({"p": Decimal(3)}, *SPOT) == ({"p": 3}, {})


@pytest.mark.parametrize("others", [[], [None]])
def test_the_last_node_is_tried_first_where_nothing_else_does_work(others):
    assert told_apart({"p": Decimal("2.1")}, Decimal(10), others) == ({"p": Decimal("2.1")}, {})


def test_beside_another_commitment_a_part_stays_with_on_demand():
    assert told_apart({"held": Decimal(2), "p": Decimal("0.9")}, *SPOT) == ({"held": 2}, {"p": Decimal("0.9")})
    assert told_apart({"p": Decimal("0.7"), "q": Decimal("0.6")}, *SPOT) == (
        {"p": Decimal("0.7"), "q": Decimal("0.3")},
        {"q": Decimal("0.3")},
    )


@given(st.dictionaries(st.sampled_from("abcd"), st.decimals("0.01", "20", places=3)))
def test_nothing_is_lost_when_nodes_are_told_apart(covered):
    first, part = told_apart(covered, *SPOT)
    assert {name: first.get(name, 0) + part.get(name, 0) for name in covered} == covered
    assert sum(part.values()) < 1
    assert all(nodes > 0 for nodes in (*first.values(), *part.values()))


def test_a_node_paid_for_in_advance_saves_what_the_cheapest_other_one_costs():
    assert savings_of_covered(100, Decimal(10), [Decimal(4), None]) == 40
    assert savings_of_covered(100, Decimal(10), [Decimal(12)]) == 100
    assert savings_of_covered(50, Decimal(10), []) == 50


@given(st.lists(reservations | plans, max_size=5), pools)
def test_what_is_covered_is_bought_and_is_there(commitments, on_demand):
    covered = covered_nodes(commitments, on_demand)
    assert covered.keys() == on_demand.keys()
    for pool, (_, _, nodes) in on_demand.items():
        assert sum(covered[pool].values()) <= nodes
        assert all(count > 0 for count in covered[pool].values())
    for each in commitments:
        nodes = {pool: found[each.name] for pool, found in covered.items() if each.name in found}
        assert each.machine is None or all(on_demand[pool][0] == each.machine.name for pool in nodes)
        if each.discount is None:
            assert sum(nodes.values()) <= each.nodes
        else:
            paid = sum(count * on_demand[pool][1] * (1 - each.discount) for pool, count in nodes.items())
            assert paid <= each.usd_per_hour + DIGIT * 1000


@given(plans, pools)
def test_no_dollar_of_a_savings_plan_is_idle_while_a_node_it_could_pay_for_is_not_covered(plan, on_demand):
    covered = covered_nodes([plan], on_demand)
    could = {
        pool: (price, nodes)
        for pool, (name, price, nodes) in on_demand.items()
        if (plan.machine is None and machines()[name].provider == plan.provider)
        or (plan.machine is not None and plan.machine.name == name)
    }
    there = sum(price * nodes for price, nodes in could.values()) * (1 - plan.discount)
    paid = sum(covered[pool].get(plan.name, 0) * price for pool, (price, _) in could.items()) * (1 - plan.discount)
    assert abs(paid - min(there, plan.usd_per_hour)) <= DIGIT * 1000


@given(st.lists(reservations, min_size=1, max_size=5), pools)
def test_no_reservation_is_idle_while_a_node_of_its_machine_is_not_covered(commitments, on_demand):
    covered = covered_nodes(commitments, on_demand)
    for machine in MACHINES:
        bought = sum(each.nodes for each in commitments if each.machine.name == machine)
        there = sum(nodes for name, _, nodes in on_demand.values() if name == machine)
        used = sum(sum(covered[pool].values()) for pool, (name, _, _) in on_demand.items() if name == machine)
        assert used == min(bought, there)
