"""What sharing of GPUs does to those who share them, where a stack probably does not mean it."""

from collections.abc import Iterator, Sequence

from mizan.config import Queue, Team, WorkloadKind
from mizan.plan.model import PoolPlan
from mizan.plan.tenant_model import JobPlan
from mizan.sharing import Manager, SharingMode

# With less a program hardly begins: Python with its libraries takes as much.
LEAST_CPU_MILLIS = 250
LEAST_MEMORY_MIB = 1024

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
    for job in jobs:
        yield from _of_part(job)


def _of_teams(pool: PoolPlan, queues: Sequence[Queue], teams: Sequence[Team]) -> Iterator[str]:
    """Yield a pool's warning: whoever has quota of it meets the others on its GPUs, by one queue or by two."""
    because = _NOT_APART.get(pool.sharing.mode)
    counting = {queue.name: queue for queue in queues if any(quota.pool == pool.name for quota in queue.quotas)}
    sharing = [team.name for team in teams if counting.keys() & set(team.queues)]
    trains = any(
        counting[name].workload.kind is WorkloadKind.JOB for team in teams for name in team.queues if name in counting
    )
    if because and trains and len(sharing) > 1:
        yield (
            f"pool {pool.name}: training of teams {', '.join(sharing)} shares its GPUs; {because}, and hours of work "
            "are lost with it. Share by MIG, or give each team a pool of its own."
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
