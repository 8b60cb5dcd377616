"""Who has what, who borrows from whom, who waits and why: from a stack, and from Kueue's objects. Pure."""

from mizan.queueing.cohorts import Lender
from mizan.queueing.differences import differences
from mizan.queueing.evictions import Eviction, evictions
from mizan.queueing.holdings import Holdings, OverRow, QuotaRow, ReserveRow, holdings
from mizan.queueing.live import Live, live_of
from mizan.queueing.objects import Object, QueueObjects
from mizan.queueing.planned import PlannedFlavor, PlannedQuota, planned_flavors, planned_quotas
from mizan.queueing.units import Asked, Units, units_of
from mizan.queueing.workloads import HoldingJob, JobInQueue, WaitingJob, holding_jobs, waiting_jobs

__all__ = [
    "Asked",
    "Eviction",
    "HoldingJob",
    "Holdings",
    "JobInQueue",
    "Lender",
    "Live",
    "Object",
    "OverRow",
    "PlannedFlavor",
    "PlannedQuota",
    "QueueObjects",
    "QuotaRow",
    "ReserveRow",
    "Units",
    "WaitingJob",
    "differences",
    "evictions",
    "holding_jobs",
    "holdings",
    "live_of",
    "planned_flavors",
    "planned_quotas",
    "units_of",
    "waiting_jobs",
]
