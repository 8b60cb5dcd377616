"""Rules about queues that lend and borrow, and about names that are never cut short."""

import time

import pytest

from mizan.config import Fallback
from tests.builders import a_config, a_plan, a_pool, a_queue, a_stack, a_whole_stack, faults_of, with_value

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


NOT_COUNTED = "needs no capacity type because with `fallback: capacity` the autoscaler chooses it"


@pytest.mark.parametrize("other", [{}, {"quotas": []}, {"quotas": [ON_DEMAND]}])
def test_a_pool_that_no_queue_counts_is_one_flavor_whatever_the_other_cohorts_have(other):
    pools = [a_pool(), a_pool(name="b")]
    for capacity, told in ((None, None), ("spot", NOT_COUNTED), ("on-demand", NOT_COUNTED)):
        counted = {} if capacity is None else {"capacity": capacity}
        cohorts = [{"name": "x"} | other, {"name": "y", "quotas": [{"pool": "b", "gpus": 4} | counted]}]
        values = a_stack(pools=pools, cohorts=cohorts)
        if told is None:
            assert a_plan(values).cohorts[1].quotas[0].flavor.name == "b"
        else:
            (fault,) = faults_of(values)
            assert fault.startswith(f"mizan:cohorts[1].quotas[0].capacity: {capacity}; {told}")


@pytest.mark.parametrize("nothing", [{"quotas": []}, {"quotas": [{"pool": "b", "gpus": 1}]}])
def test_what_a_cohort_leaves_empty_hides_no_borrower_without_a_lender(nothing):
    borrower = a_queue(quotas=[SPOT | {"borrow": 4}], cohort="all")
    values = a_stack(
        pools=[a_pool(), a_pool(name="b")], queues=[borrower], cohorts=[{"name": "all"} | nothing], jobs=[]
    )
    (fault,) = faults_of(values)
    assert fault.startswith("mizan:queues[0].quotas[0].borrow: 4; needs a lender of a100 spot in cohort all")


@pytest.mark.parametrize("capacity", ["spit", 7, ["spot"]])
def test_a_lender_with_a_mistyped_capacity_type_may_be_the_one_that_is_looked_for(capacity):
    borrower = a_queue(quotas=[SPOT | {"borrow": 4}])
    lender = a_queue(name="lender", quotas=[SPOT | {"capacity": capacity}])
    faults = faults_of(in_a_cohort(borrower, lender))
    assert {fault.split(": ")[0] for fault in faults} == {"mizan:queues[1].quotas[0].capacity"}


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


def test_cohorts_are_no_deeper_than_a_person_can_follow():
    cohorts = [{"name": "c0"}, *({"name": f"c{index}", "parent": f"c{index - 1}"} for index in range(1, 7))]
    a_config(a_stack(cohorts=cohorts[:5]))
    faults = faults_of(a_stack(cohorts=cohorts))
    assert [fault.split(";")[0] for fault in faults] == ["mizan:cohorts[5].parent: c4", "mizan:cohorts[6].parent: c5"]
    assert "needs at most 5 levels because every admission looks through all cohorts above a queue" in faults[0]


def test_a_long_chain_of_cohorts_is_refused_in_a_moment():
    cohorts = [{"name": "c0"}, *({"name": f"c{index}", "parent": f"c{index - 1}"} for index in range(1, 2000))]
    began = time.monotonic()
    assert len(faults_of(a_stack(cohorts=cohorts))) == 1995
    assert time.monotonic() - began < 10


def test_a_queue_has_no_more_flavors_than_kueue_takes():
    quotas = [{"pool": "a100", "gpus": 0}] * 65
    faults = faults_of(a_stack(queues=[a_queue(fallback="capacity", quotas=quotas)]))
    assert "; needs at most 64 entries because a queue without quota admits nothing" in faults[0]


@pytest.mark.parametrize("key", ["gpus", "borrow", "lend"])
def test_a_mistyped_number_of_gpus_never_becomes_no_limit(key):
    faults = faults_of(with_value(a_whole_stack(), f"queues[0].quotas[0].{key}", 10**17))
    assert any(f"quotas[0].{key}: {10**17}; needs at most 1000000 because" in fault for fault in faults)


@pytest.mark.parametrize("group", ["system:authenticated", "system:masters"])
def test_a_team_s_group_is_none_that_kubernetes_fills(group):
    (fault,) = faults_of(with_value(a_whole_stack(), "teams[0].group", group))
    assert fault.startswith(f"mizan:teams[0].group: {group}; needs a group of your identity provider because")


@pytest.mark.parametrize("group", [" ml", "ml\n", ""])
def test_a_group_has_no_space_at_its_ends(group):
    (fault,) = faults_of(with_value(a_whole_stack(), "teams[0].group", group))
    assert "needs text that matches" in fault


@pytest.mark.parametrize(
    ("frameworks", "told"),
    [
        (["batch/job", "batch/jobb"], "frameworks[1]: batch/jobb; needs a kind of job that Kueue knows, named once"),
        (["batch/job", "batch/job"], "frameworks[1]: batch/job; needs a kind of job that Kueue knows, named once"),
        (["pod"], 'frameworks: ["pod"]; needs batch/job among them because the jobs of this stack are such jobs'),
    ],
)
def test_kueue_s_kinds_of_jobs_are_those_it_starts_with(frameworks, told):
    (fault,) = faults_of(with_value(a_whole_stack(), "addons.kueue.frameworks", frameworks))
    assert fault.startswith(f"mizan:addons.kueue.{told}")


def test_kueue_s_first_wait_is_not_longer_than_its_longest():
    (fault,) = faults_of(with_value(a_whole_stack(), "addons.kueue.podsReady.backoffBaseSeconds", 3600))
    assert "needs backoffBaseSeconds at most backoffMaxSeconds (3600 and 100 here)" in fault
