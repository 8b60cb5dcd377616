"""The models of a stack file: plain values; every field says what it does, why it is limited, and how to mend it."""

from mizan.config.models.addons import (
    Addons,
    GpuOperatorAddon,
    GpuOperatorDriver,
    KarpenterAddon,
    KueueAddon,
    PodsReady,
)
from mizan.config.models.alerts import Alerts
from mizan.config.models.budgets import BudgetEnforcement, BudgetException, TeamBudget
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
from mizan.config.models.dcgm import DcgmExporterAddon
from mizan.config.models.eks import Access, AccessPolicy, ControlPlaneLog, Eks, EksNetwork
from mizan.config.models.gke import (
    ExclusionScope,
    Gke,
    GkeNetwork,
    Maintenance,
    MaintenanceExclusion,
    ReleaseChannel,
    SystemPool,
    Weekday,
)
from mizan.config.models.gpu_request import GpuRequest
from mizan.config.models.install import Install, OptionalInstall
from mizan.config.models.jobs import AccessMode, Checkpoint, CheckpointVolume, RestartPolicy, TrainingJob
from mizan.config.models.monitoring import OpenCostAddon, PriceSource, PrometheusAddon, Slack, SpotFeed
from mizan.config.models.networks import AuthorisedNetwork
from mizan.config.models.node_settings import GkeImage, GkeNodes, GpuDriver, KarpenterNodes, WarmNodes
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
from mizan.config.models.sharing import Sharing
from mizan.config.models.stack import NOT_KEYS, StackConfig
from mizan.config.models.storage import CheckpointStorage
from mizan.config.models.teams import Team
from mizan.config.models.workloads import Workload, WorkloadKind

__all__ = [
    "NOT_KEYS",
    "Access",
    "AccessMode",
    "AccessPolicy",
    "Addons",
    "Alerts",
    "AuthorisedNetwork",
    "Budget",
    "BudgetEnforcement",
    "BudgetException",
    "BudgetOn",
    "Checkpoint",
    "CheckpointStorage",
    "CheckpointVolume",
    "Cloud",
    "Cluster",
    "Cohort",
    "CohortQuota",
    "Commitment",
    "CommitmentKind",
    "ControlPlaneLog",
    "DcgmExporterAddon",
    "Eks",
    "EksNetwork",
    "ExclusionScope",
    "ExpectedUse",
    "Fallback",
    "Gke",
    "GkeImage",
    "GkeNetwork",
    "GkeNodes",
    "GpuDriver",
    "GpuOperatorAddon",
    "GpuOperatorDriver",
    "GpuRequest",
    "Install",
    "KarpenterAddon",
    "KarpenterNodes",
    "KueueAddon",
    "Maintenance",
    "MaintenanceExclusion",
    "OpenCostAddon",
    "OptionalInstall",
    "Order",
    "PodsReady",
    "Pool",
    "PoolCapacity",
    "Preemption",
    "PriceSource",
    "Priority",
    "PrometheusAddon",
    "Queue",
    "QueueingStrategy",
    "Quota",
    "ReclaimWithinCohort",
    "ReleaseChannel",
    "RestartPolicy",
    "Sharing",
    "Slack",
    "SpotFeed",
    "SpotSettings",
    "StackConfig",
    "SystemPool",
    "Team",
    "TeamBudget",
    "Term",
    "TrainingJob",
    "WarmNodes",
    "Weekday",
    "WhenCanBorrow",
    "WithinClusterQueue",
    "Workload",
    "WorkloadKind",
]
