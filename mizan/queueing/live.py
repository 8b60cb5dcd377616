"""Everything that Kueue's objects say at one moment."""

from dataclasses import dataclass
from datetime import UTC, datetime

from mizan.plan import Plan
from mizan.queueing.differences import differences
from mizan.queueing.evictions import Eviction, evictions
from mizan.queueing.holdings import Holdings, holdings
from mizan.queueing.objects import QueueObjects
from mizan.queueing.workloads import HoldingJob, WaitingJob, holding_jobs, waiting_jobs


@dataclass(frozen=True, kw_only=True)
class Live:
    """What the cluster holds at one moment, and where it is not what the stack says."""

    at: datetime
    holdings: Holdings
    holding: list[HoldingJob]
    waiting: list[WaitingJob]
    evictions: list[Eviction]
    differences: list[str]


def live_of(plan: Plan, objects: QueueObjects, now: datetime) -> Live:
    """Return what Kueue's objects say of a stack."""
    held = holdings(objects)
    return Live(
        at=now.astimezone(UTC),
        holdings=held,
        holding=holding_jobs(objects, now),
        waiting=waiting_jobs(objects, now),
        evictions=evictions(objects, now),
        differences=list(differences(plan, held)),
    )
