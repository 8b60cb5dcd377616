"""How far commitments reach: never beyond what is bought, never beyond a pool, and used up from the first on."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from mizan.catalogue import machines
from mizan.config import CommitmentKind
from mizan.plan import CommitmentPlan
from mizan.plan.commitments import covered_nodes

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


def test_a_savings_plan_pays_whole_nodes_at_its_discount_and_only_of_its_provider():
    on_demand = {"a": ("a2-highgpu-4g", Decimal(15), 9), "b": ("g5.xlarge", Decimal(1), 9)}
    # 32 dollars at 15 x 0.7 = 10.5 a node: three nodes, and 0.5 is left over.
    assert covered_nodes([a_commitment("p", usd="32", discount="0.3")], on_demand) == {"a": {"p": 3}, "b": {}}
    assert covered_nodes([a_commitment("p", usd="2", discount="0.3", provider="aws")], on_demand) == {
        "a": {},
        "b": {"p": 2},
    }


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
            assert paid <= each.usd_per_hour


@given(st.lists(reservations, min_size=1, max_size=5), pools)
def test_no_reservation_is_idle_while_a_node_of_its_machine_is_not_covered(commitments, on_demand):
    covered = covered_nodes(commitments, on_demand)
    for machine in MACHINES:
        bought = sum(each.nodes for each in commitments if each.machine.name == machine)
        there = sum(nodes for name, _, nodes in on_demand.values() if name == machine)
        used = sum(sum(covered[pool].values()) for pool, (name, _, _) in on_demand.items() if name == machine)
        assert used == min(bought, there)
