"""The Plan: the single definition that node pools, autoscaler, queues, prices and policies are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mizan.config import (
    Alerts,
    Budget,
    BudgetEnforcement,
    Cloud,
    Cluster,
    DcgmExporterAddon,
    Eks,
    Gke,
    GpuOperatorAddon,
    KarpenterAddon,
    KueueAddon,
    OpenCostAddon,
    Priority,
    PrometheusAddon,
)
from mizan.plan.checkpoints import CheckpointBucket
from mizan.plan.model import CommitmentPlan, Flavor, Offer, PoolPlan
from mizan.plan.queue_model import CohortPlan, QueuePlan
from mizan.plan.tenant_model import JobPlan, TeamPlan


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a stack asks for, resolved against catalogue and prices.

    Attributes:
        today: the day that the age of prices is counted to.
        gke: the cluster that the stack makes there; None elsewhere.
        eks: the cluster that the stack makes there; None elsewhere.
        gpu_operator: NVIDIA's operator; None where nothing of it is in the cluster as far as the stack knows.
        dcgm_exporter: NVIDIA's exporter of what GPUs do, with who installs it; None where the stack has none.
        prometheus: where costs are measured, with who installs it; None where the stack has none.
        opencost: with who installs it and whose prices it takes; None where the stack has none.
        budget_enforcement: what happens to a team that has spent its budget, its mode decided.
        alerts: from when on somebody is told.
        checkpoints: the bucket of its jobs; None where it makes none.
        cloud_labels: of everything that the stack makes in the cloud; at AWS tags.
        forced_removals: teams whose namespaces may go although jobs run there.
        warnings: what is allowed but probably not meant, each a sentence with its numbers.
    """

    stack: str
    today: date
    cloud: Cloud
    region: str
    cluster: Cluster | None
    kueue: KueueAddon
    pools: tuple[PoolPlan, ...]
    flavors: tuple[Flavor, ...]
    cohorts: tuple[CohortPlan, ...]
    queues: tuple[QueuePlan, ...]
    priorities: tuple[Priority, ...]
    teams: tuple[TeamPlan, ...]
    jobs: tuple[JobPlan, ...] = field(default=())
    commitments: tuple[CommitmentPlan, ...] = field(default=())
    budget: Budget | None = None
    budget_enforcement: BudgetEnforcement = field(default_factory=BudgetEnforcement)
    alerts: Alerts = field(default_factory=Alerts)
    gke: Gke | None = None
    eks: Eks | None = None
    karpenter: KarpenterAddon = field(default_factory=KarpenterAddon)
    gpu_operator: GpuOperatorAddon | None = None
    dcgm_exporter: DcgmExporterAddon | None = None
    prometheus: PrometheusAddon | None = None
    opencost: OpenCostAddon | None = None
    checkpoints: CheckpointBucket | None = None
    cloud_labels: Mapping[str, str] = field(default_factory=dict)
    forced_removals: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def cluster_name(self) -> str:
        """Return the name of the cluster, which is the stack's where the stack makes it."""
        return self.cluster.name if self.cluster is not None else self.stack

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Return every offer of every pool, in order."""
        return tuple(offer for pool in self.pools for offer in pool.offers)

    @property
    def stale_offers(self) -> tuple[Offer, ...]:
        """Return the offers whose price is too old to be relied on."""
        return tuple(offer for offer in self.offers if offer.price.is_stale(self.today))
