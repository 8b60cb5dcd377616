"""Nodes that go at an age are told of where a run may be longer."""

import pytest

from tests.builders import a_job, a_pool, a_queue, a_stack
from tests.builders import a_plan as plan_of
from tests.eks_stacks import an_eks_plan, eks_pool

DAY = {"karpenter": {"expireAfterHours": 24}}
QUOTAS = [{"pool": "a100", "capacity": "spot", "gpus": 16}]


def warnings_of(pool, *, hours, seconds=3600):
    queue = a_queue(quotas=QUOTAS, workload={"maxRunHours": hours})
    spot = eks_pool(capacity=[{"type": "spot", "maxNodes": 2}], **pool)
    return an_eks_plan(pools=[spot], queues=[queue], jobs=[a_job(maxRunSeconds=seconds)]).warnings


def test_a_queue_whose_runs_outlive_its_nodes_is_told():
    assert warnings_of(DAY, hours=168) == (
        (
            "queue training: may run 168 h, but nodes of pool a100 go after 24 h, job or not; the run is ended in"
            " mid-flight and goes on from its last checkpoint. Raise the pool's `expireAfterHours`, or leave it "
            "out."
        ),
    )


def test_a_job_that_outlives_its_nodes_is_told():
    assert warnings_of(DAY, hours=24, seconds=25 * 3600) == (
        (
            "job team-a/train-1: may run 25 h, but nodes of pool a100 go after 24 h, job or not; the run is ended"
            " in mid-flight and goes on from its last checkpoint. Raise the pool's `expireAfterHours`, or leave "
            "it out."
        ),
    )


@pytest.mark.parametrize(("pool", "hours"), [(DAY, 24), ({}, 720)], ids=["as long", "for ever"])
def test_runs_that_fit_are_not(pool, hours):
    assert warnings_of(pool, hours=hours, seconds=24 * 3600) == ()


def test_a_pool_that_a_queue_does_not_use_is_none_of_its_business():
    used = eks_pool(name="used", capacity=[{"type": "spot", "maxNodes": 2}])
    other = eks_pool(capacity=[{"type": "spot", "maxNodes": 2}], **DAY)
    queues = [
        a_queue(quotas=[{"pool": "used", "capacity": "spot", "gpus": 16}]),
        a_queue(name="short", quotas=QUOTAS, workload={"maxRunHours": 1}),
    ]
    plan = an_eks_plan(pools=[used, other], queues=queues, jobs=[])
    assert [warning for warning in plan.warnings if "job or not" in warning] == []


def test_simulated_nodes_do_not_expire():
    assert plan_of(a_stack(pools=[a_pool(**DAY)])).warnings == ()
