"""What sharing of GPUs does to those who share them, where a stack probably does not mean it."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from mizan.config import Cloud, Install, KarpenterAddon, Queue, Team, WorkloadKind
from mizan.plan.model import PoolPlan
from mizan.plan.part_prices import unit_price
from mizan.plan.tenant_model import JobPlan
from mizan.prices import derived_mark
from mizan.sharing import Manager, SharingMode
from mizan.sharing.mig import memory_slices, spelt

# With less a program hardly begins: Python with its libraries takes as much.
LEAST_CPU_MILLIS = 250
LEAST_MEMORY_MIB = 1024

# Of a GPU's memory slices that a layout may leave over unsaid; seven of the smallest instances leave an eighth.
MOST_STRANDED = Fraction(1, 4)

_NOT_APART = {
    SharingMode.TIME_SLICING: "time-slicing keeps neither memory nor faults apart, so that one team's pod can crash or "
    "starve another's",
    SharingMode.MPS: "MPS keeps memory apart but no faults: one that ends a team's pod ends all on its GPU",
}


def of_sharing(
    pools: Sequence[PoolPlan], queues: Sequence[Queue], teams: Sequence[Team], jobs: Sequence[JobPlan]
) -> Iterator[str]:
    """Yield pools where the training of several teams shares a GPU, and jobs whose part of one is of little use."""
    for pool in pools:
        yield from _of_teams(pool, queues, teams)
        yield from _of_layout(pool)
    for job in jobs:
        yield from _of_part(job)


def of_karpenter(pools: Sequence[PoolPlan], karpenter: KarpenterAddon, cloud: Cloud) -> Iterator[str]:
    """Yield what somebody else's Karpenter must be told before it makes a node for parts of GPUs.

    Source: kubernetes-sigs/karpenter@v1.14.1 pkg/operator/options/options.go, FEATURE_GATES: NodeOverlay is off.
    """
    shared = [pool for pool in pools if pool.sharing.is_made_by_operator]
    if cloud is Cloud.EKS and karpenter.install is Install.EXTERNAL and shared:
        resources = dict.fromkeys(resource for pool in shared for resource in pool.sharing.amounts)
        of_pools = f"pool{'s' if len(shared) > 1 else ''} {', '.join(pool.name for pool in shared)}"
        yield (
            "Karpenter: an external one has the feature gate NodeOverlay off unless its owner set it; then it does not "
            f"know {', '.join(resources)} of {of_pools}, and makes no node for a pod that asks for one. Write "
            "`settings: {featureGates: {nodeOverlay: true}}` in the values of its chart."
        )


def _of_teams(pool: PoolPlan, queues: Sequence[Queue], teams: Sequence[Team]) -> Iterator[str]:
    """Yield a pool's warning: whoever has quota of it meets the others on its GPUs, by one queue or by two."""
    because = _NOT_APART.get(pool.sharing.mode)
    if because is None:
        return
    counting = {queue.name: queue for queue in queues if any(quota.pool == pool.name for quota in queue.quotas)}
    sharing = [team.name for team in teams if counting.keys() & set(team.queues)]
    trains = any(
        counting[name].workload.kind is WorkloadKind.JOB for team in teams for name in team.queues if name in counting
    )
    if trains and len(sharing) > 1:
        yield (
            f"pool {pool.name}: training of teams {', '.join(sharing)} shares its GPUs; {because}, and hours of work "
            "are lost with it. Share by MIG, or give each team a pool of its own."
        )


def _of_layout(pool: PoolPlan) -> Iterator[str]:
    """Yield a pool's warning where much of each GPU belongs to no instance: those that are there pay for it."""
    sharing, gpu = pool.sharing, pool.machine.gpu
    every = gpu.mig_memory_slices
    left = every - memory_slices(gpu, sharing.layout)
    if not sharing.layout or left < every * MOST_STRANDED:
        return
    offer = pool.offers[0]
    mark = derived_mark(is_derived=offer.price.is_derived)
    paid = [(part.name, unit_price(offer, part)) for part in sharing.parts]
    each = ", ".join(f"${usd * left / every:.2f}{mark} of the ${usd:.2f}{mark} of a {name}" for name, usd in paid)
    yield (
        f"pool {pool.name}: {spelt(sharing.layout)} leaves {left} of {every} memory slices of each GPU to nobody, and "
        f"its instances pay for them: on {offer.capacity_type} {each} an hour buys nothing. Choose a layout that "
        f"leaves less, as `mizan layouts {gpu.name}` shows them."
    )


def _of_part(job: JobPlan) -> Iterator[str]:
    request = job.request
    if request.mode is SharingMode.MPS and request.manager is Manager.GKE:
        # Second-hand: quoted twice from https://docs.cloud.google.com/kubernetes-engine/docs/how-to/nvidia-mps-gpus.
        yield (
            f"job {job.name} of {job.namespace}: GKE's MPS is said to serve only pods with `hostIPC: true`, which the "
            "restricted standard of the teams' namespaces refuses, so the job is written without it and may find no "
            "GPU. Try it first, or write `manager: operator` or another mode in the `sharing` of its pool."
        )
    if request.is_part and (request.cpu_millis < LEAST_CPU_MILLIS or request.memory_mib < LEAST_MEMORY_MIB):
        yield (
            f"job {job.name} of {job.namespace}: with {request.words} come {request.cpu_millis / 1000:.2f} CPUs and "
            f"{request.memory_mib / 1024:.2f} GiB of the node, as its pods share them alike, and less than "
            f"{LEAST_CPU_MILLIS / 1000:.2f} CPUs or 1 GiB is too little for most programs. Cut the pool's GPUs into "
            "fewer parts, or take a larger machine."
        )
