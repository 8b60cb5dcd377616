"""A burst of jobs on the real Kueue: quota holds in every state that the cluster goes through."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from lightkube.resources.batch_v1 import Job

from tests.builders import a_queue
from tests.control_plane.queue_builders import COHORT, Workload, conditions, flavor_of, on_demand, spot, spot_queue

pytestmark = [pytest.mark.control_plane, pytest.mark.timeout(900)]

JOBS = 500
LIMITS = {"spot-a100": 32 + 16, "ondemand-a100": 8}


def test_a_burst_of_jobs_uses_all_quota_and_never_more(stack):
    bursting = a_queue(name="ml-training", cohort="research", quotas=[spot(32, borrow=16), on_demand(8, borrow=0)])
    stack.apply([bursting, spot_queue("lender", 24)], cohorts=[COHORT])
    stack.add_nodes(6)
    stack.add_nodes(1, capacity_type="on-demand")
    body = stack.job("burst", "ml-training", gpus=1, run_seconds=1)
    before = stack.client.list(Workload, namespace=stack.team)
    assert list(before) == []

    def submit(numbers):
        for number in numbers:
            name = {**body["metadata"], "name": f"burst-{number}"}
            stack.client.create(Job.from_dict({**body, "metadata": name}))

    # The first alone: lightkube does not survive two threads that meet a kind for the first time.
    submit([0])
    held, finished, most = {}, set(), Counter()
    with ThreadPoolExecutor(1) as pool:
        others = pool.submit(submit, range(1, JOBS))
        # From before the first job and event by event: no state is left out, however fast it passed.
        for _, workload in stack.client.watch(Workload, namespace=stack.team, resource_version=before.resourceVersion):
            name = workload.metadata.name
            if conditions(workload).get("Finished"):
                finished.add(name)
            held[name] = None if name in finished else flavor_of(workload)
            used = Counter(filter(None, held.values()))
            assert all(used[each] <= limit for each, limit in LIMITS.items()), used
            most |= used
            if len(finished) == JOBS:
                break
        others.result()
    assert most == LIMITS, "the burst has filled own, borrowed and on-demand quota alike"
