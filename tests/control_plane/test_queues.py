"""Quotas on the real Kueue: which flavor a job gets, who borrows, who gives back, who goes first."""

from datetime import UTC, datetime

import pytest
from lightkube.resources.batch_v1 import Job

from mizan import keys
from tests.builders import a_queue
from tests.control_plane.queue_builders import COHORT, on_demand, short_of, spot, spot_queue

pytestmark = pytest.mark.control_plane


def ml_training(lent=16, **changes):
    """Spot 32 and 16 borrowed, on-demand 8, and a queue of the cohort that lends."""
    quotas = [spot(32, borrow=16), on_demand(8, borrow=0)]
    return [a_queue(name="ml-training", cohort="research", quotas=quotas, **changes), spot_queue("lender", lent)]


@pytest.mark.parametrize(
    ("when_can_borrow", "order"),
    [
        ("MayStopSearch", ["spot-a100"] * 4 + ["spot-a100"] * 2 + ["ondemand-a100"]),
        ("TryNextFlavor", ["spot-a100"] * 4 + ["ondemand-a100"] + ["spot-a100"] * 2),
    ],
)
@pytest.mark.parametrize("lent", [16, pytest.param(24, id="more than may be borrowed")])
def test_jobs_fill_spot_then_borrow_it_before_or_after_on_demand_then_wait(stack, when_can_borrow, order, lent):
    stack.apply(ml_training(lent, whenCanBorrow=when_can_borrow), cohorts=[COHORT])
    found = []
    for number in range(7):
        stack.submit(f"job-{number}", "ml-training")
        found.append(stack.admitted(f"job-{number}"))
    assert found == order
    stack.submit("one-too-many", "ml-training")
    told = stack.waits("one-too-many")
    assert told.endswith(f"{short_of('ondemand-a100', 8)}, {short_of('spot-a100', 8)}")
    stack.holds("ml-training", spot_a100=48, ondemand_a100=8)

    stack.end("job-0")
    assert stack.admitted("one-too-many") == "spot-a100"


def test_a_job_that_takes_no_interruption_waits_for_on_demand_while_spot_is_free(stack):
    stack.apply([a_queue(quotas=[spot(16), on_demand(8)])])
    stack.submit("steady", "training", spotEligible=False)
    assert stack.admitted("steady") == "ondemand-a100"
    stack.submit("steady-too", "training", spotEligible=False)
    told = stack.waits("steady-too")
    assert short_of("ondemand-a100", 8) in told
    assert "untolerated taint {mizan.dev/spot true NoSchedule <nil>} in flavor spot-a100" in told
    stack.holds("training", spot_a100=0, ondemand_a100=8)


def test_a_job_that_also_asks_for_cpu_and_memory_is_admitted_by_its_gpus(stack):
    stack.apply([a_queue(quotas=[spot(8)])])
    (container,) = stack.job("whole", "training")["spec"]["template"]["spec"]["containers"]
    assert set(container["resources"]["requests"]) == {"cpu", "memory", keys.NVIDIA_GPU}
    stack.submit("whole", "training")
    assert stack.admitted("whole") == "spot-a100"


def test_a_job_that_names_no_queue_gets_no_pods_in_a_team_s_namespace(stack):
    stack.apply([a_queue(quotas=[spot(16)])])
    bare = stack.job("round-the-queue", "training")
    del bare["metadata"]["labels"][keys.QUEUE_NAME]
    bare["spec"]["suspend"] = False
    stack.client.create(Job.from_dict(bare))
    assert stack.live("round-the-queue").spec.suspend
    stack.submit("queued", "training")
    stack.eventually(lambda: stack.pods("queued"))
    assert stack.live("round-the-queue").spec.suspend
    assert stack.pods("round-the-queue") == []


def test_with_fallback_by_capacity_a_pool_is_one_flavor_and_the_autoscaler_may_choose(stack):
    stack.apply([a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 16}])])
    assert [flavor.name for flavor in stack.plan.flavors] == ["a100"]
    stack.submit("anywhere", "training")
    assert stack.admitted("anywhere") == "a100"
    stack.eventually(lambda: not stack.live("anywhere").spec.suspend)
    selector = stack.live("anywhere").spec.template.spec.nodeSelector
    assert selector[keys.POOL] == "a100"
    assert keys.CAPACITY_TYPE not in selector


def test_with_fallback_by_quota_a_job_is_bound_to_the_capacity_type_that_it_was_counted_for(stack):
    stack.apply([a_queue(quotas=[spot(8), on_demand(8)])])
    stack.submit("counted", "training")
    stack.admitted("counted")
    stack.eventually(lambda: not stack.live("counted").spec.suspend)
    assert stack.live("counted").spec.template.spec.nodeSelector[keys.CAPACITY_TYPE] == "spot"


def test_idle_quota_is_borrowed_and_goes_back_when_its_owner_submits(stack):
    stack.apply([spot_queue("owner", 8), spot_queue("borrower", 8)], cohorts=[COHORT])
    jobs = ("borrower-1", "borrower-2")
    for name in jobs:
        stack.submit(name, "borrower")
        stack.admitted(name)
    stack.holds("borrower", spot_a100=16)

    stack.submit("own", "owner")
    assert stack.admitted("own") == "spot-a100"
    # Which of the two is left to Kueue: the later one, unless both came in the same second.
    told = {name: found[:2] for name in jobs if (found := stack.condition(name, "Preempted"))}
    ((preempted, why),) = told.items()
    assert why == ("True", "InCohortReclamation")
    assert short_of("spot-a100", 8) in stack.waits(preempted)
    assert stack.live(preempted).spec.suspend is True
    stack.holds("borrower", spot_a100=8)

    stack.end("own")
    assert stack.admitted(preempted) == "spot-a100"


def test_a_higher_priority_preempts_a_lower_one_in_the_same_queue(stack):
    stack.apply([a_queue(quotas=[spot(16)])])
    stack.submit("nightly", "training", priority="batch")
    stack.submit("notebook", "training", priority="dev")
    assert stack.admitted("nightly") == stack.admitted("notebook") == "spot-a100"
    stack.submit("launch", "training", priority="production")
    stack.admitted("launch")
    assert stack.condition("notebook", "Preempted")[:2] == ("True", "InClusterQueue"), "the lowest priority goes"
    assert stack.condition("nightly", "Preempted") is None
    assert short_of("spot-a100", 8) in stack.waits("notebook")


def test_the_higher_priority_is_admitted_first_and_the_older_within_one(stack):
    stack.apply([a_queue(quotas=[spot(8)])])
    stack.submit("running", "training", priority="production")
    stack.admitted("running")
    for name, priority in (("dev-1", "dev"), ("batch-1", "batch"), ("dev-2", "dev"), ("batch-2", "batch")):
        stack.submit(name, "training", priority=priority)
        born = stack.live(name).metadata.creationTimestamp
        # Creation times are whole seconds, and two jobs of one second have no order.
        stack.eventually(lambda born=born: (datetime.now(UTC) - born).total_seconds() >= 1)
    order, waiting = ["running"], ["dev-1", "batch-1", "dev-2", "batch-2"]
    while waiting:
        stack.end(order[-1])
        (now,) = stack.eventually(lambda: [name for name in waiting if stack.flavor(name)])
        order.append(now)
        waiting.remove(now)
    assert order[1:] == ["batch-1", "batch-2", "dev-1", "dev-2"]
