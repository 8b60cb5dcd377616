"""The models of a stack file: plain values; every field says what it does, why it is limited, and how to mend it."""

from mizan.config.models.addons import Addons, Install, KueueAddon, PodsReady
from mizan.config.models.cluster import Cloud, Cluster
from mizan.config.models.costs import (
    Budget,
    BudgetOn,
    Commitment,
    CommitmentKind,
    ExpectedUse,
    Order,
    SpotSettings,
    Term,
)
from mizan.config.models.jobs import AccessMode, Checkpoint, CheckpointVolume, RestartPolicy, TrainingJob
from mizan.config.models.pools import Pool, PoolCapacity
from mizan.config.models.queues import (
    Cohort,
    CohortQuota,
    Fallback,
    Preemption,
    Priority,
    Queue,
    QueueingStrategy,
    Quota,
    ReclaimWithinCohort,
    WhenCanBorrow,
    WithinClusterQueue,
)
from mizan.config.models.stack import NOT_KEYS, StackConfig
from mizan.config.models.teams import Team
from mizan.config.models.workloads import Workload, WorkloadKind

__all__ = [
    "NOT_KEYS",
    "AccessMode",
    "Addons",
    "Budget",
    "BudgetOn",
    "Checkpoint",
    "CheckpointVolume",
    "Cloud",
    "Cluster",
    "Cohort",
    "CohortQuota",
    "Commitment",
    "CommitmentKind",
    "ExpectedUse",
    "Fallback",
    "Install",
    "KueueAddon",
    "Order",
    "PodsReady",
    "Pool",
    "PoolCapacity",
    "Preemption",
    "Priority",
    "Queue",
    "QueueingStrategy",
    "Quota",
    "ReclaimWithinCohort",
    "RestartPolicy",
    "SpotSettings",
    "StackConfig",
    "Team",
    "Term",
    "TrainingJob",
    "WhenCanBorrow",
    "WithinClusterQueue",
    "Workload",
    "WorkloadKind",
]
