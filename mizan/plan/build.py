"""From a StackConfig to a Plan. Pure: the same stack always gives the same Plan."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from mizan import keys
from mizan.capacity import CapacityType, flavor_name
from mizan.config import (
    Cohort,
    CohortQuota,
    KarpenterAddon,
    Queue,
    Quota,
    StackConfig,
    Team,
    TrainingJob,
)
from mizan.plan.budget_enforcement import enforcement_of
from mizan.plan.checkpoints import CheckpointBucket, account_of, bucket_of, of_checkpoints, placed
from mizan.plan.cloud_labels import cloud_labels
from mizan.plan.commitments import commitments_of
from mizan.plan.dcgm_exporter import dcgm_exporter_of
from mizan.plan.device_claims import of_claims
from mizan.plan.expiry import of_expiry
from mizan.plan.gpu_operator import gpu_operator_of, of_setup
from mizan.plan.idle import of_commitments, of_kept, of_order, of_queueless, of_spare
from mizan.plan.intervals import checkpoint_seconds, of_runs, refuse_early_deletion
from mizan.plan.model import Flavor, Offer, PoolPlan
from mizan.plan.monitoring import of_monitoring, opencost_of, prometheus_of
from mizan.plan.nodes import CAPACITY_LABELS, spot_taint
from mizan.plan.plan_model import Plan
from mizan.plan.pod_requests import pod_request, reachable, reachable_offers
from mizan.plan.pools import counted_apart, pools_of
from mizan.plan.price_warnings import of_own_prices, of_prices
from mizan.plan.queue_model import CohortPlan, FlavorQuota, QueuePlan
from mizan.plan.reach import claims, reachable_units
from mizan.plan.sharing_warnings import of_karpenter, of_sharing
from mizan.plan.tenant_model import JobPlan, TeamPlan
from mizan.plan.tenant_warnings import of_resource_quotas
from mizan.plan.warnings import of_kueue, of_quotas_and_jobs
from mizan.plan.worth import notice_seconds

FlavorKey = tuple[str, CapacityType | None]


def build_plan(stack: str, config: StackConfig) -> Plan:
    """Return the Plan of a stack that `parse` has checked: every name in it exists, every offer has a price.

    Raises:
        ConfigErrors: of a pool no capacity type is feasible for the workloads of its queues, the stack's name makes no
            name of a bucket, or the bucket keeps no checkpoint of a job until its next one.
    """
    bucket = bucket_of(stack, config)
    commitments = commitments_of(config)
    pools = pools_of(stack, config, commitments)
    flavors = _flavors(pools, config.queues)
    queues = tuple(_queue(queue, flavors, config.teams) for queue in config.queues)
    cohorts = tuple(_cohort(cohort, flavors) for cohort in _from_the_top(config.cohorts))
    claimed = claims(queues, cohorts)
    pools = tuple(replace(pool, claims=claimed.get(pool.name)) for pool in pools)
    teams = {team.name: team for team in config.teams}
    by_name = {queue.name: queue for queue in queues}
    tenants = tuple(_team(team, by_name, cohorts) for team in config.teams)
    jobs = tuple(_job(job, config, teams[job.team], by_name[job.queue], bucket) for job in config.jobs)
    refuse_early_deletion(stack, jobs, config, bucket)
    operator = gpu_operator_of(config, pools)
    karpenter = config.addons.karpenter or KarpenterAddon()
    counted = tuple(flavors.values())
    return Plan(
        stack=stack,
        today=config.today,
        cloud=config.cloud,
        region=config.region,
        cluster=config.cluster,
        kueue=config.addons.kueue,
        pools=pools,
        flavors=counted,
        cohorts=cohorts,
        queues=queues,
        priorities=config.priorities,
        teams=tenants,
        jobs=jobs,
        commitments=commitments,
        budget=config.budget,
        budget_enforcement=enforcement_of(stack, config),
        alerts=config.alerts,
        gke=config.gke,
        eks=config.eks,
        karpenter=karpenter,
        gpu_operator=operator,
        dcgm_exporter=dcgm_exporter_of(config, operator),
        prometheus=prometheus_of(config),
        opencost=opencost_of(config, pools),
        checkpoints=bucket,
        cloud_labels=cloud_labels(stack, config.labels),
        forced_removals=config.force_remove_teams,
        warnings=(
            *of_prices(pools),
            *of_own_prices(config.prices),
            *of_commitments(commitments, pools),
            *of_order(queues),
            *of_queueless(pools, queues),
            *of_spare(counted, pools),
            *of_kept(counted, pools),
            *of_runs(config.jobs, by_name, config),
            *of_expiry(config),
            *of_quotas_and_jobs(counted, queues, cohorts, jobs),
            *of_sharing(pools, config.queues, config.teams, jobs),
            *of_karpenter(pools, karpenter, config.cloud),
            *of_resource_quotas(tenants, queues, cohorts),
            *of_setup(pools, operator, config.cloud),
            *of_kueue(config.addons.kueue, config.cloud),
            *of_claims(pools, config.addons.kueue, config.cloud),
            *of_checkpoints(bucket, config),
            *of_monitoring(config),
        ),
    )


def _flavors(pools: Sequence[PoolPlan], queues: Sequence[Queue]) -> dict[FlavorKey, Flavor]:
    """Return every pool as one flavor, or as one per offer where a queue counts its capacity types apart."""
    apart = counted_apart(queues)
    found: dict[FlavorKey, Flavor] = {}
    for pool in pools:
        if pool.name in apart:
            for kind, offers in _by_capacity_type(pool).items():
                found[pool.name, kind] = Flavor(
                    name=flavor_name(pool.name, kind),
                    pool=pool.name,
                    capacity_type=kind,
                    offers=offers,
                    labels=offers[0].labels,
                    taints=offers[0].taints,
                )
        else:
            found[pool.name, None] = _flavor_of_whole(pool)
    return found


def _by_capacity_type(pool: PoolPlan) -> dict[CapacityType, tuple[Offer, ...]]:
    """Return a pool's offers by capacity type; nodes paid for in advance are on-demand like those that are not."""
    kinds = dict.fromkeys(offer.capacity_type for offer in pool.offers)
    return {kind: tuple(offer for offer in pool.offers if offer.capacity_type is kind) for kind in kinds}


def _flavor_of_whole(pool: PoolPlan) -> Flavor:
    """Return the flavor of a pool whose capacity type the autoscaler chooses, with what all its nodes share."""
    first, *others = pool.offers
    return Flavor(
        name=flavor_name(pool.name, None),
        pool=pool.name,
        capacity_type=None,
        offers=pool.offers,
        labels={key: value for key, value in first.labels.items() if key not in CAPACITY_LABELS},
        taints=tuple(taint for taint in first.taints if all(taint in other.taints for other in others)),
    )


def _quota(quota: Quota | CohortQuota, flavors: Mapping[FlavorKey, Flavor]) -> FlavorQuota:
    flavor = flavors[quota.pool, quota.capacity]
    if isinstance(quota, CohortQuota):
        return FlavorQuota(flavor=flavor, nominal=quota.amount)
    return FlavorQuota(flavor=flavor, nominal=quota.amount, borrowing=quota.borrow, lending=quota.lend)


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
        budget=team.budget,
    )


def _job(
    job: TrainingJob, config: StackConfig, team: Team, queue: QueuePlan, bucket: CheckpointBucket | None
) -> JobPlan:
    labels = {
        **_cost_labels(team),
        keys.WORKLOAD_TYPE: "training",
        keys.PRIORITY: job.priority,
        keys.SPOT_ELIGIBLE: str(job.spot_eligible).lower(),
    }
    offers = reachable_offers(job.request, queue)
    checkpoint = placed(job, bucket)
    return JobPlan(
        name=job.name,
        cloud=config.cloud,
        namespace=team.name,
        queue=job.queue,
        labels=labels,
        tolerations=(spot_taint(config.cloud),) if job.spot_eligible else (),
        request=pod_request(job.request, queue),
        pods=job.pods,
        priority=job.priority,
        command=job.command,
        checkpoint=checkpoint,
        checkpoint_seconds=checkpoint_seconds(job, queue, config),
        restart_policy=job.restart_policy,
        fail_on_exit_codes=job.fail_on_exit_codes,
        max_run_seconds=job.max_run_seconds,
        simulated_run_seconds=job.simulated_run_seconds,
        simulated_gpu_profile=job.simulated_gpu_profile,
        grace_seconds=notice_seconds(config.cloud, offers[0].machine.provider),
        service_account=account_of(checkpoint, team.name, bucket),
        may_be_queued_for_nodes=any(quota.flavor.is_queued for quota, _ in reachable(job.request, queue)),
    )
