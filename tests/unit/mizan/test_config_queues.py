"""Rules about queues that lend and borrow, and about names that are never cut short."""

import pytest

from mizan.config import Fallback
from tests.builders import a_config, a_queue, a_stack, a_whole_stack, faults_of, with_value

SPOT, ON_DEMAND = a_queue()["quotas"]


def in_a_cohort(*queues, **changes):
    """A stack whose queues all belong to cohort `all`."""
    return a_stack(
        queues=[queue | {"cohort": "all"} for queue in queues], cohorts=[{"name": "all"}], jobs=[], **changes
    )


def test_what_is_borrowed_needs_somebody_else_in_the_cohort_who_lends_it():
    borrower = a_queue(quotas=[SPOT | {"borrow": 4}])
    told = "mizan:queues[0].quotas[0].borrow: 4; needs a lender of a100 spot in cohort all because nobody there lends"
    for other in (ON_DEMAND, SPOT | {"gpus": 0}, SPOT | {"lend": 0}):
        (fault,) = faults_of(in_a_cohort(borrower, a_queue(name="other", quotas=[other])))
        assert fault.startswith(told)
    (fault,) = faults_of(in_a_cohort(borrower))
    assert fault.startswith(told)
    a_config(in_a_cohort(borrower, a_queue(name="other", quotas=[SPOT | {"lend": 1}])))


def test_the_cohort_itself_and_cohorts_beside_it_under_the_same_parent_can_lend():
    borrower = a_queue(quotas=[SPOT | {"borrow": 4}], cohort="a")
    own = {"pool": "a100", "capacity": "spot", "gpus": 4}
    a_config(a_stack(queues=[borrower], cohorts=[{"name": "a", "quotas": [own]}], jobs=[]))
    lender = a_queue(name="lender", quotas=[SPOT], cohort="b")
    cohorts = [{"name": "a", "parent": "top"}, {"name": "b", "parent": "top"}, {"name": "top"}]
    a_config(a_stack(queues=[borrower, lender], cohorts=cohorts, jobs=[]))
    apart = [{"name": "a"}, {"name": "b"}]
    assert "needs a lender" in faults_of(a_stack(queues=[borrower, lender], cohorts=apart, jobs=[]))[0]


def test_a_queue_lends_no_more_than_is_its_own():
    (fault,) = faults_of(in_a_cohort(a_queue(quotas=[SPOT | {"gpus": 4, "lend": 5}])))
    assert fault.startswith(
        "mizan:queues[0].quotas[0].lend: 5; needs at most 4 because a queue lends only what is its own"
    )


@pytest.mark.parametrize("parents", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "a"}])
def test_cohorts_do_not_circle(parents):
    cohorts = [{"name": name, "parent": parent} for name, parent in parents.items()]
    faults = faults_of(a_stack(cohorts=cohorts))
    assert len(faults) == len(parents)
    assert all(
        "needs a cohort that does not lie below this one because Kueue stops admitting" in each for each in faults
    )


def test_a_cohort_counts_a_pool_as_its_queues_do():
    own = {"pool": "a100", "gpus": 4}
    (fault,) = faults_of(a_stack(cohorts=[{"name": "all", "quotas": [own]}]))
    assert fault.startswith("mizan:cohorts[0].quotas[0].capacity: nothing; needs a capacity type because")
    capacity = a_queue(fallback="capacity", quotas=[own])
    a_config(a_stack(queues=[capacity], cohorts=[{"name": "all", "quotas": [own]}]))


def test_a_queue_falls_back_by_capacity_unless_it_says_otherwise():
    queue = a_queue(quotas=[{"pool": "a100", "gpus": 4}])
    del queue["fallback"]
    assert a_config(a_stack(queues=[queue])).queues[0].fallback is Fallback.CAPACITY


@pytest.mark.parametrize(
    "path",
    ["pools[0].name", "queues[0].name", "cohorts[0].name", "teams[0].name", "jobs[0].name", "priorities[0].name"],
)
def test_a_name_is_never_cut_short(path):
    faults = faults_of(with_value(a_whole_stack(), path, "a" * 64))
    assert f"mizan:{path}: {'a' * 64}; needs at most 48 characters because" in "".join(faults)


def test_a_quota_beyond_its_pool_is_allowed_and_told():
    assert a_config(with_value(a_stack(), "queues[0].quotas[0].gpus", 9)).queues[0].quotas[0].gpus == 9
