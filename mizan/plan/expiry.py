"""Nodes that go at an age, whatever runs on them, before the longest run is over."""

from collections.abc import Iterator

from mizan.config import Cloud, StackConfig
from mizan.plan.worth import SECONDS_PER_HOUR


def of_expiry(config: StackConfig) -> Iterator[str]:
    """Yield each queue and job that may run longer than the nodes of its pools live.

    Karpenter's budgets do not stop expiry. A run may also begin on a node that is no longer new.
    Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/concepts/disruption.md, Expiration.
    """
    if config.cloud is not Cloud.EKS:
        return
    lives = {pool.name: pool.karpenter.expire_after_hours for pool in config.pools}
    pools_of = {queue.name: {quota.pool for quota in queue.quotas} for queue in config.queues}
    runs = [
        *((f"queue {queue.name}", queue.name, queue.workload.max_run_hours) for queue in config.queues),
        *((f"job {job.team}/{job.name}", job.queue, job.max_run_seconds / SECONDS_PER_HOUR) for job in config.jobs),
    ]
    for who, queue, hours in runs:
        for pool, life in lives.items():
            if pool in pools_of[queue] and life is not None and hours > life:
                yield (
                    f"{who}: may run {hours:.0f} h, but nodes of pool {pool} go after {life} h, job or not; the run is "
                    "ended in mid-flight and goes on from its last checkpoint. Raise the pool's `expireAfterHours`, or "
                    "leave it out."
                )
