"""Nodes that go at a time, whatever runs on them, before the longest run is over."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mizan.capacity import CapacityType
from mizan.config import Cloud, Maintenance, StackConfig, Weekday
from mizan.plan.worth import SECONDS_PER_HOUR

HOURS_A_DAY = 24
HOURS_A_WEEK = 168


@dataclass(frozen=True, kw_only=True)
class _Run:
    """The longest run of a queue or of a job.

    Attributes:
        who: as a warning names it.
        queue: the queue that it is admitted by.
        setting: the key that says its length, which counts `per_hour` to an hour.
        is_written: by a person. A queue's default counts, a job's only ends what hangs.
    """

    who: str
    queue: str
    hours: float
    setting: str
    per_hour: int
    is_written: bool


def of_expiry(config: StackConfig) -> Iterator[str]:
    """Yield each queue and job that may run longer than the nodes of its pools are left alone."""
    if config.cloud is Cloud.EKS:
        yield from _of_karpenter(config)
    elif config.gke is not None:
        yield from _of_upgrades(config, config.gke.maintenance)


def hours_between_windows(maintenance: Maintenance) -> int:
    """Return the longest time of a week in which GKE does not upgrade."""
    week = list(Weekday)
    starts = sorted({week.index(day) * HOURS_A_DAY + maintenance.start_hour for day in maintenance.days})
    following = (*starts[1:], starts[0] + HOURS_A_WEEK)
    return max(after - (start + maintenance.hours) for start, after in zip(starts, following, strict=True))


def _of_karpenter(config: StackConfig) -> Iterator[str]:
    """Yield each run that is longer than Karpenter lets a node of its pools live.

    Karpenter's budgets do not stop expiry. A run may also begin on a node that is no longer new.
    Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/concepts/disruption.md, Expiration.
    """
    lives = {pool.name: pool.karpenter.expire_after_hours for pool in config.pools}
    pools_of = {queue.name: {quota.pool for quota in queue.quotas} for queue in config.queues}
    for run in _runs(config):
        for pool, life in lives.items():
            if pool in pools_of[run.queue] and life is not None and run.hours > life:
                yield (
                    f"{run.who}: may run {run.hours:.0f} h, but nodes of pool {pool} go after {life} h, job or not; "
                    "the run is ended in mid-flight and goes on from its last checkpoint. Raise the pool's "
                    "`expireAfterHours`, or leave it out."
                )


def _of_upgrades(config: StackConfig, maintenance: Maintenance) -> Iterator[str]:
    """Yield each run that does not fit between two windows in which GKE upgrades nodes that are there to stay.

    Spot nodes are interrupted anyway, and flex-start nodes are not upgraded. Whatever an upgrade finds has an hour.
    Source: google/skills@1af7775 plugins/cloud/google-cloud-gke/skills/gke-upgrades/SKILL.md, Current Capabilities.
    """
    gap = hours_between_windows(maintenance)
    staying = _staying_pools(config)
    for run in _runs(config):
        pools = staying[run.queue]
        # What a job does not say, its queue does.
        if not pools or not run.is_written or run.hours <= gap or _is_kept(run, config, maintenance):
            continue
        shorter = f"Lower its `{run.setting}` to {gap * run.per_hour}" if gap else "Name fewer `days`"
        yield (
            f"{run.who}: may run {run.hours:.0f} h, but between two maintenance windows GKE leaves nodes alone for "
            f"{gap} h at most; an upgrade drains on-demand nodes of pool {', '.join(pools)} for an hour, then ends "
            f"what runs there, and it goes on from its last checkpoint. {shorter}, or put an exclusion of scope "
            f"NO_MINOR_OR_NODE_UPGRADES over the next {run.hours:.0f} h into `gke.maintenance.exclusions`."
        )


def _staying_pools(config: StackConfig) -> dict[str, tuple[str, ...]]:
    """Return the pools of each queue of which it may use on-demand nodes, paid in advance or not."""
    with_on_demand = {
        pool.name for pool in config.pools if CapacityType.ON_DEMAND in {offer.type for offer in pool.capacity}
    }
    return {
        queue.name: tuple(
            dict.fromkeys(
                quota.pool
                for quota in queue.quotas
                if quota.pool in with_on_demand and quota.capacity in (None, CapacityType.ON_DEMAND)
            )
        )
        for queue in config.queues
    }


def _is_kept(run: _Run, config: StackConfig, maintenance: Maintenance) -> bool:
    """Return whether a run that begins today is over before GKE may upgrade nodes again."""
    today = datetime(config.today.year, config.today.month, config.today.day, tzinfo=UTC)
    return any(
        exclusion.scope.keeps_nodes
        and exclusion.start < today + timedelta(days=1)
        and exclusion.end >= today + timedelta(hours=run.hours)
        for exclusion in maintenance.exclusions
    )


def _runs(config: StackConfig) -> Iterator[_Run]:
    for queue in config.queues:
        yield _Run(
            who=f"queue {queue.name}",
            queue=queue.name,
            hours=queue.workload.max_run_hours,
            setting="maxRunHours",
            per_hour=1,
            is_written=True,
        )
    for job in config.jobs:
        yield _Run(
            who=f"job {job.team}/{job.name}",
            queue=job.queue,
            hours=job.max_run_seconds / SECONDS_PER_HOUR,
            setting="maxRunSeconds",
            per_hour=SECONDS_PER_HOUR,
            is_written="max_run_seconds" in job.model_fields_set,
        )
