"""From a StackConfig to a Plan. Pure: the same stack always gives the same Plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mizan import keys
from mizan.capacity import CapacityType, offer_name
from mizan.catalogue import machines
from mizan.config import (
    Cloud,
    Cohort,
    CohortQuota,
    Fallback,
    Pool,
    PoolCapacity,
    Queue,
    Quota,
    StackConfig,
    Team,
    TrainingJob,
)
from mizan.plan.model import (
    CohortPlan,
    Flavor,
    FlavorQuota,
    JobPlan,
    Offer,
    Plan,
    PoolPlan,
    QueuePlan,
    Taint,
    TeamPlan,
)
from mizan.plan.order import weights
from mizan.plan.reach import reachable_units
from mizan.plan.room import share_per_gpu
from mizan.plan.warnings import of_kueue, warnings
from mizan.prices import prices

# GKE puts this taint on GPU nodes itself; we declare it everywhere, so that a pod without a GPU never occupies one.
# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus, read 2026-11-21.
GPU_TAINT = Taint(key=keys.NVIDIA_GPU, value="present")
SPOT_TAINT = Taint(key=keys.SPOT_TAINT, value="true")

FlavorKey = tuple[str, CapacityType | None]


def build_plan(stack: str, config: StackConfig) -> Plan:
    """Return the Plan of a stack that `parse` has checked: every name in it exists, every offer has a price."""
    pools = _pools(config)
    flavors = _flavors(pools, config.queues)
    queues = tuple(_queue(queue, flavors, config.teams) for queue in config.queues)
    cohorts = tuple(_cohort(cohort, flavors) for cohort in _from_the_top(config.cohorts))
    teams = {team.name: team for team in config.teams}
    by_name = {queue.name: queue for queue in queues}
    jobs = tuple(_job(job, config.cloud, teams[job.team], by_name[job.queue]) for job in config.jobs)
    return Plan(
        stack=stack,
        today=config.today,
        cloud=config.cloud,
        region=config.region,
        cluster=config.cluster,
        kueue=config.addons.kueue,
        pools=pools,
        flavors=tuple(flavors.values()),
        cohorts=cohorts,
        queues=queues,
        priorities=config.priorities,
        teams=tuple(_team(team, by_name, cohorts) for team in config.teams),
        jobs=jobs,
        forced_removals=config.force_remove_teams,
        warnings=(
            *warnings(tuple(flavors.values()), queues, cohorts, jobs),
            *of_kueue(config.addons.kueue, config.cloud),
        ),
    )


def _pools(config: StackConfig) -> tuple[PoolPlan, ...]:
    """Return every pool with its offers, each weighed against all others."""
    pools = [
        PoolPlan(name=pool.name, offers=tuple(_offer(pool, capacity, config.region) for capacity in pool.capacity))
        for pool in config.pools
    ]
    weight = weights(
        {offer.name: offer.price.usd_per_hour for pool in pools for offer in pool.offers},
        [tuple(offer.name for offer in pool.offers) for pool in pools],
    )
    return tuple(
        replace(pool, offers=tuple(replace(offer, weight=weight[offer.name]) for offer in pool.offers))
        for pool in pools
    )


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
        weight=1,
    )


def _flavors(pools: Sequence[PoolPlan], queues: Sequence[Queue]) -> dict[FlavorKey, Flavor]:
    """Return every pool as one flavor, or as one per offer where a queue counts its capacity types apart."""
    counted_apart = {quota.pool for queue in queues if queue.fallback is Fallback.QUOTA for quota in queue.quotas}
    found: dict[FlavorKey, Flavor] = {}
    for pool in pools:
        if pool.name in counted_apart:
            found |= {
                (pool.name, offer.capacity_type): Flavor(
                    name=offer.name,
                    pool=pool.name,
                    capacity_type=offer.capacity_type,
                    offers=(offer,),
                    labels=offer.labels,
                    taints=offer.taints,
                )
                for offer in pool.offers
            }
        else:
            found[pool.name, None] = _flavor_of_whole(pool)
    return found


def _flavor_of_whole(pool: PoolPlan) -> Flavor:
    """Return the flavor of a pool whose capacity type the autoscaler chooses, with what all its nodes share."""
    first, *others = pool.offers
    return Flavor(
        name=pool.name,
        pool=pool.name,
        capacity_type=None,
        offers=pool.offers,
        labels={key: value for key, value in first.labels.items() if key != keys.CAPACITY_TYPE},
        taints=tuple(taint for taint in first.taints if all(taint in other.taints for other in others)),
    )


def _quota(quota: Quota | CohortQuota, flavors: Mapping[FlavorKey, Flavor]) -> FlavorQuota:
    flavor = flavors[quota.pool, quota.capacity]
    if isinstance(quota, CohortQuota):
        return FlavorQuota(flavor=flavor, nominal=quota.gpus)
    return FlavorQuota(flavor=flavor, nominal=quota.gpus, borrowing=quota.borrow, lending=quota.lend)


def _queue(queue: Queue, flavors: Mapping[FlavorKey, Flavor], teams: tuple[Team, ...]) -> QueuePlan:
    return QueuePlan(
        name=queue.name,
        fallback=queue.fallback,
        quotas=tuple(_quota(quota, flavors) for quota in queue.quotas),
        namespaces=tuple(team.name for team in teams if queue.name in team.queues),
        cohort=queue.cohort,
        when_can_borrow=queue.when_can_borrow,
        preemption=queue.preemption,
        strategy=queue.strategy,
        weight=queue.weight,
    )


def _from_the_top(cohorts: Sequence[Cohort]) -> list[Cohort]:
    """Return the cohorts in an order in which each stands behind its parent."""
    parents = {cohort.name: cohort.parent for cohort in cohorts}

    def depth(name: str) -> int:
        parent = parents[name]
        return 0 if parent is None else 1 + depth(parent)

    return sorted(cohorts, key=lambda cohort: depth(cohort.name))


def _cohort(cohort: Cohort, flavors: Mapping[FlavorKey, Flavor]) -> CohortPlan:
    quotas = tuple(_quota(quota, flavors) for quota in cohort.quotas)
    return CohortPlan(name=cohort.name, parent=cohort.parent, quotas=quotas, weight=cohort.weight)


def _cost_labels(team: Team) -> dict[str, str]:
    return {keys.COST_CENTER: team.cost_center, keys.TEAM: team.name, keys.PROJECT: team.project}


def _team(team: Team, queues: Mapping[str, QueuePlan], cohorts: Sequence[CohortPlan]) -> TeamPlan:
    own = [queues[name] for name in team.queues]
    return TeamPlan(
        namespace=team.name,
        labels=_cost_labels(team),
        queues=team.queues,
        group=team.group or team.name,
        gpu_quota=dict(reachable_units(own, list(queues.values()), cohorts)),
    )


def _job(job: TrainingJob, cloud: Cloud, team: Team, queue: QueuePlan) -> JobPlan:
    labels = {
        **_cost_labels(team),
        keys.WORKLOAD_TYPE: "training",
        keys.PRIORITY: job.priority,
        keys.SPOT_ELIGIBLE: str(job.spot_eligible).lower(),
    }
    reachable = [offer.machine for quota in queue.quotas for offer in quota.flavor.offers]
    cpus, memory_gib = share_per_gpu(machine for machine in reachable if machine.gpus >= job.gpus)
    return JobPlan(
        name=job.name,
        cloud=cloud,
        namespace=team.name,
        queue=job.queue,
        labels=labels,
        tolerations=(SPOT_TAINT,) if job.spot_eligible else (),
        resource=queue.quotas[0].flavor.resource,
        units=job.gpus,
        pods=job.pods,
        cpus=cpus * job.gpus,
        memory_gib=memory_gib * job.gpus,
        priority=job.priority,
        command=job.command,
        checkpoint=job.checkpoint,
        restart_policy=job.restart_policy,
        fail_on_exit_codes=job.fail_on_exit_codes,
        max_run_seconds=job.max_run_seconds,
        simulated_run_seconds=job.simulated_run_seconds,
    )
