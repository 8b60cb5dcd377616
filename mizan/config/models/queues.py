"""Queues: who may hold how many GPUs, who lends to whom, and who goes first."""

from enum import StrEnum

from mizan.capacity import CapacityType
from mizan.config.models.base import NAME_LENGTH, NAME_PATTERN, Model, described, described_text, object_name
from mizan.config.models.workloads import Workload

# Kubernetes keeps what is above for its own classes.
# Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/, read 2026-11-22.
HIGHEST_PRIORITY = 1_000_000_000

# Far below, from -33554432 on, Karpenter takes a node for empty though such pods run there, and removes it.
# Source: kubernetes-sigs/karpenter@v1.14.1 pkg/utils/disruption/disruption.go, EvictionCost.
LOWEST_PRIORITY = -1_000_000

# Kueue reads what does not fit into 64 bits as no limit at all; a mistyped number must not become one.
# Source: kubernetes-sigs/kueue@v0.19.2 pkg/resources/amount.go.
MOST_GPUS = 1_000_000

# Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2/clusterqueue_types.go, ResourceGroup.Flavors, MaxItems.
MOST_QUOTAS = 64


class Fallback(StrEnum):
    """Who moves a job from spot to on-demand.

    `capacity`: the autoscaler, when spot is out of stock; a pool is one flavor. `quota`: Kueue, when the spot quota is
    used up; each capacity type is a flavor. They exclude each other: Kueue writes a flavor's capacity type into the
    job, and the autoscaler can no longer move it.
    """

    CAPACITY = "capacity"
    QUOTA = "quota"


class WhenCanBorrow(StrEnum):
    """What a queue does when its own quota of a flavor is used up but it may borrow there.

    `MayStopSearch` borrows, `TryNextFlavor` looks at the next flavor first.
    Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2/clusterqueue_types.go, FlavorFungibility.
    """

    BORROW = "MayStopSearch"
    NEXT_FLAVOR = "TryNextFlavor"


class WithinClusterQueue(StrEnum):
    """Whom a waiting job may preempt in its own queue."""

    NEVER = "Never"
    LOWER_PRIORITY = "LowerPriority"
    LOWER_OR_NEWER_EQUAL_PRIORITY = "LowerOrNewerEqualPriority"


class ReclaimWithinCohort(StrEnum):
    """From whom a queue takes back the quota that others have borrowed."""

    NEVER = "Never"
    LOWER_PRIORITY = "LowerPriority"
    ANY = "Any"


class QueueingStrategy(StrEnum):
    """What happens behind a job that does not fit: others pass it, or all wait."""

    BEST_EFFORT_FIFO = "BestEffortFIFO"
    STRICT_FIFO = "StrictFIFO"


class Quota(Model):
    """GPUs of one flavor that a queue may use."""

    pool: str = described("Name of a pool.", because="a quota counts a pool's GPUs", fix="Name a pool of this stack")
    capacity: CapacityType | None = described(
        "Capacity type of that pool; only in a queue with `fallback: quota`.",
        because="there each capacity type is a flavor of its own",
        fix="Write `spot` or `on-demand`",
        default=None,
    )
    gpus: int | None = described(
        "GPUs of this flavor that are the queue's own; of a pool whose GPUs are cut into unlike parts, with all parts.",
        because="a quota cannot be negative, and GPUs are whole",
        fix="Write a whole number, 0 to 1000000; `units` instead where the pool's GPUs are shared in equal parts",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )
    units: int | None = described(
        "Parts of GPUs that are the queue's own, instead of `gpus`: of a pool whose GPUs are shared in equal parts.",
        because="seven instances of one GPU can belong to seven queues",
        fix="Write a whole number, 0 to 1000000, or `gpus` where one pod has a GPU whole",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )
    borrow: int | None = described(
        "GPUs that the queue may borrow from its cohort beyond its own; left out, as many as are idle there.",
        because="idle quota is paid capacity that somebody else could use",
        fix="Write a whole number, 0 to 1000000; 0 never borrows",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )
    lend: int | None = described(
        "GPUs of its own that the queue lends to its cohort while they are idle; left out, all of them.",
        because="what is lent comes back only when the borrower is preempted or ends",
        fix="Write a whole number from 0 to `gpus`, or to `units`; 0 never lends",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )

    @property
    def amount(self) -> int:
        """Return the quota in units of the pool."""
        return (self.gpus if self.units is None else self.units) or 0


class CohortQuota(Model):
    """GPUs of one flavor that belong to a whole cohort, for its queues to borrow."""

    pool: str = described("Name of a pool.", because="a quota counts a pool's GPUs", fix="Name a pool of this stack")
    capacity: CapacityType | None = described(
        "Capacity type of that pool; only where the pool's queues have `fallback: quota`.",
        because="there each capacity type is a flavor of its own",
        fix="Write `spot` or `on-demand`",
        default=None,
    )
    gpus: int | None = described(
        "GPUs of this flavor that no queue owns and every queue of the cohort may borrow.",
        because="a quota cannot be negative, and GPUs are whole",
        fix="Write a whole number, 0 to 1000000; `units` instead where the pool's GPUs are shared in equal parts",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )
    units: int | None = described(
        "Parts of GPUs likewise, instead of `gpus`: of a pool whose GPUs are shared in equal parts.",
        because="seven instances of one GPU can belong to seven queues",
        fix="Write a whole number, 0 to 1000000, or `gpus` where one pod has a GPU whole",
        default=None,
        ge=0,
        le=MOST_GPUS,
        strict=True,
    )

    @property
    def amount(self) -> int:
        """Return the quota in units of the pool."""
        return (self.gpus if self.units is None else self.units) or 0


class Cohort(Model):
    """Queues that lend each other what they do not use."""

    name: str = object_name("cohort")
    parent: str | None = described(
        "Name of the cohort above it, with which it lends and borrows in turn.",
        because="a department's cohorts can share before anybody else does",
        fix="Name a cohort of this stack, or leave it out",
        default=None,
    )
    quotas: tuple[CohortQuota, ...] = described(
        "GPUs that belong to the cohort itself.",
        because="a common reserve needs no queue of its own",
        fix="Write a list of at most 64, or leave it out",
        default=(),
        max_length=MOST_QUOTAS,
    )
    weight: int | None = described(
        "Share of the parent's spare GPUs against its siblings; only with fair sharing.",
        because="without fair sharing Kueue does not read it",
        fix="Write a whole number from 1 to 1000, and `fairSharing: true` for Kueue",
        default=None,
        ge=1,
        le=1000,
        strict=True,
    )


class Preemption(Model):
    """Whose running jobs may be evicted, and requeued, for a waiting one."""

    within_cluster_queue: WithinClusterQueue = described(
        "In the job's own queue.",
        because="an important job should not wait for a less important one",
        fix="Write `Never`, `LowerPriority` or `LowerOrNewerEqualPriority`",
        default=WithinClusterQueue.LOWER_PRIORITY,
    )
    reclaim_within_cohort: ReclaimWithinCohort = described(
        "In queues of the cohort that have borrowed the queue's own quota.",
        because="lent quota must come back when its owner needs it",
        fix="Write `Never`, `LowerPriority` or `Any`",
        default=ReclaimWithinCohort.ANY,
    )


class Queue(Model):
    """A ClusterQueue; its quotas in the order the flavors are tried."""

    name: str = object_name("queue")
    fallback: Fallback = described(
        "Who moves a job from spot to on-demand: the autoscaler when spot is out of stock (`capacity`), or Kueue when "
        "the spot quota is used up (`quota`).",
        because="Kueue writes a flavor's capacity type into the job, so only one of the two can move it",
        fix="Write `capacity` for spot training, `quota` to keep on-demand for what exceeds the spot quota",
        default=Fallback.CAPACITY,
    )
    quotas: tuple[Quota, ...] = described(
        "Quotas in the order they are tried.",
        because="a queue without quota admits nothing",
        fix="Add `- {pool: a100, gpus: 8}`; at most 64",
        min_length=1,
        max_length=MOST_QUOTAS,
    )
    cohort: str | None = described(
        "Name of the cohort in which it lends and borrows.",
        because="a queue without a cohort neither borrows nor lends",
        fix="Name a cohort of this stack, or leave it out",
        default=None,
    )
    when_can_borrow: WhenCanBorrow = described(
        "Own quota of a flavor is used up: `MayStopSearch` borrows there, `TryNextFlavor` tries the next flavor first.",
        because="borrowed spot is cheaper than on-demand of one's own, but can be reclaimed",
        fix="Write `MayStopSearch` or `TryNextFlavor`",
        default=WhenCanBorrow.BORROW,
    )
    preemption: Preemption = described(
        "Whose jobs may be preempted.",
        because="a preempted job goes on from its last checkpoint, and the work since is paid twice",
        fix="Write `{withinClusterQueue: LowerPriority, reclaimWithinCohort: Any}`",
        default=Preemption(),
    )
    strategy: QueueingStrategy = described(
        "BestEffortFIFO lets small jobs pass a large one that does not fit; StrictFIFO keeps the order.",
        because="a gang of many GPUs can starve behind small jobs, or small jobs wait behind it",
        fix="Write `BestEffortFIFO` or `StrictFIFO`",
        default=QueueingStrategy.BEST_EFFORT_FIFO,
    )
    workload: Workload = described(
        "What a typical workload of the queue is like.",
        because="what an interruption costs depends on it",
        fix="Write `{nodes: 4, checkpointWriteSeconds: 120}`, or leave it out",
        default=Workload(),
    )
    weight: int | None = described(
        "Share of the cohort's spare GPUs against its other queues; only with fair sharing.",
        because="without fair sharing Kueue does not read it",
        fix="Write a whole number from 1 to 1000, and `fairSharing: true` for Kueue",
        default=None,
        ge=1,
        le=1000,
        strict=True,
    )


class Priority(Model):
    """A priority that jobs name: a WorkloadPriorityClass for the queue and a PriorityClass for the pods."""

    name: str = described(
        "Name of the priority.",
        because="it becomes the name of a PriorityClass, which is never cut short",
        fix="Use a short name such as `batch`",
        pattern=NAME_PATTERN,
        max_length=NAME_LENGTH,
    )
    value: int = described(
        "The higher goes first.",
        because="the queue orders by it before it orders by age",
        fix=f"Write a whole number from {LOWEST_PRIORITY} to {HIGHEST_PRIORITY}",
        ge=LOWEST_PRIORITY,
        le=HIGHEST_PRIORITY,
        strict=True,
    )
    preempts: bool = described(
        "Whether its pods may push running pods of a lower priority off a node.",
        because="Kueue preempts whole jobs in order; the scheduler would take single pods out of one",
        fix="Write `false` for training, `true` for serving that must find room at once",
        default=False,
        strict=True,
    )
    description: str = described_text(
        "For whom it is.",
        because="a priority that nobody can tell from the next is used by everybody",
        fix="Write a sentence such as `Nightly training`",
    )
