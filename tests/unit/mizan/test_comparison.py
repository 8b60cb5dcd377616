"""What a change of a stack does to its bill, line by line, with the reasons."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan.capacity import CapacityType
from mizan.estimate import Dollars, LineKind, compare, estimate, merged
from mizan.prices import Basis
from tests.builders import a_pool, a_queue, an_existing_stack
from tests.estimate_builders import (
    AS_OF,
    MACHINE,
    RATE,
    a_book,
    a_price,
    a_whole_queue,
    capacity,
    one_pool,
    round_estimate,
    round_plan,
    round_stack,
    use,
)

SPOT, ON_DEMAND = CapacityType.SPOT, CapacityType.ON_DEMAND


def usd(text):
    return Decimal(text)


def reasons(comparison):
    return {line.name: line.reasons for line in comparison.lines if line.reasons}


def with_pool(**changes):
    return round_stack(pools=[a_pool(meanUptimeHours=1000, expectedUse=use(168, 50)) | changes])


def reservation(**changes):
    return {"name": "r", "kind": "reservation", "machine": MACHINE, "nodes": 1, "usdPerHour": 7} | changes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"capacity": capacity(spot=4, on_demand=1)}, ["maxNodes of spot 2 -> 4"]),
        ({"capacity": capacity(spot=2)}, ["on-demand removed"]),
        ({"expectedUse": use(50, 50)}, ["hoursPerWeek 168 -> 50"]),
        ({"expectedUse": use(168, 70)}, ["utilisationPercent 50 -> 70"]),
        ({"diskGib": 200}, ["diskGib 100 -> 200"]),
        (
            {"capacity": capacity(on_demand=1, spot=2), "order": "listed"},
            ["order spot, on-demand -> on-demand, spot"],
        ),
    ],
)
def test_a_changed_pool_says_what_changed(changes, told):
    fits_each = {"queues": [a_whole_queue(8)]}
    found = compare(round_estimate(with_pool() | fits_each), round_estimate(with_pool(**changes) | fits_each))
    assert reasons(found) == {"a100": tuple(told)}
    assert found.lines[0].difference != Dollars()


def test_the_difference_is_after_less_before_at_each_size():
    """Two more spot nodes: 2 x 2930 at most; half of them, 1.25 each for what is lost, expected."""
    more = with_pool(capacity=capacity(spot=4, on_demand=1)) | {"queues": [a_whole_queue(20)]}
    before, after = round_estimate(with_pool()), round_estimate(more)
    found = compare(before, after)
    assert found.difference == Dollars(minimum=usd("0.00"), expected=usd("3662.50"), maximum=usd("5860.00"))
    (pool, control_plane) = found.lines
    assert (pool.kind, pool.difference) == (LineKind.POOL, found.difference)
    assert (control_plane.kind, control_plane.difference, control_plane.reasons) == (
        LineKind.CONTROL_PLANE,
        Dollars(),
        (),
    )
    assert found.changed == (pool,)


def test_pools_that_come_and_go_are_added_and_removed():
    pools = {name: a_pool(name=name, capacity=capacity(on_demand=1)) for name in ("a", "b", "c")}
    queues = [a_queue(fallback="capacity", quotas=[{"pool": "b", "gpus": 4}])]
    before = round_estimate(round_stack(pools=[pools["a"], pools["b"]], queues=queues))
    after = round_estimate(round_stack(pools=[pools["c"], pools["b"]], queues=queues))
    found = compare(before, after)
    assert [(line.name, line.reasons) for line in found.lines] == [
        ("c", ("added",)),
        ("b", ()),
        ("a", ("removed",)),
        ("test", ()),
    ]
    assert [str(line.difference.maximum) for line in found.lines] == ["7310.00", "0.00", "-7310.00", "0.00"]


def test_with_nothing_to_compare_everything_is_added():
    after = round_estimate()
    found = compare(None, after)
    assert (found.before, found.after, found.difference) == (None, after.total, after.total)
    assert [line.reasons for line in found.lines] == [("added",), ("added",)]


def test_a_new_price_row_is_told_with_both_prices_and_days():
    day = AS_OF.replace(day=20)
    book = a_book(a_price(SPOT, usd("4.25"), as_of=day), a_price(ON_DEMAND))
    assert reasons(compare(round_estimate(), round_estimate(book=book))) == {
        "a100": ("price of spot $4.00 (2026-11-01) -> $4.25 (2026-11-20)",)
    }


def test_a_computed_price_is_marked_where_it_is_the_reason():
    book = a_book(a_price(SPOT, usd("4.25"), basis=Basis.DERIVED), a_price(ON_DEMAND))
    (told,) = reasons(compare(round_estimate(), round_estimate(book=book)))["a100"]
    assert told == "price of spot $4.00 (2026-11-01) -> $4.25 (derived) (2026-11-01)"


def test_a_capacity_type_that_is_no_longer_worth_it_says_why():
    book = a_book(a_price(SPOT, usd("9.5")), a_price(ON_DEMAND))
    (told,) = reasons(compare(round_estimate(), round_estimate(book=book)))["a100"]
    assert told.startswith("spot left out: saves 5.0 % against on-demand")
    # And back.
    back = compare(round_estimate(book=book), round_estimate())
    assert reasons(back) == {"a100": ("spot added, maxNodes 2",)}


def test_more_interruptions_are_a_reason():
    workload = {"checkpointWriteSeconds": 15, "checkpointIntervalSeconds": 150, "restartSeconds": 0}
    queue = a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}], workload=workload)
    found = compare(round_estimate(round_stack(queues=[queue])), round_estimate())
    assert reasons(found) == {"a100": ("lost to interruptions on spot 10.0 % -> 20.0 %",)}


def test_a_new_commitment_is_told_with_the_nodes_it_pays():
    before = round_estimate(one_pool(use=use(168, 50), on_demand=3))
    after = round_estimate(one_pool(use=use(168, 50), on_demand=3, stack={"commitments": [reservation()]}))
    found = compare(before, after)
    assert reasons(found) == {"a100": ("nodes paid by commitment r 0 -> 1",), "r": ("added",)}
    # 730 x 3 less for the node that runs anyway.
    assert found.difference.expected == usd("-2190.00")
    assert reasons(compare(after, before)) == {"a100": ("nodes paid by commitment r 1 -> 0",), "r": ("removed",)}


def test_a_commitment_at_other_terms_is_told_with_its_pools():
    def stack(**terms):
        return round_estimate(one_pool(use=use(168, 50), on_demand=3, stack={"commitments": [reservation(**terms)]}))

    assert reasons(compare(stack(), stack(usdPerHour=6.5))) == {
        "a100": ("commitment r: $7.00 -> $6.50 an hour",),
        "r": ("$7.00 -> $6.50 an hour",),
    }


def test_a_commitment_that_is_used_less_says_how_far():
    def stack(percent):
        return round_estimate(one_pool(use=use(168, percent), on_demand=1, stack={"commitments": [reservation()]}))

    found = compare(stack(80), stack(60))
    assert reasons(found) == {
        "a100": ("utilisationPercent 80 -> 60",),
        "r": ("used expected 80.0 % -> 60.0 %",),
    }
    # 0.8 and 0.6 of 730 x 7.
    unused = found.lines[1]
    assert (unused.kind, unused.difference.expected) == (LineKind.COMMITMENT, usd("1022.00"))


def test_a_commitment_that_is_used_a_hair_less_says_it_in_dollars():
    """A tenth of one node of a thousand, in one hour of a week: less than the per cent shows."""

    def stack(percent):
        terms = reservation(nodes=1000, usdPerHour=7)
        pool = one_pool(use=use(1, percent), on_demand=1, stack={"commitments": [terms]})
        return round_estimate(pool)

    # 10 % of one node in one hour of 168: 0.1 x 5110 / 168 = 3.04.
    assert reasons(compare(stack(50), stack(40)))["r"] == ("used expected $15.20 -> $12.16",)


def test_another_machine_is_the_reason_and_not_its_prices():
    book = a_book(
        a_price(SPOT),
        a_price(ON_DEMAND),
        a_price(SPOT, usd(8), "a2-highgpu-8g"),
        a_price(ON_DEMAND, usd(20), "a2-highgpu-8g"),
    )
    after = round_estimate(with_pool(machine="a2-highgpu-8g"), book)
    assert reasons(compare(round_estimate(with_pool(), book), after)) == {
        "a100": ("machine a2-highgpu-4g -> a2-highgpu-8g",)
    }


def test_a_dearer_disk_and_another_cluster_are_reasons():
    rate = replace(RATE, disk_usd_per_gib_month=usd("0.125"), control_plane_usd_per_hour=usd("0.2"))
    before = round_estimate()
    assert reasons(compare(before, estimate(round_plan(), rate))) == {
        "a100": ("disk $0.10 -> $0.125 a GiB and month",),
        "test": ("fee $0.10 -> $0.20 an hour",),
    }
    existing = {key: value for key, value in an_existing_stack().items() if key in {"cloud", "cluster", "addons"}}
    assert reasons(compare(before, round_estimate(round_stack(**existing)))) == {"test": ("cloud local -> existing",)}


def test_two_single_stacks_are_compared_whatever_their_names():
    found = compare(round_estimate(stack="dev"), round_estimate(stack="prod"))
    assert found.changed == ()
    assert [line.stack for line in found.lines] == ["prod", "prod"]


def test_several_stacks_are_matched_by_name():
    dev, prod = round_estimate(stack="dev"), round_estimate(stack="prod")
    larger = round_estimate(with_pool(capacity=capacity(spot=3, on_demand=1)), stack="prod")
    found = compare(merged([dev, prod]), merged([larger, dev]))
    assert [(line.stack, line.name, line.reasons) for line in found.changed] == [
        ("prod", "a100", ("maxNodes of spot 2 -> 3",))
    ]
    assert [line.reasons for line in compare(merged([dev, prod]), dev).changed] == [("removed",), ("removed",)]


@st.composite
def some_stack(draw):
    kinds = draw(st.lists(st.sampled_from(["spot", "on_demand"]), min_size=1, max_size=2, unique=True))
    pools = [
        a_pool(
            name=name,
            meanUptimeHours=draw(st.sampled_from([500, 1000])),
            capacity=capacity(**{kind: draw(st.integers(1, 3)) for kind in kinds}),
            expectedUse=use(draw(st.sampled_from([50, 168])), draw(st.sampled_from([0, 50, 100]))),
            diskGib=draw(st.sampled_from([100, 200])),
            order=draw(st.sampled_from(["price", "listed"])),
        )
        for name in draw(st.lists(st.sampled_from("abc"), min_size=1, unique=True))
    ]
    queues = [a_queue(fallback="capacity", quotas=[{"pool": pools[0]["name"], "gpus": 4}])]
    commitments = [reservation(nodes=draw(st.integers(1, 3)), usdPerHour=draw(st.integers(5, 8)))]
    bought = "on_demand" in kinds and draw(st.booleans())
    book = a_book(a_price(SPOT, usd(draw(st.integers(3, 9)))), a_price(ON_DEMAND, usd(draw(st.integers(8, 10)))))
    return round_estimate(round_stack(pools=pools, queues=queues, commitments=commitments if bought else []), book)


@given(some_stack(), some_stack())
@settings(max_examples=100, deadline=None)
def test_lines_add_up_to_the_totals_and_no_difference_is_without_a_reason(before, after):
    found = compare(before, after)
    assert sum((line.difference for line in found.lines), Dollars()) == after.total - before.total == found.difference
    for line in found.lines:
        assert line.reasons or line.difference == Dollars()


@given(some_stack())
@settings(max_examples=30, deadline=None)
def test_what_is_the_same_has_no_reasons(stack):
    assert compare(stack, stack).changed == ()
