"""Which documents the parts of a plan take, by what each is called in a report.

It is said here a second time, apart from mizan/manifests/stack.py and from what that calls: a document that nobody
writes any more, or that nobody has planned, is seen by that alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial

from mizan import keys
from mizan.agreement.documents import (
    DCGM_EXPORTER,
    GPU_OPERATOR,
    KARPENTER,
    KUEUE,
    OPENCOST,
    PROMETHEUS,
    chart,
    devices_of,
    estimate_of,
    instance_type,
    known_as,
    node_pool,
    parts_of,
    plan_of,
)
from mizan.budgets.model import Mode
from mizan.config import Cloud, GkeImage, Install, OptionalInstall, PriceSource
from mizan.manifests import dcgm_monitors, driver_installer, gpu_configs, gpu_operator, kwok_nodes, limits, provisioning
from mizan.manifests.access import MEMBER
from mizan.manifests.dcgm_exporter import COUNTERS_NAME
from mizan.manifests.dra import LARGEST_AVAILABLE
from mizan.plan import Offer, Plan, PoolPlan
from mizan.plan.checkpoints import SERVICE_ACCOUNT
from mizan.plan.dcgm_exporter import measured_alone, measured_by_operator
from mizan.plan.gpu_operator import is_set_up_by_operator, is_shared_by_operator
from mizan.plan.tenant_model import JobPlan, TeamPlan
from mizan.sharing import WHOLE, SharingMode

NETWORK_POLICIES = ("default-deny", "allow-team", "allow-inference")

# In which a claim may take whole GPUs, as far as a machine has so many.
_CLAIMED_TOGETHER = (1, 2, 4, 8, 16)

_RULES = ("mizan-costs", "mizan-alerts")
_ENFORCER = "mizan-budget"
_DASHBOARDS = ("cost", "efficiency", "idle", "spot", "queues", "health")


@dataclass(frozen=True, kw_only=True)
class Need:
    """A document that another one, or the plan, takes for granted."""

    by: str
    document: str


def needed(plan: Plan) -> Iterator[Need]:
    """Yield every document of a stack with the part of the plan that takes it, some of them more than once."""
    for pool in plan.pools:
        yield from _all(pool.name, _of_pool(pool, plan))
    for offer in plan.offers:
        yield from _all(offer.name, _of_offer(offer, plan))
    for team in plan.teams:
        yield from _all(team.namespace, (*_of_team(team, plan), *_claims_of(team, plan)))
    for job in plan.jobs:
        yield from _all(f"{job.namespace}/{job.name}", _of_job(job))
    parts = (_of_nodes, _of_operator, _of_exporter, _of_monitoring, _of_budgets, _of_queues)
    for part in parts:
        yield from _all(plan.stack, part(plan))


def _all(subject: str, documents: Iterable[str]) -> Iterator[Need]:
    return (Need(by=plan_of(subject), document=document) for document in documents)


def _of_offer(offer: Offer, plan: Plan) -> Iterator[str]:
    yield estimate_of(offer.name)
    yield parts_of(offer.name)
    if plan.cloud is Cloud.GKE:
        yield node_pool(offer.name)
        return
    if offer.min_nodes:
        yield known_as("Deployment", offer.name, keys.OWN_NAMESPACE)
    if plan.cloud is Cloud.EXISTING:
        return
    yield known_as("NodePool", offer.name)
    if offer.sharing.is_made_by_operator:
        yield known_as("NodeOverlay", offer.name)


def _of_pool(pool: PoolPlan, plan: Plan) -> Iterator[str]:
    if plan.cloud is Cloud.EKS:
        yield known_as("EC2NodeClass", pool.name)
    if plan.cloud is Cloud.LOCAL:
        yield instance_type(pool.machine.name)
        if pool.sharing.mode is SharingMode.DRA:
            yield devices_of(pool.name)
    if pool.warm is not None:
        yield known_as("CronJob", pool.name, keys.OWN_NAMESPACE)
    yield from (known_as("DeviceClass", each) for each in pool.sharing.device_class.values())


def _of_nodes(plan: Plan) -> Iterator[str]:
    if plan.cloud is Cloud.LOCAL:
        yield known_as("KWOKNodeClass", kwok_nodes.NODE_CLASS)
    if plan.cloud is Cloud.EKS and plan.karpenter.install is Install.HELM:
        yield chart(KARPENTER)
    is_kept = any(offer.min_nodes for offer in plan.offers) and plan.cloud is not Cloud.GKE
    if is_kept or any(pool.warm is not None for pool in plan.pools):
        yield known_as("Namespace", keys.OWN_NAMESPACE)
        yield known_as("PriorityClass", keys.PLACEHOLDER_PRIORITY)


def _of_budgets(plan: Plan) -> Iterator[str]:
    """Yield what enforces budgets, where Prometheus wants headers beside the Secret that they are in."""
    is_enforced = plan.budget_enforcement.mode is not Mode.NONE and any(team.budget for team in plan.teams)
    if plan.prometheus is None or not is_enforced:
        return
    namespace = keys.MONITORING_NAMESPACE if plan.prometheus.headers_secret else keys.OWN_NAMESPACE
    yield known_as("Namespace", namespace)
    yield from (known_as(kind, _ENFORCER, namespace) for kind in ("ServiceAccount", "ConfigMap", "CronJob"))
    for team in plan.teams:
        yield from (known_as(kind, _ENFORCER, team.namespace) for kind in ("Role", "RoleBinding"))


def _of_operator(plan: Plan) -> Iterator[str]:
    operator, namespace = plan.gpu_operator, keys.GPU_NAMESPACE
    if operator is None:
        return
    yield known_as("Namespace", namespace)
    config_map = partial(known_as, "ConfigMap", namespace=namespace)
    if any(is_shared_by_operator(pool) and pool.sharing.mode is not SharingMode.DRA for pool in plan.pools):
        yield config_map(gpu_configs.DEVICE_PLUGIN)
    if any(pool.sharing.mig_config for pool in plan.pools):
        yield config_map(gpu_configs.MIG_LAYOUTS)
        yield from [config_map(gpu_configs.GPU_CLIENTS)] if plan.cloud is Cloud.EKS else []
    if operator.install is not Install.HELM:
        return
    yield chart(GPU_OPERATOR)
    if plan.cloud is Cloud.GKE:
        yield known_as("ResourceQuota", gpu_operator.QUOTA, namespace)
        if any(is_set_up_by_operator(pool, plan.cloud) and pool.gke.image is GkeImage.COS for pool in plan.pools):
            yield known_as("DaemonSet", driver_installer.NAME, driver_installer.NAMESPACE)


def _of_exporter(plan: Plan) -> Iterator[str]:
    settings = plan.dcgm_exporter
    if settings is None:
        return
    if plan.gpu_operator is not None:
        yield known_as("ConfigMap", COUNTERS_NAME, keys.GPU_NAMESPACE)
        if settings.service_monitor and measured_by_operator(plan):
            claims = "-dra" if gpu_operator.has_claims(plan) else ""
            yield known_as("ServiceMonitor", f"mizan-nvidia-dcgm-exporter{claims}", keys.GPU_NAMESPACE)
    if not measured_alone(plan):
        return
    namespace = keys.DCGM_NAMESPACE
    yield known_as("Namespace", namespace)
    yield known_as("ConfigMap", COUNTERS_NAME, namespace)
    if settings.service_monitor:
        yield known_as("ServiceMonitor", f"mizan-{dcgm_monitors.NAME}", namespace)
    if settings.install is Install.HELM:
        yield chart(DCGM_EXPORTER)
        yield from [known_as("ResourceQuota", "dcgm-exporter-quota", namespace)] if plan.cloud is Cloud.GKE else []


def _of_monitoring(plan: Plan) -> Iterator[str]:
    prometheus, opencost = plan.prometheus, plan.opencost
    in_namespace = partial(known_as, namespace=keys.MONITORING_NAMESPACE)
    is_ours = prometheus is not None and prometheus.install is OptionalInstall.HELM
    if prometheus is not None and (is_ours or prometheus.rules_in_cluster or prometheus.headers_secret):
        yield known_as("Namespace", keys.MONITORING_NAMESPACE)
    if prometheus is not None and (is_ours or prometheus.rules_in_cluster):
        yield from (in_namespace("ServiceMonitor", name) for name in _monitored(plan))
        yield from (in_namespace("PrometheusRule", name) for name in _RULES)
        yield from (in_namespace("ConfigMap", f"mizan-gpu-{name}") for name in _DASHBOARDS)
    if prometheus is not None and prometheus.headers_secret is not None:
        yield known_as("Namespace", keys.MONITORING_NAMESPACE)
    if prometheus is not None and is_ours:
        yield chart(PROMETHEUS)
        if plan.cloud is Cloud.EKS and prometheus.storage_class is None:
            yield known_as("StorageClass", keys.MONITORING_NAMESPACE)
    if opencost is not None and opencost.install is OptionalInstall.HELM:
        yield chart(OPENCOST)
        yield known_as("Namespace", keys.MONITORING_NAMESPACE)
        if opencost.prices_from is PriceSource.STACK:
            yield in_namespace("ConfigMap", "opencost-prices")


def _monitored(plan: Plan) -> Iterator[str]:
    if plan.kueue.install is Install.HELM:
        yield "mizan-kueue"
    if plan.cloud is Cloud.EKS and plan.karpenter.install is Install.HELM:
        yield "mizan-karpenter"


def _of_queues(plan: Plan) -> Iterator[str]:
    if plan.cloud is Cloud.LOCAL or plan.kueue.install is Install.HELM:
        yield KUEUE
    for priority in plan.priorities:
        yield known_as("WorkloadPriorityClass", priority.name)
        yield known_as("PriorityClass", priority.name)
    for flavor in plan.flavors:
        yield known_as("ResourceFlavor", flavor.name)
        if flavor.compute_class is not None:
            yield known_as("ComputeClass", flavor.compute_class)
    if any(flavor.is_queued for flavor in plan.flavors):
        yield known_as("ProvisioningRequestConfig", provisioning.NAME)
        yield known_as("AdmissionCheck", provisioning.NAME)
    yield from (known_as("Cohort", cohort.name) for cohort in plan.cohorts)
    yield from (known_as("ClusterQueue", queue.name) for queue in plan.queues)


def _of_team(team: TeamPlan, plan: Plan) -> Iterator[str]:
    namespace = team.namespace
    yield known_as("Namespace", namespace)
    yield known_as("LimitRange", limits.DEFAULTS, namespace)
    yield known_as("ResourceQuota", limits.GPU_QUOTA, namespace)
    yield from (known_as("NetworkPolicy", policy, namespace) for policy in NETWORK_POLICIES)
    yield known_as("Role", MEMBER, namespace)
    yield known_as("RoleBinding", MEMBER, namespace)
    if plan.checkpoints is not None:
        yield known_as("ServiceAccount", SERVICE_ACCOUNT, namespace)
    yield from (known_as("LocalQueue", queue, namespace) for queue in team.queues)


def _claims_of(team: TeamPlan, plan: Plan) -> Iterator[str]:
    """Yield the claims that a team's pods can copy: of each part alone, of whole GPUs together, and of any part."""
    template = partial(known_as, "ResourceClaimTemplate", namespace=team.namespace)
    found = set()
    for flavor in (quota.flavor for queue in plan.queues if queue.name in team.queues for quota in queue.quotas):
        most = max(offer.machine.gpus for offer in flavor.offers)
        for part in flavor.sharing.parts:
            if part.name in flavor.sharing.device_class:
                found.add(part.resource)
                counts = _CLAIMED_TOGETHER if part.name == WHOLE else (1,)
                yield from (template(part.claim_template(count)) for count in counts if count <= most)
                asked = (job for job in plan.jobs if (job.namespace, job.resource) == (team.namespace, part.resource))
                yield from (template(part.claim_template(job.units)) for job in asked)
    if len(found) > 1:
        yield template(LARGEST_AVAILABLE)


def _of_job(job: JobPlan) -> Iterator[str]:
    yield known_as("Job", job.name, job.namespace)
    if job.checkpoint.volume is not None:
        yield known_as("PersistentVolumeClaim", f"{job.name}-checkpoints", job.namespace)
    if job.pods > 1:
        yield known_as("Service", job.name, job.namespace)
