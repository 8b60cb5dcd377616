"""The models of a stack file: plain values; every field says what it does, why it is limited, and how to mend it."""

from mizan.config.models.addons import Addons, Install, KueueAddon, PodsReady
from mizan.config.models.cluster import Cloud, Cluster
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
from mizan.config.models.stack import StackConfig
from mizan.config.models.teams import Team

__all__ = [
    "AccessMode",
    "Addons",
    "Checkpoint",
    "CheckpointVolume",
    "Cloud",
    "Cluster",
    "Cohort",
    "CohortQuota",
    "Fallback",
    "Install",
    "KueueAddon",
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
    "StackConfig",
    "Team",
    "TrainingJob",
    "WhenCanBorrow",
    "WithinClusterQueue",
]
