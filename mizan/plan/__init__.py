"""What a stack becomes: pools with their offers, queues, teams and jobs, on which every other part agrees."""

from mizan.plan.build import build_plan
from mizan.plan.model import (
    CohortPlan,
    Flavor,
    FlavorQuota,
    JobPlan,
    Offer,
    Plan,
    PoolPlan,
    QueuePlan,
    Taint,
    TeamPlan,
)

__all__ = [
    "CohortPlan",
    "Flavor",
    "FlavorQuota",
    "JobPlan",
    "Offer",
    "Plan",
    "PoolPlan",
    "QueuePlan",
    "Taint",
    "TeamPlan",
    "build_plan",
]
