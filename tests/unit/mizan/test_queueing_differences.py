"""Where the cluster is not what the stack says."""

import pytest

from mizan.manifests.queues import cluster_queue, cohort
from mizan.queueing import differences, holdings
from tests.builders import NOTHING, a_plan, a_queue, a_stack, with_value
from tests.queue_objects import objects

SPOT = {"pool": "a100", "capacity": "spot"}
STACK = a_stack(
    queues=[
        a_queue(cohort="lab", quotas=[SPOT | {"gpus": 8, "borrow": 6, "lend": 2}]),
        a_queue(name="serving", quotas=[SPOT | {"gpus": 4}, {"pool": "a100", "capacity": "on-demand", "gpus": 4}]),
    ],
    cohorts=[
        {"name": "company", "quotas": [SPOT | {"gpus": 4}]},
        {"name": "lab", "parent": "company", "quotas": [{"pool": "a100", "capacity": "on-demand", "gpus": 1}]},
        {"name": "office", "parent": "company"},
    ],
    jobs=[],
)


def as_applied(values):
    plan = a_plan(values)
    return objects(
        cluster_queues=[cluster_queue(queue) for queue in plan.queues],
        cohorts=[cohort(each) for each in plan.cohorts],
    )


def told(applied):
    """What is told of the stack above in a cluster to which other values were applied."""
    return list(differences(a_plan(STACK), holdings(as_applied(applied))))


def test_a_cluster_as_the_stack_says_has_no_difference():
    assert told(STACK) == []


@pytest.mark.parametrize(
    ("path", "value", "difference"),
    [
        (
            "queues[0].quotas[0].gpus",
            5,
            "queue training, spot-a100: 8 (borrow 6, lend 2) in the stack, 5 (borrow 6, lend 2)",
        ),
        ("queues[0].quotas[0].borrow", 0, "queue training, spot-a100: 8 (borrow 6, lend 2) in the stack, 8 (borrow 0,"),
        (
            "queues[0].quotas[0].borrow",
            NOTHING,
            "queue training, spot-a100: 8 (borrow 6, lend 2) in the stack, 8 (lend 2)",
        ),
        ("queues[0].quotas[0].lend", 3, "queue training, spot-a100: 8 (borrow 6, lend 2) in the stack, 8 (borrow 6, "),
        ("queues[0].cohort", "company", "queue training, its cohort: lab in the stack, company"),
        ("queues[1].cohort", "lab", "queue serving, its cohort: none in the stack, lab"),
        ("cohorts[1].parent", "office", "cohort lab, its parent: company in the stack, office"),
        ("cohorts[2].parent", NOTHING, "cohort office, its parent: company in the stack, none"),
        ("cohorts[0].quotas[0].gpus", 7, "cohort company, spot-a100: 4 in the stack, 7"),
        ("cohorts[1].quotas", [], "cohort lab, ondemand-a100: 1 in the stack, none"),
        ("queues[1].quotas", [SPOT | {"gpus": 4}], "queue serving, ondemand-a100: 4 in the stack, none"),
        (
            "queues[0].quotas[1]",
            {"pool": "a100", "capacity": "on-demand", "gpus": 2},
            "queue training, ondemand-a100: none in the stack, 2",
        ),
    ],
)
def test_whatever_was_changed_in_one_place_is_the_one_difference_told(path, value, difference):
    (sentence,) = told(with_value(STACK, path, value))
    assert sentence.startswith(difference)
    assert sentence.endswith(" in the cluster. Run `pulumi up`.")


def test_what_is_not_in_the_cluster_at_all_is_told_once():
    assert list(differences(a_plan(STACK), holdings(objects()))) == [
        f"{owner}: in the stack, not in the cluster. Run `pulumi up`."
        for owner in ("queue training", "queue serving", "cohort company", "cohort lab", "cohort office")
    ]


def test_what_other_stacks_have_in_the_cluster_is_no_difference():
    more = a_queue(name="others", quotas=[SPOT | {"gpus": 1}])
    assert told(STACK | {"queues": [*STACK["queues"], more], "cohorts": [*STACK["cohorts"], {"name": "theirs"}]}) == []


def test_a_pool_may_be_named_like_what_is_told_of_a_queue():
    pool = STACK["pools"][0] | {"name": "cohort"}
    values = a_stack(pools=[pool], queues=[a_queue(fallback="capacity", quotas=[{"pool": "cohort", "gpus": 8}])])
    lowered = as_applied(with_value(values, "queues[0].quotas[0].gpus", 4))
    assert list(differences(a_plan(values), holdings(lowered))) == [
        "queue training, cohort: 8 in the stack, 4 in the cluster. Run `pulumi up`."
    ]


def test_a_part_of_a_gpu_is_told_by_its_own_name():
    applied = as_applied(STACK)
    flavor = applied.cluster_queues[0]["spec"]["resourceGroups"][0]["flavors"][0]
    flavor["resources"].append({"name": "nvidia.com/mig-1g.5gb", "nominalQuota": "7"})
    assert list(differences(a_plan(STACK), holdings(applied))) == [
        "queue training, spot-a100 nvidia.com/mig-1g.5gb: none in the stack, 7 in the cluster. Run `pulumi up`."
    ]
