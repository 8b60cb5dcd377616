"""From a StackConfig to a Plan. Pure: the same stack always gives the same Plan."""

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Pool, PoolCapacity, Queue, StackConfig, Team, TrainingJob
from mizan.plan.model import FlavorQuota, JobPlan, Offer, Plan, PoolPlan, QueuePlan, Taint, TeamPlan
from mizan.prices import prices

# GKE puts this taint on GPU nodes itself; we declare it everywhere, so that a pod without a GPU never occupies one.
# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus, read 2026-11-21.
GPU_TAINT = Taint(key=keys.NVIDIA_GPU, value="present")
SPOT_TAINT = Taint(key=keys.SPOT_TAINT, value="true")


def build_plan(stack: str, config: StackConfig) -> Plan:
    """Return the Plan of a stack that `parse` has checked: every name in it exists, every offer has a price."""
    pools = tuple(_pool(pool, config.region) for pool in config.pools)
    offers = {(offer.pool, offer.capacity_type): offer for pool in pools for offer in pool.offers}
    teams = {team.name: team for team in config.teams}
    return Plan(
        stack=stack,
        today=config.today,
        cloud=config.cloud,
        region=config.region,
        cluster=config.cluster,
        kueue=config.addons.kueue.install,
        pools=pools,
        queues=tuple(_queue(queue, offers, config.teams) for queue in config.queues),
        teams=tuple(_team(team) for team in config.teams),
        jobs=tuple(_job(job, teams[job.team]) for job in config.jobs),
    )


def _pool(pool: Pool, region: str) -> PoolPlan:
    return PoolPlan(name=pool.name, offers=tuple(_offer(pool, capacity, region) for capacity in pool.capacity))


def _offer(pool: Pool, capacity: PoolCapacity, region: str) -> Offer:
    machine = machines()[pool.machine]
    is_spot = capacity.type is CapacityType.SPOT
    return Offer(
        name=offer_name(pool.name, capacity.type),
        pool=pool.name,
        capacity_type=capacity.type,
        machine=machine,
        price=prices()[region, machine.name, capacity.type],
        max_nodes=capacity.max_nodes,
        resource=keys.NVIDIA_GPU,
        units_per_node=machine.gpus,
        labels={
            keys.POOL: pool.name,
            keys.CAPACITY_TYPE: capacity.type.value,
            keys.GPU_PRODUCT: machine.gpu.product_label,
        },
        taints=(GPU_TAINT, SPOT_TAINT) if is_spot else (GPU_TAINT,),
    )


def offer_name(pool: str, capacity: CapacityType) -> str:
    """Return the name an offer has as node pool and as flavor, such as `spot-a100` or `ondemand-a100`."""
    return f"{capacity.value.replace('-', '')}-{pool}"


def _queue(queue: Queue, offers: dict[tuple[str, CapacityType], Offer], teams: tuple[Team, ...]) -> QueuePlan:
    return QueuePlan(
        name=queue.name,
        quotas=tuple(
            FlavorQuota(offer=offers[quota.pool, quota.capacity], nominal=quota.gpus) for quota in queue.quotas
        ),
        namespaces=tuple(team.name for team in teams if queue.name in team.queues),
    )


def _cost_labels(team: Team) -> dict[str, str]:
    return {keys.COST_CENTER: team.cost_center, keys.TEAM: team.name, keys.PROJECT: team.project}


def _team(team: Team) -> TeamPlan:
    return TeamPlan(namespace=team.name, labels=_cost_labels(team), queues=team.queues)


def _job(job: TrainingJob, team: Team) -> JobPlan:
    labels = {**_cost_labels(team), keys.WORKLOAD_TYPE: "training", keys.PRIORITY: "batch", keys.SPOT_ELIGIBLE: "true"}
    return JobPlan(
        name=job.name,
        namespace=team.name,
        queue=job.queue,
        labels=labels,
        tolerations=(SPOT_TAINT,),
        resource=keys.NVIDIA_GPU,
        units=job.gpus,
        command=job.command,
        checkpoint=job.checkpoint,
        simulated_run_seconds=job.simulated_run_seconds,
    )
