"""What is paid in advance: once, whether used or not, and how far it is used. On-demand is 10 dollars an hour."""

from datetime import timedelta
from decimal import Decimal

from mizan.estimate import CapacityKind, NoteKind, SavingsKind
from mizan.estimate.render import words
from tests.builders import TODAY, a_pool
from tests.estimate_builders import (
    AWS_MACHINE,
    MACHINE,
    a_whole_queue,
    capacity,
    one_pool,
    round_estimate,
    round_stack,
    use,
)


def usd(text):
    return Decimal(text)


def reservation(nodes=1, price=7, **changes):
    return {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": nodes, "usdPerHour": price} | changes


def savings_plan(price, percent=30):
    return {"name": "s", "kind": "savings-plan", "usdPerHour": price, "discountPercent": percent}


def on_demand_only(commitments, percent, nodes=3, hours=168):
    stack = {"commitments": commitments}
    return round_estimate(one_pool(use=use(hours, percent), on_demand=nodes, stack=stack))


def test_a_reservation_is_used_first_and_what_it_cannot_cover_is_bought():
    """1.5 nodes of work: one on the reservation at 7, half a one at 10; three disks of 10 at half of the use."""
    found = on_demand_only([reservation()], 50)
    reserved, bought = found.pools[0].offers
    assert (reserved.name, reserved.expected_nodes) == ("reserved-a100", 1)
    assert reserved.total.expected == usd("5110.00") + 10
    assert bought.total.expected == usd("3650.00") + 5
    assert found.parts.unused_commitments.expected == 0
    (commitment,) = found.commitments
    assert (commitment.paid, commitment.expected.used, commitment.expected.on_demand) == (
        usd("5110.00"),
        usd("5110.00"),
        usd("7300.00"),
    )
    assert (commitment.expected.node_hours, commitment.expected.utilisation) == (730, 1)
    # Of 1.5 nodes, of 3 nodes.
    assert (commitment.expected.coverage, commitment.maximum.coverage) == (usd("0.6667"), usd("0.3333"))


def test_what_is_not_used_of_a_reservation_is_paid_on_a_line_of_its_own():
    """20 % of 3 nodes: 0.6 x 730 x 7 = 3066 is used, 2044 is not; on-demand it were 4380."""
    found = on_demand_only([reservation()], 20)
    assert found.pools[0].total.expected == usd("3066.00") + 6
    assert found.parts.unused_commitments.expected == usd("2044.00")
    assert found.total.expected == usd("5110.00") + 6 + 73
    assert found.savings.of(SavingsKind.COMMITMENTS) == usd("-1314.00")
    assert found.savings.of(SavingsKind.UNUSED_COMMITMENTS) == usd("2044.00")
    use_of_it = found.commitments[0].expected
    assert (use_of_it.nodes, use_of_it.utilisation, use_of_it.coverage) == (usd("0.6"), usd("0.6"), 1)


def test_a_reservation_is_paid_in_full_when_nothing_runs():
    found = on_demand_only([reservation()], 0)
    assert (found.total.minimum, found.total.expected) == (usd("5183.00"), usd("5183.00"))
    assert found.commitments[0].expected.coverage is None
    assert found.commitments[0].expected.utilisation == 0


def test_a_reservation_is_used_in_the_pool_s_hours_alone():
    """Half of the week: half of 5110 is used."""
    found = on_demand_only([reservation()], 100, hours=84)
    assert found.commitments[0].expected.used == usd("2555.00")
    assert found.commitments[0].expected.nodes == usd("0.5")


def test_a_reservation_dearer_than_on_demand_saves_nothing():
    found = on_demand_only([reservation(price=12)], 100, nodes=1)
    assert found.savings.of(SavingsKind.COMMITMENTS) == usd("1460.00")


def test_a_reservation_larger_than_every_pool_is_never_used_up():
    found = on_demand_only([reservation(nodes=4)], 100, nodes=3)
    commitment = found.commitments[0]
    assert commitment.maximum.unused == usd("5110.00")
    assert commitment.maximum.utilisation == usd("0.75")
    assert found.total.maximum == 4 * usd("5110.00") + 30 + 73


def test_two_commitments_of_one_pool_are_used_in_their_order():
    """1.5 nodes of work: all of `r`, half of `later`."""
    found = on_demand_only([reservation(), reservation(name="later", price=8)], 50)
    first, second = found.commitments
    assert (first.expected.nodes, second.expected.nodes) == (1, usd("0.5"))
    assert (first.expected.used, second.expected.used, second.expected.unused) == (
        usd("5110.00"),
        usd("2920.00"),
        usd("2920.00"),
    )
    assert (first.expected.coverage, second.expected.coverage) == (usd("0.6667"), usd("0.3333"))


def with_savings_plan(price, **nodes):
    """Three nodes of on-demand at 10, and of spot at 4, which is never taken back, and all of them run."""
    stack = {"region": "us-east-1", "commitments": [savings_plan(price)]}
    values = one_pool(use=use(168, 100), on_demand=3, stack=stack, **nodes)
    values["pools"][0] |= {"machine": AWS_MACHINE, "gpu": "a10g"}
    return round_estimate(values)


def test_a_savings_plan_pays_the_discounted_price_and_a_part_of_the_last_node():
    """12 dollars an hour at 30 % off 10: at 7 a node 12 / 7 nodes, and 2 / 7 of the second at 10."""
    found = with_savings_plan(12)
    (commitment,) = found.commitments
    assert (commitment.paid, commitment.maximum.used) == (usd("8760.00"), usd("8760.00"))
    assert commitment.maximum.utilisation == 1
    reserved, on_demand = found.pools[0].offers
    # 8760 + 2 / 7 x 7300.
    assert reserved.total.maximum - 20 == usd("10845.71")
    assert on_demand.total.maximum - 10 == usd("7300.00")
    assert found.total.maximum == usd("10845.71") + usd("7300.00") + 30 + 73


def test_a_part_pays_for_the_first_on_demand_node_where_spot_costs_less_than_the_rest_of_it():
    """9 dollars an hour at 7 a node: one node, and 2 / 7 of the next, of which 5 / 7 x 10 are more than 4."""
    found = with_savings_plan(9, spot=1)
    reserved, spot, on_demand = found.pools[0].offers
    assert spot.name == "spot-a100"
    assert (reserved.max_nodes, on_demand.max_nodes) == (1, 2)
    assert reserved.total.maximum - 10 == usd("5110.00")
    # 2 x 730, and 12 / 7 x 7300.
    assert on_demand.total.maximum - 20 == usd("1460.00") + usd("12514.29")
    assert found.commitments[0].maximum.unused == 0


def test_dollars_of_a_savings_plan_are_unused_where_no_node_is_left_to_pay_for():
    """30 dollars an hour, three nodes at 7: 9 an hour are left over, 6570 a month."""
    (commitment,) = with_savings_plan(30).commitments
    assert (commitment.maximum.used, commitment.maximum.unused) == (usd("15330.00"), usd("6570.00"))


def test_a_commitment_goes_where_nothing_cheaper_would_run():
    pools = [
        a_pool(capacity=capacity(spot=2, on_demand=2), expectedUse=use(168, 100)),
        a_pool(name="b", capacity=capacity(on_demand=2), expectedUse=use(160, 100)),
    ]
    found = round_estimate(round_stack(pools=pools, commitments=[reservation(nodes=2)]))
    assert [[offer.name for offer in pool.offers] for pool in found.pools] == [
        ["spot-a100", "ondemand-a100"],
        ["reserved-b"],
    ]


def test_what_runs_most_hours_uses_a_commitment_first():
    pools = [
        a_pool(capacity=capacity(on_demand=2), expectedUse=use(40, 100)),
        a_pool(name="b", capacity=capacity(on_demand=2), expectedUse=use(168, 100)),
    ]
    found = round_estimate(round_stack(pools=pools, queues=[a_whole_queue(8)], commitments=[reservation(nodes=2)]))
    assert found.commitments[0].expected.utilisation == 1
    assert [[offer.name for offer in pool.offers] for pool in found.pools] == [["ondemand-a100"], ["reserved-b"]]


def test_a_commitment_of_two_pools_is_used_by_both_and_paid_once():
    pools = [
        a_pool(capacity=capacity(on_demand=1), expectedUse=use(168, 100)),
        a_pool(name="b", capacity=capacity(on_demand=2), expectedUse=use(168, 50)),
    ]
    found = round_estimate(round_stack(pools=pools, queues=[a_whole_queue(4)], commitments=[reservation(nodes=2)]))
    (commitment,) = found.commitments
    # Pool b has work for one node, and one of its two is reserved.
    assert (commitment.expected.nodes, commitment.expected.used) == (2, usd("10220.00"))
    assert found.total.maximum == usd("10220.00") + usd("7300.00") + 30 + 73


def test_committed_nodes_have_a_row_of_their_own_among_the_capacity_types():
    found = on_demand_only([reservation()], 50)
    assert [(row.kind, row.max_nodes, str(row.expected_nodes)) for row in found.capacity_types] == [
        (CapacityKind.ON_DEMAND, 2, "0.500"),
        (CapacityKind.COMMITTED, 1, "1.000"),
        (CapacityKind.SHARED, 0, "0"),
    ]


def test_gpu_and_host_of_a_committed_node_are_cut_as_on_demand_is():
    """83.6 % of 5110."""
    reserved = on_demand_only([reservation()], 50).pools[0].offers[0]
    assert (reserved.parts.gpu.expected, reserved.parts.host.expected) == (usd("4271.96"), usd("838.04"))
    assert reserved.commitments == {"r": 1}


def test_one_that_ends_within_the_month_is_noted():
    soon, later = (reservation(until=str(TODAY + timedelta(days=days))) for days in (29, 30))
    assert on_demand_only([later], 50).note(NoteKind.COMMITMENT_ENDS) == ()
    (note,) = on_demand_only([soon], 50).note(NoteKind.COMMITMENT_ENDS)
    assert note.text == (
        f"Commitment r ends on {soon['until']}, but is counted for a whole month; from then on its nodes cost what "
        "they cost on-demand."
    )


def test_a_sentence_tells_what_all_of_it_and_what_a_node_costs_and_until_when():
    found = on_demand_only([reservation(nodes=2, until="2027-06-30")], 50)
    assert words.commitment(found, found.commitments[0]) == (
        f"r: reservation of 2 x {MACHINE} at 14.0000 an hour together, 7.0000 each, until 2027-06-30; the stack's own "
        "figure."
    )
