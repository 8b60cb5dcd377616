"""The Plan: the single definition that node pools, autoscaler, queues, prices and policies are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import Machine, Provider
from mizan.config import (
    Budget,
    Checkpoint,
    Cloud,
    Cluster,
    CommitmentKind,
    Eks,
    ExpectedUse,
    Fallback,
    Gke,
    GkeNodes,
    KarpenterAddon,
    KarpenterNodes,
    KueueAddon,
    Order,
    Preemption,
    Priority,
    QueueingStrategy,
    RestartPolicy,
    WarmNodes,
    WhenCanBorrow,
)
from mizan.plan.checkpoints import CheckpointBucket
from mizan.plan.claims import Claims
from mizan.plan.fallback import Candidate, Worth
from mizan.prices import PRICE_MAX_AGE_DAYS, Basis, Price

# A calendar's machines are handed over as a reservation, which is named when they are asked for.
# Source: https://docs.cloud.google.com/sdk/gcloud/reference/compute/future-reservations/create, --reservation-mode and
# --reservation-name, read 2026-11-23.
_KEPT = frozenset({CommitmentKind.RESERVATION, CommitmentKind.CAPACITY_BLOCK, CommitmentKind.DWS_CALENDAR})


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A node taint and, as a toleration, what gets past it."""

    key: str
    value: str
    effect: str = "NoSchedule"

    def on_node(self) -> dict[str, str]:
        """Return the taint as a node's spec holds it."""
        return {"key": self.key, "value": self.value, "effect": self.effect}

    def toleration(self) -> dict[str, str]:
        """Return the toleration of exactly this taint."""
        return {"key": self.key, "operator": "Equal", "value": self.value, "effect": self.effect}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One machine of one pool in one capacity type: one node pool and one price.

    Attributes:
        price: what an hour of a node costs without any commitment.
        commitments: the nodes of it that each commitment pays for, by its name; empty where it is bought as it runs.
        worth: what a useful hour costs, and why it is tried where it is.
        weight: of two offers that fit a pod, the autoscaler takes the one with the higher weight, 1 to 100.
    """

    name: str
    pool: str
    capacity_type: CapacityType
    machine: Machine
    price: Price
    max_nodes: int
    resource: str
    units_per_node: int
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]
    weight: int
    worth: Worth
    commitments: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_committed(self) -> bool:
        """Return whether its nodes are paid for in advance, so that one more hour costs nothing."""
        return bool(self.commitments)

    @property
    def max_units(self) -> int:
        """Return the units of `resource` at the offer's largest size."""
        return self.max_nodes * self.units_per_node


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """A pool and its offers in the order they are tried.

    Attributes:
        left_out: capacity types that the stack lists but that are not worth it, each with the reason.
        left_out_nodes: that those would have had; the work meant for them is there all the same.
        doubtful: those that are kept all the same, as a queue or the stack's own order names them.
        on_demand: what a node costs on-demand, which savings are told against; None where no list says it.
        claims: who may fill its nodes; None where no queue counts it.
        zones: of its nodes; empty means all of the cluster.
    """

    name: str
    machine: Machine
    order: Order
    offers: tuple[Offer, ...]
    left_out: tuple[Candidate, ...]
    left_out_nodes: int
    doubtful: tuple[Candidate, ...]
    on_demand: Price | None
    expected_use: ExpectedUse
    disk_gib: int
    claims: Claims | None = None
    zones: tuple[str, ...] = ()
    gke: GkeNodes = field(default_factory=GkeNodes)
    karpenter: KarpenterNodes = field(default_factory=KarpenterNodes)
    warm: WarmNodes | None = None


@dataclass(frozen=True, kw_only=True)
class CommitmentPlan:
    """Capacity that is paid for every hour, used or not.

    Attributes:
        machine: that it covers; None covers every machine of `provider`.
        nodes: that it covers; None where it counts dollars.
        usd_per_hour: of all of it.
        discount: of a savings plan against on-demand, 0 to 1; None for all others.
        source: where its price is from.
        as_of: the day of the price row that it is from; None where the stack states the price: what was agreed on does
            not grow old.
        basis: of that row; None where the stack states the price, which is neither read from a list nor computed.
    """

    name: str
    kind: CommitmentKind
    machine: Machine | None
    provider: Provider
    nodes: int | None
    usd_per_hour: Decimal
    discount: Decimal | None
    source: str
    as_of: date | None
    basis: Basis | None

    @property
    def keeps_nodes(self) -> bool:
        """Return whether machines are kept for it under its name, and not only billed in another way."""
        return self.kind in _KEPT

    @property
    def is_derived(self) -> bool:
        """Return whether its price was computed from others."""
        return self.basis is Basis.DERIVED

    def is_stale(self, today: date) -> bool:
        """Return whether its price row is more than 90 days old."""
        return self.as_of is not None and (today - self.as_of).days > PRICE_MAX_AGE_DAYS


@dataclass(frozen=True, kw_only=True)
class Flavor:
    """GPUs that Kueue counts as one: a single offer, or all offers of a pool among which the autoscaler chooses.

    Attributes:
        capacity_type: of its single offer; None where the autoscaler chooses.
        offers: in the order they are tried; all have the same resource.
        labels: what all its nodes carry, and what Kueue writes into an admitted job as node selector.
        taints: what all its nodes carry.
    """

    name: str
    pool: str
    capacity_type: CapacityType | None
    offers: tuple[Offer, ...]
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]

    @property
    def resource(self) -> str:
        """Return the resource that its quota counts."""
        return self.offers[0].resource

    @property
    def compute_class(self) -> str | None:
        """Return the ComputeClass that keeps the order of its offers on GKE; None where there is but one, or no GKE."""
        return self.labels.get(keys.GKE_COMPUTE_CLASS)

    @property
    def is_queued(self) -> bool:
        """Return whether its nodes come all together through a ProvisioningRequest, for one gang at a time."""
        return keys.GKE_QUEUED in self.labels

    @property
    def max_units(self) -> int:
        """Return the units of `resource` at the largest size of all its offers."""
        return sum(offer.max_units for offer in self.offers)


@dataclass(frozen=True, kw_only=True)
class FlavorQuota:
    """Units of one flavor.

    Attributes:
        nominal: the owner's own.
        borrowing: the most it may borrow from its cohort; None is no limit, and 0 where there is no cohort.
        lending: the most of its own that it lends; None is all of it.
    """

    flavor: Flavor
    nominal: int
    borrowing: int | None = None
    lending: int | None = None

    @property
    def lendable(self) -> int:
        """Return what others can get of it while it is idle."""
        return self.nominal if self.lending is None else self.lending


@dataclass(frozen=True, kw_only=True)
class CohortPlan:
    """A cohort with what belongs to all its queues together."""

    name: str
    parent: str | None
    quotas: tuple[FlavorQuota, ...]
    weight: int | None


@dataclass(frozen=True, kw_only=True)
class QueuePlan:
    """A ClusterQueue with its flavors in the order they are tried, and the namespaces that may use it."""

    name: str
    fallback: Fallback
    quotas: tuple[FlavorQuota, ...]
    namespaces: tuple[str, ...]
    cohort: str | None
    when_can_borrow: WhenCanBorrow
    preemption: Preemption
    strategy: QueueingStrategy
    weight: int | None


@dataclass(frozen=True, kw_only=True)
class TeamPlan:
    """A team's namespace, the labels its costs are found by, its queues, and who may use them.

    Attributes:
        group: whose members submit and read the team's jobs.
        gpu_quota: by resource, the most that all its queues together can admit; a smaller quota of the namespace would
            refuse the pods of an admitted job, which would hold its queue's quota for nothing.
    """

    namespace: str
    labels: Mapping[str, str]
    queues: tuple[str, ...]
    group: str
    gpu_quota: Mapping[str, int]
    budget: Budget | None


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A sample spot training job.

    Attributes:
        cloud: where it runs, which decides who packs its pods.
        units: of `resource`, for each pod.
        pods: that run together, or not at all.
        cpus: for each pod, so that a full node still has room for what the system runs on it.
        memory_gib: for each pod, in the same way.
        checkpoint: with the place that the job or its team's prefix in the stack's bucket gives it.
        checkpoint_seconds: between two checkpoints.
        service_account: by which its pods reach that prefix; None where they need no rights of ours.
    """

    name: str
    cloud: Cloud
    namespace: str
    queue: str
    labels: Mapping[str, str]
    tolerations: tuple[Taint, ...]
    resource: str
    units: int
    pods: int
    cpus: int
    memory_gib: int
    priority: str
    command: tuple[str, ...]
    checkpoint: Checkpoint
    checkpoint_seconds: int
    restart_policy: RestartPolicy
    fail_on_exit_codes: tuple[int, ...]
    max_run_seconds: int
    simulated_run_seconds: int | None
    service_account: str | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a stack asks for, resolved against catalogue and prices.

    Attributes:
        today: the day that the age of prices is counted to.
        gke: the cluster that the stack makes there; None elsewhere.
        eks: the cluster that the stack makes there; None elsewhere.
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
    gke: Gke | None = None
    eks: Eks | None = None
    karpenter: KarpenterAddon = field(default_factory=KarpenterAddon)
    checkpoints: CheckpointBucket | None = None
    cloud_labels: Mapping[str, str] = field(default_factory=dict)
    forced_removals: tuple[str, ...] = field(default=())
    warnings: tuple[str, ...] = field(default=())

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Return every offer of every pool, in order."""
        return tuple(offer for pool in self.pools for offer in pool.offers)

    @property
    def stale_offers(self) -> tuple[Offer, ...]:
        """Return the offers whose price is too old to be relied on."""
        return tuple(offer for offer in self.offers if offer.price.is_stale(self.today))
