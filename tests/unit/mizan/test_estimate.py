"""Dollars that were worked out by hand, at the round prices of tests/estimate_builders.py."""

from dataclasses import replace
from decimal import Decimal

import pytest

from mizan.capacity import CapacityType
from mizan.config import Cloud
from mizan.errors import PlatformError
from mizan.estimate import CapacityKind, NoteKind, SavingsKind, Size, estimate, merged
from mizan.prices import Basis
from mizan.prices.hosts import host_rate
from mizan.sharing import SharingMode, sharing_of
from tests.builders import a_plan, a_pool, a_queue, a_stack, an_existing_stack
from tests.estimate_builders import (
    RATE,
    a_book,
    a_price,
    capacity,
    one_pool,
    round_estimate,
    round_plan,
    round_stack,
    use,
)

SPOT, ON_DEMAND, FLEX_START = CapacityType.SPOT, CapacityType.ON_DEMAND, CapacityType.FLEX_START


def usd(text):
    return Decimal(text)


def sizes(dollars):
    return [str(dollars.at(size)) for size in Size]


def lines(savings):
    return {line.kind.value: str(line.usd_per_month) for line in savings.lines if line.usd_per_month}


def test_a_pool_that_runs_half_the_week_half_full_costs_what_paper_says():
    """1.5 of 3 nodes for 730 / 2 = 365 h. Spot loses a fifth, so 1.5 / 0.8 = 1.875 of its 2 nodes run.

    Nodes 1.875 x 365 x 4 = 2737.50, of which GPU 83.6 % = 2288.55; disks 1.875 x 365 x 10 / 730 = 9.375.
    Maximum: 2 x 730 x 4 + 1 x 730 x 10 = 13140, disks 30.
    """
    found = round_estimate(one_pool(use=use(84, 50), spot=2, on_demand=1))
    assert sizes(found.total) == ["73.00", str(usd("2737.50") + usd("9.38") + 73), str(usd("13140.00") + 30 + 73)]
    assert [sizes(getattr(found.parts, part)) for part in ("gpu", "host", "disk", "control_plane")] == [
        ["0.00", "2288.55", "10985.04"],
        ["0.00", "448.95", "2154.96"],
        ["0.00", "9.38", "30.00"],
        ["73.00", "73.00", "73.00"],
    ]
    (pool,) = found.pools
    spot, on_demand = pool.offers
    assert (spot.expected_nodes, on_demand.expected_nodes) == (usd("0.938"), 0)
    assert (spot.lost_share, pool.undone_nodes, pool.max_nodes) == (usd("0.2"), 0, 3)


def test_every_step_from_always_on_demand_down_to_expected_is_what_paper_says():
    """Baseline 3 x 7300 + 3 x 10 + 73. Half the hours, half the nodes, 1.5 x 365 x 6 less for spot, and a quarter more
    spot for what is lost: (1.875 - 1.5) x (365 x 4 + 5) = 549.375, rounded in two bills.
    """
    savings = round_estimate(one_pool(use=use(84, 50), spot=2, on_demand=1)).savings
    assert savings.baseline == usd("22003.00")
    assert lines(savings) == {
        "schedules": "-10965.00",
        "scale-to-zero": "-5482.50",
        "spot": "-3285.00",
        "interruptions": "549.38",
    }
    assert [line.kind for line in savings.lines] == list(SavingsKind)
    assert (savings.expected, savings.saved) == (usd("2819.88"), usd("19183.12"))


def test_work_that_spot_has_no_room_for_goes_to_on_demand():
    """70 % of 3 nodes is 2.1. Two spot nodes do 1.6 of it; 0.5 is left for on-demand: 2 x 2920 + 0.5 x 7300."""
    found = round_estimate(one_pool(use=use(168, 70), spot=2, on_demand=1))
    spot, on_demand = found.pools[0].offers
    assert (spot.expected_nodes, on_demand.expected_nodes) == (2, usd("0.5"))
    assert spot.total.expected == usd("5860.00")
    assert on_demand.total.expected == usd("3655.00")
    # Without losses 2 spot nodes and 0.1 on-demand would do: 0.4 x (7300 + 10) more is paid.
    assert lines(found.savings)["interruptions"] == "2924.00"


def test_work_beyond_every_node_stays_undone_and_costs_no_more_than_the_maximum():
    """3 nodes of work, spot does 1.6 and on-demand 1: 0.4 is left."""
    found = round_estimate(one_pool(use=use(168, 100), spot=2, on_demand=1))
    assert found.total.expected == found.total.maximum
    assert found.pools[0].undone_nodes == usd("0.4")
    (note,) = found.note(NoteKind.UNDONE_WORK)
    assert note.text == (
        "Pool a100 has too few nodes or too little quota for what is expected of it: interruptions leave the work of "
        "0.4 nodes undone."
    )


def test_the_maximum_is_the_bill_of_the_machines_whatever_they_lose():
    found = round_estimate(one_pool(use=use(), spot=1))
    assert found.pools[0].total.maximum == usd("2920.00") + 10
    assert "Maximum does not add it" in found.note(NoteKind.INTERRUPTIONS)[0].text


def test_a_schedule_alone_and_utilisation_alone_are_told_apart():
    assert lines(round_estimate(one_pool(use=use(84, 100), on_demand=1)).savings) == {"schedules": "-3655.00"}
    assert lines(round_estimate(one_pool(use=use(168, 50), on_demand=1)).savings) == {"scale-to-zero": "-3655.00"}
    assert lines(round_estimate(one_pool(use=use(168, 100), on_demand=1)).savings) == {}


def test_flex_start_has_a_line_of_its_own():
    """One node always: 730 x (10 - 6) = 2920 saved. GPU and host are cut as on-demand is: 4380 x 83.6 %."""
    existing = {key: value for key, value in an_existing_stack().items() if key in {"cloud", "cluster", "addons"}}
    found = round_estimate(one_pool(use=use(168, 100), flex_start=1, stack=existing))
    assert lines(found.savings) == {"flex-start": "-2920.00"}
    assert found.parts.gpu.expected == usd("3661.68")
    assert found.parts.host.expected == usd("718.32")
    assert [row.kind for row in found.capacity_types] == [CapacityKind.FLEX_START, CapacityKind.SHARED]


def test_units_that_share_gpus_save_whole_machines():
    """16 units on 4 GPUs: with a GPU each they would need 4 machines, three more than there are."""
    plan = round_plan(one_pool(use=use(168, 100), on_demand=1))
    (pool,) = plan.pools
    fourths = sharing_of(pool.machine.gpu, SharingMode.TIME_SLICING, replicas=4)
    shared = replace(pool, offers=(replace(pool.offers[0], sharing=fourths),), claims=None)
    found = estimate(replace(plan, pools=(shared,)), RATE)
    assert lines(found.savings) == {"sharing": "-21930.00"}
    assert found.savings.baseline == 4 * usd("7310.00") + 73


def test_an_existing_cluster_s_control_plane_is_paid_elsewhere():
    existing = {key: value for key, value in an_existing_stack().items() if key in {"cloud", "cluster", "addons"}}
    found = round_estimate(round_stack(**existing))
    assert sizes(found.parts.control_plane) == ["0.00", "0.00", "0.00"]
    assert found.note(NoteKind.CONTROL_PLANE)[0].text == (
        "The control plane of cluster prod-cluster is paid where the cluster was made, so it is 0 here."
    )
    simulated = round_estimate().note(NoteKind.CONTROL_PLANE)[0].text
    assert simulated == "The cluster is simulated; its control plane is counted at $0.10 an hour, as GKE charges it."


def test_a_host_dearer_than_its_machine_leaves_nothing_for_the_gpu():
    book = a_book(a_price(ON_DEMAND, usd("1.64")))
    found = round_estimate(one_pool(use=use(168, 100), on_demand=1), book)
    assert sizes(found.parts.gpu) == ["0.00", "0.00", "0.00"]
    assert found.parts.host.expected == usd("1197.20")
    (note,) = found.note(NoteKind.HOST_ABOVE_PRICE)
    assert note.text == (
        "A host like a2-highgpu-4g without GPU costs $1.64 an hour, no less than the machine itself: the GPU part of "
        "pool a100 is 0."
    )
    assert round_estimate().note(NoteKind.HOST_ABOVE_PRICE) == ()


def test_without_an_on_demand_price_an_offer_stands_at_its_own():
    """Spot at 4 in the baseline, so nothing is saved by it; the GPU part is 1 - 1.64 / 4 = 59 %."""
    found = round_estimate(one_pool(use=use(168, 80), spot=1), a_book(a_price(SPOT)))
    assert found.savings.baseline == usd("2930.00") + 73
    assert lines(found.savings) == {"scale-to-zero": "-586.00", "interruptions": "586.00"}
    assert found.pools[0].offers[0].parts.gpu.maximum == usd("1722.80")
    (note,) = found.note(NoteKind.NO_ON_DEMAND_PRICE)
    assert note.text.startswith("No on-demand price of a2-highgpu-4g in us-central1 is known")


def test_a_cluster_that_the_stack_makes_at_google_is_no_simulated_one():
    plan = replace(round_plan(), cloud=Cloud.GKE)
    (note,) = estimate(plan, RATE).note(NoteKind.CONTROL_PLANE)
    assert note.text == "The control plane is counted at $0.10 an hour, as GKE charges it."


def test_no_work_is_expected_where_none_can_be_done_but_its_nodes_are_paid():
    """Ten nodes stay up 180 s together and need 900 s to start again: spot is kept as somebody listed it."""
    values = one_pool(use=use(168, 50), spot=2, on_demand=1)
    values["pools"][0] |= {"meanUptimeHours": 0.5, "order": "listed"}
    values["queues"][0]["workload"] = {"nodes": 10, "restartSeconds": 900}
    found = round_estimate(values)
    spot = found.pools[0].offers[0]
    assert not spot.is_feasible
    assert (spot.expected_nodes, spot.lost_share) == (usd("1.5"), 0)
    assert [note.text for note in found.note(NoteKind.INTERRUPTIONS)] == [
        (
            "No work is expected to get done on spot-a100: its nodes are counted as they are paid, nothing as saved by "
            "them, and their work as undone."
        )
    ]
    # All of the work is spot's.
    assert found.pools[0].undone_nodes == usd("1.5")
    assert found.savings.of(SavingsKind.SPOT) == 0


def test_a_larger_disk_is_paid_for_as_long_as_its_node_runs():
    values = one_pool(use=use(84, 100), on_demand=2)
    values["pools"][0]["diskGib"] = 500
    found = round_estimate(values)
    assert sizes(found.parts.disk) == ["0.00", "50.00", "100.00"]


def test_an_hour_is_the_month_s_mean_hour():
    found = round_estimate(one_pool(use=use(84, 100), on_demand=1))
    assert found.pools[0].total.per_hour(Size.MAXIMUM) == usd("10.0137")
    assert found.pools[0].total.per_hour(Size.EXPECTED) == usd("5.0068")


def test_google_s_prices_give_google_s_bill():
    """2 x 7.71208 x 730 = 11259.6368 and 14.69354 x 730 = 10726.2842. An N1 host of the same size costs
    48 x 0.031611 + 340 x 0.004237 = 2.957908, which is 20.130669 % of 14.69354: 2266.64 and 2159.27.
    Source: Cyclenerd/google-cloud-pricing-cost-calculator@fd66b26f pricing.yml, us-central1, 2026-07-30; N1
    opencost/opencost@5f65333 configs/default.json.
    """
    book = a_book(a_price(SPOT, usd("7.71208")), a_price(ON_DEMAND, usd("14.69354")))
    rate = replace(RATE, usd_per_vcpu_hour=usd("0.031611"), usd_per_gib_hour=usd("0.004237"))
    (pool,) = estimate(round_plan(book=book), rate).pools
    assert [str(offer.parts.host.maximum) for offer in pool.offers] == ["2266.64", "2159.27"]
    assert [str(offer.parts.gpu.maximum) for offer in pool.offers] == ["8993.00", "8567.01"]
    assert pool.total.maximum == usd("11259.64") + usd("10726.28") + 30


def test_a_stack_is_priced_at_the_rates_of_its_own_region():
    plan = round_plan()
    assert estimate(plan) == estimate(plan, host_rate("gcp", "us-central1"))
    assert estimate(replace(plan, region="mars-north1")).stacks[0].is_derived


def test_notes_tell_price_dates_derived_rows_and_old_ones():
    old = a_price(SPOT, as_of=RATE.as_of.replace(month=7), basis=Basis.DERIVED)
    found = round_estimate(book=a_book(old, a_price(ON_DEMAND)))
    assert (str(found.oldest), str(found.newest)) == ("2026-07-01", "2026-11-01")
    assert [note.text for note in found.notes[:3]] == [
        "Prices of us-central1 are from 2026-07-01 to 2026-11-01.",
        "Derived, not read from a list: the prices of spot-a100.",
        "More than 90 days old on 2026-11-22: the prices of spot-a100 (2026-07-01).",
    ]
    spot, on_demand = found.pools[0].offers
    assert (spot.is_derived, spot.is_stale, on_demand.is_derived, on_demand.is_stale) == (True, True, False, False)
    assert found.is_derived
    assert [row.is_derived for row in found.capacity_types] == [True, False, False]
    assert not round_estimate().is_derived


def test_derived_rates_of_hosts_mark_the_split_and_not_the_total():
    rate = replace(RATE, basis=Basis.DERIVED, source="SOLVED")
    found = estimate(round_plan(), rate)
    assert (found.is_derived, found.is_split_derived, found.stacks[0].is_derived) == (False, True, True)
    assert [note.text for note in found.note(NoteKind.DERIVED)] == [
        "Derived, not read from a list: what a host costs without GPU, and so GPU and host part (SOLVED)."
    ]


def test_a_derived_on_demand_price_marks_the_split_of_spot():
    book = a_book(a_price(SPOT), a_price(ON_DEMAND, basis=Basis.DERIVED))
    (pool,) = round_estimate(one_pool(use=use(), spot=1), book).pools
    assert (pool.is_derived, pool.is_split_derived) == (False, True)


def test_what_is_left_out_is_told_with_its_reason():
    """9.50 saves 5 % against 10, less than the stack's 10 %."""
    found = round_estimate(book=a_book(a_price(SPOT, usd("9.5")), a_price(ON_DEMAND)))
    assert [offer.name for offer in found.pools[0].offers] == ["ondemand-a100"]
    (left_out,) = found.pools[0].left_out
    assert left_out.capacity_type is SPOT
    (note,) = found.note(NoteKind.LEFT_OUT)
    assert note.text == f"Pool a100 does without spot: {left_out.reason}."
    assert "saves 5.0 % against on-demand" in left_out.reason


def test_several_stacks_are_summed_and_keep_their_own_control_planes():
    first = round_estimate(one_pool(use=use(84, 50), spot=2, on_demand=1), stack="dev")
    second = round_estimate(one_pool(use=use(168, 50), on_demand=1), stack="prod")
    both = merged([first, second])
    assert both.total == first.total + second.total
    assert sizes(both.parts.control_plane) == ["146.00", "146.00", "146.00"]
    assert both.savings.baseline == first.savings.baseline + second.savings.baseline
    assert both.savings.expected == both.total.expected
    assert [(pool.stack, pool.name) for pool in both.pools] == [("dev", "a100"), ("prod", "a100")]
    assert [(team.name, team.total) for team in both.teams] == [
        (mine.name, mine.total + theirs.total) for mine, theirs in zip(first.teams, second.teams, strict=True)
    ]
    assert [(row.kind.value, row.max_nodes) for row in both.capacity_types] == [
        ("spot", 2),
        ("on-demand", 2),
        ("shared", 0),
    ]
    assert both.notes == first.notes + second.notes


def test_one_stack_is_not_counted_twice():
    with pytest.raises(PlatformError, match="stack dev: in the estimate twice"):
        merged([round_estimate(stack="dev"), round_estimate(stack="dev")])


def test_expected_use_is_named_as_an_assumption_with_its_pools():
    values = round_stack()
    other = values["pools"][0] | {"name": "b", "capacity": capacity(spot=1), "expectedUse": use(50, 60)}
    found = round_estimate(values | {"pools": [*values["pools"], other]})
    assert [note.text for note in found.note(NoteKind.EXPECTED_USE)] == [
        f"Expected is what `expectedUse` assumes, not a measurement: {assumed}."
        for assumed in (
            "168 of 168 hours a week, 50 % of the nodes for which there is quota, for a100",
            "50 of 168 hours a week, 60 % of the nodes for which there is quota, for b",
        )
    ]


def test_work_meant_for_spot_that_is_left_out_is_done_on_demand():
    capacity = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 2}]
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 16}])
    found = estimate(a_plan(a_stack(pools=[a_pool(capacity=capacity)], queues=[queue], spot={"minSavingsPercent": 60})))
    # 50 % of four nodes is two: 2 x 14.69354 x 730 = 21,452.57, two disks of 10 a month, and 73 for the control plane.
    assert found.total.expected == Decimal("21545.57")
    assert found.total.expected == found.total.maximum
