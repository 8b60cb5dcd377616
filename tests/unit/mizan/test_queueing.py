"""Who holds, borrows and lends: the arithmetic of a tree of cohorts."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.queueing import holdings
from mizan.queueing.cohorts import Stake, Tree
from mizan.queueing.quantity import quantity
from mizan.queueing.words import plain
from tests.queue_objects import a_cohort, a_queue, objects


def told(rows):
    return {
        row.queue: tuple(map(int, (row.own, row.borrowed, row.lent_at_least, row.lent_at_most, row.free)))
        for row in rows
    }


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4", "4"),
        (4, "4"),
        ("1500m", "1.5"),
        ("4k", "4000"),
        ("10Gi", "10737418240"),
        ("1.5Ki", "1536"),
        ("2E", "2000000000000000000"),
        ("2e3", "2000"),
        ("1E2", "100"),
        (".5", "0.5"),
        ("100n", "0.0000001"),
        ("7u", "0.000007"),
        ("+1.", "1"),
    ],
)
def test_a_quantity_is_read_as_kubernetes_writes_it(text, number):
    assert quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "Gi", "four", "1GiB", "1 Gi"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)


@pytest.mark.parametrize(
    ("number", "text"), [("4", "4"), ("4.50", "4.5"), ("1E+3", "1000"), ("0.0", "0"), ("100", "100")]
)
def test_a_number_is_written_out(number, text):
    assert plain(Decimal(number)) == text


def test_a_queue_without_cohort_neither_borrows_nor_lends():
    found = holdings(objects(cluster_queues=[a_queue(used=3), a_queue("other", used=0)]))
    assert told(found.queues) == {"research": (3, 0, 0, 0, 5), "other": (0, 0, 0, 0, 8)}


def test_quota_lowered_below_what_runs_is_over_and_not_borrowed():
    found = holdings(objects(cluster_queues=[a_queue(used=12)]))
    assert told(found.queues) == {"research": (12, 0, 0, 0, 0)}
    assert [(row.root, row.flavor, row.over) for row in found.over] == [("research", "spot", 4)]


def test_the_only_lender_has_lent_all_that_is_borrowed():
    found = holdings(
        objects(cluster_queues=[a_queue(used=12, cohort="lab"), a_queue("idle", used=2, cohort="lab")])
    ).queues
    assert told(found) == {"research": (8, 4, 0, 0, 2), "idle": (2, 0, 4, 4, 2)}
    assert [(lender.name, lender.at_most) for lender in found[0].lenders] == [("idle", 4)]


def test_of_several_possible_lenders_each_is_told_with_what_it_lent_at_least_and_at_most():
    queues = [
        a_queue(used=12, cohort="lab"),
        a_queue("small", used=5, cohort="lab"),
        a_queue("large", used=2, cohort="lab"),
        a_queue("full", used=8, cohort="lab"),
    ]
    rows = holdings(objects(cluster_queues=queues)).queues
    assert {row.queue: (row.lent_at_least, row.lent_at_most) for row in rows} == {
        "research": (0, 0),
        "small": (0, 3),
        "large": (1, 4),
        "full": (0, 0),
    }
    assert [(lender.name, lender.at_most) for lender in rows[0].lenders] == [("large", 4), ("small", 3)]


def test_what_a_queue_does_not_lend_and_may_not_borrow_is_not_free_to_others():
    queues = [
        a_queue("keeps", used=0, cohort="lab", lendingLimit=2),
        a_queue("asks", used=8, cohort="lab", borrowingLimit=1),
        a_queue("asks-more", used=8, cohort="lab"),
    ]
    rows = holdings(objects(cluster_queues=queues)).queues
    assert {row.queue: row.free for row in rows} == {"keeps": 8, "asks": 1, "asks-more": 2}


def test_a_cohorts_own_quota_is_lent_too_and_a_cohort_need_not_be_declared():
    queues = [a_queue(used=10, cohort="lab"), a_queue("alone", used=8, cohort="undeclared")]
    found = holdings(objects(cluster_queues=queues, cohorts=[a_cohort("lab", nominal=4)]))
    assert told(found.queues) == {"research": (8, 2, 0, 0, 2), "alone": (8, 0, 0, 0, 0)}
    (lender,) = found.queues[0].lenders
    assert (lender.name, lender.is_cohort, lender.at_most) == ("lab", True, 2)
    assert [(row.cohort, row.lent_at_least, row.lent_at_most) for row in found.reserves] == [("lab", 2, 2)]


def test_the_own_cohort_lends_before_the_one_above_it():
    cohorts = [a_cohort("company"), a_cohort("lab", "company"), a_cohort("factory", "company")]
    near, far = a_queue("near", used=6, cohort="lab"), a_queue("far", used=0, cohort="factory")
    rows = holdings(objects(cluster_queues=[a_queue(used=10, cohort="lab"), near, far], cohorts=cohorts)).queues
    assert told(rows) == {"research": (8, 2, 0, 0, 8), "near": (6, 0, 2, 2, 8), "far": (0, 0, 0, 0, 8)}
    rows = holdings(objects(cluster_queues=[a_queue(used=13, cohort="lab"), near, far], cohorts=cohorts)).queues
    assert told(rows) == {"research": (8, 5, 0, 0, 5), "near": (6, 0, 2, 2, 5), "far": (0, 0, 3, 3, 5)}
    assert [(lender.name, lender.at_most) for lender in rows[0].lenders] == [("near", 2), ("far", 3)]


def test_a_cohort_that_lent_within_itself_alone_is_no_lender_to_others():
    cohorts = [a_cohort("company"), *(a_cohort(name, "company") for name in ("lab", "factory", "office"))]
    queues = [
        a_queue("lab-asks", used=10, cohort="lab"),
        a_queue("lab-gives", used=6, cohort="lab"),
        a_queue("factory-asks", used=12, cohort="factory"),
        a_queue("office-gives", used=0, cohort="office"),
    ]
    rows = {row.queue: row for row in holdings(objects(cluster_queues=queues, cohorts=cohorts)).queues}
    assert [lender.name for lender in rows["factory-asks"].lenders] == ["office-gives"]
    assert [lender.name for lender in rows["lab-asks"].lenders] == ["lab-gives"]


def test_cohorts_in_a_circle_and_queues_without_a_status_are_shown():
    circle = [a_cohort("a", "b"), a_cohort("b", "a"), a_cohort("c", "c")]
    queue = a_queue(cohort="a")
    del queue["status"]
    (row,) = holdings(objects(cluster_queues=[queue], cohorts=circle)).queues
    assert (row.used, row.free) == (0, 8)


def test_fractions_and_huge_counts_stay_exact():
    queues = [
        a_queue(used="1500m", nominal="1.2", cohort="lab"),
        a_queue("other", nominal="9223372036854775807", cohort="lab"),
    ]
    rows = holdings(objects(cluster_queues=queues)).queues
    assert (rows[0].own, rows[0].borrowed) == (Decimal("1.2"), Decimal("0.3"))
    assert plain(rows[1].free) == "9223372036854775806.7"


amounts = st.integers(0, 20).map(Decimal) | st.just(Decimal("0.5"))
cohort_names = st.sampled_from(["a", "b", "c", "d"])
limits = st.none() | amounts
stakes = st.builds(
    Stake, parent=st.none() | cohort_names, nominal=amounts, borrowing=limits, lending=limits, used=amounts
)
cohort_stakes = st.dictionaries(
    cohort_names,
    st.builds(Stake, parent=st.none() | cohort_names, nominal=amounts, borrowing=limits, lending=limits),
)


@given(st.dictionaries(st.sampled_from(["q1", "q2", "q3", "q4"]), stakes, min_size=1), cohort_stakes)
def test_what_is_borrowed_is_lent_by_somebody_or_over(queues, cohorts):
    tree = Tree(queues, cohorts)
    shares = {name: tree.share(name) for name in queues}
    for name, share in shares.items():
        assert share.own + share.borrowed == queues[name].used
        assert 0 <= share.lent_at_least <= share.lent_at_most <= queues[name].nominal
    alone = {name for name, stake in queues.items() if stake.parent is None}
    over = sum(amount for root, amount in tree.over().items() if root not in alone)
    lent = sum(share.borrowed for share in shares.values()) - over
    named = {stake.parent for stake in (*queues.values(), *cohorts.values()) if stake.parent} | set(cohorts)
    bounds = [(share.lent_at_least, share.lent_at_most) for share in shares.values()]
    bounds += [tree.reserve_lent(name) for name in named]
    assert sum(least for least, _ in bounds) <= lent <= sum(most for _, most in bounds)
    givers = [(least, most) for least, most in bounds if most]
    if len(givers) == 1:
        assert givers == [(lent, lent)]


@given(st.dictionaries(st.sampled_from(["q1", "q2", "q3"]), stakes, min_size=2), cohort_stakes)
def test_whoever_borrows_within_what_there_is_has_a_lender(queues, cohorts):
    tree = Tree(queues, cohorts)
    if not tree.over():
        for name in queues:
            share = tree.share(name)
            assert sum(lender.at_most for lender in share.lenders) >= share.borrowed
