"""What a stack becomes: pools with their offers, queues, teams and jobs, on which every other part agrees."""

from mizan.plan.build import build_plan
from mizan.plan.checkpoints import CheckpointBucket
from mizan.plan.fallback import Candidate, Worth
from mizan.plan.model import CommitmentPlan, Flavor, MachinePrice, Offer, PoolPlan, Taint
from mizan.plan.plan_model import Plan
from mizan.plan.pod_requests import PodRequest
from mizan.plan.price_warnings import price_doubts
from mizan.plan.queue_model import CohortPlan, FlavorQuota, QueuePlan
from mizan.plan.tenant_model import JobPlan, TeamPlan

__all__ = [
    "Candidate",
    "CheckpointBucket",
    "CohortPlan",
    "CommitmentPlan",
    "Flavor",
    "FlavorQuota",
    "JobPlan",
    "MachinePrice",
    "Offer",
    "Plan",
    "PodRequest",
    "PoolPlan",
    "QueuePlan",
    "Taint",
    "TeamPlan",
    "Worth",
    "build_plan",
    "price_doubts",
]
