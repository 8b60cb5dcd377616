"""Cohorts on the real Kueue: what is lent, what is kept back, what belongs to all, and how parents lend on."""

import pytest

from tests.builders import a_queue
from tests.control_plane.queue_builders import COHORT, short_of, spot, spot_queue

pytestmark = pytest.mark.control_plane


def test_what_a_queue_does_not_lend_is_never_borrowed_and_is_there_for_its_owner(stack):
    stack.apply([spot_queue("owner", 24, lend=8), spot_queue("borrower", 0)], cohorts=[COHORT])
    stack.submit("borrowed", "borrower")
    assert stack.admitted("borrowed") == "spot-a100"
    stack.submit("too-much", "borrower")
    assert short_of("spot-a100", 8) in stack.waits("too-much")
    stack.holds("owner", spot_a100=0)

    for name in ("own-1", "own-2"):
        stack.submit(name, "owner")
        stack.admitted(name)
    assert stack.condition("borrowed", "Preempted") is None


def test_a_queue_borrows_no_more_than_its_limit(stack):
    stack.apply([spot_queue("owner", 24), spot_queue("borrower", 0, borrow=8)], cohorts=[COHORT])
    stack.submit("borrowed", "borrower")
    stack.admitted("borrowed")
    stack.submit("too-much", "borrower")
    assert short_of("spot-a100", 8) in stack.waits("too-much")
    stack.holds("borrower", spot_a100=8)


def test_the_quota_of_a_cohort_is_borrowed_by_every_queue_of_it(stack):
    common = COHORT | {"quotas": [spot(16)]}
    stack.apply([spot_queue("first", 0), spot_queue("second", 0)], cohorts=[common])
    for queue in ("first", "second"):
        stack.submit(f"of-{queue}", queue)
        assert stack.admitted(f"of-{queue}") == "spot-a100"
    stack.submit("third", "first")
    assert short_of("spot-a100", 8) in stack.waits("third")


def test_a_parent_cohort_lends_from_one_of_its_cohorts_to_the_other(stack):
    company = {"name": "company", "quotas": [spot(8)]}
    cohorts = [company, COHORT | {"parent": "company"}, {"name": "serving", "parent": "company"}]
    lender = a_queue(name="far-away", cohort="serving", quotas=[spot(8)])
    stack.apply([lender, spot_queue("near", 0)], cohorts=cohorts)
    for name in ("of-the-company", "of-the-other-cohort"):
        stack.submit(name, "near")
        assert stack.admitted(name) == "spot-a100"
    stack.submit("too-much", "near")
    assert short_of("spot-a100", 8) in stack.waits("too-much")

    stack.submit("own", "far-away")
    stack.admitted("own")
    evicted = [stack.condition(name, "Preempted") for name in ("of-the-company", "of-the-other-cohort")]
    assert [each[1] for each in evicted if each] == ["InCohortReclamation"], "one of the two gives it back"


def test_with_fair_sharing_the_one_that_uses_most_for_its_weight_is_preempted_first(stack_with):
    stack = stack_with(fairSharing=True)
    queues = [spot_queue(name, 0, weight=weight) for name, weight in (("large", 4), ("small", 1), ("newcomer", 1))]
    stack.apply(queues, cohorts=[COHORT | {"quotas": [spot(10)]}])
    running = [f"large-{number}" for number in range(6)] + [f"small-{number}" for number in range(4)]
    for name in running:
        stack.submit(name, name.split("-")[0], gpus=1)
    for name in running:
        stack.admitted(name)
    stack.submit("new", "newcomer", gpus=1)
    stack.admitted("new")
    told = {name: found[:2] for name in running if (found := stack.condition(name, "Preempted"))}
    assert list(told.values()) == [("True", "InCohortFairSharing")]
    assert next(iter(told)).startswith("small"), "6 GPUs at weight 4 are less than 4 GPUs at weight 1"
