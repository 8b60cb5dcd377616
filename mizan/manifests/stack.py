"""Everything a stack puts into its cluster."""

from mizan.config import Cloud
from mizan.manifests.compute_class import compute_classes
from mizan.manifests.device_plugin import device_plugin
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.kwok_nodes import simulated_nodes
from mizan.manifests.manifest import Manifest
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.provisioning import provisioning
from mizan.manifests.queues import (
    cluster_queue,
    cohort,
    local_queue,
    priority_class,
    resource_flavor,
    workload_priority_class,
)
from mizan.manifests.service_accounts import checkpoint_account
from mizan.manifests.tenants import guards
from mizan.manifests.training_jobs import gang_services, spot_training_job
from mizan.manifests.volumes import checkpoint_claims
from mizan.manifests.warm_nodes import warm_nodes
from mizan.plan import Plan


def manifests_of(plan: Plan) -> list[Manifest]:
    """Return the stack's manifests, each after those it refers to. Kueue's own chart is not among them."""
    machines = [offer.machine for offer in plan.offers]
    teams = [
        item
        for team in plan.teams
        for item in (
            team_namespace(team, plan.stack),
            *guards(team, machines),
            *([checkpoint_account(team)] if plan.checkpoints else []),
            *(local_queue(queue, team.namespace) for queue in team.queues),
        )
    ]
    return [
        *(simulated_nodes(plan) if plan.cloud is Cloud.LOCAL else []),
        *([device_plugin(), *karpenter_nodes(plan)] if plan.cloud is Cloud.EKS else []),
        *compute_classes(plan.flavors),
        *warm_nodes(plan.pools),
        *(workload_priority_class(priority) for priority in plan.priorities),
        *(priority_class(priority) for priority in plan.priorities),
        *(resource_flavor(flavor) for flavor in plan.flavors),
        *provisioning(plan.flavors),
        *(cohort(item) for item in plan.cohorts),
        *(cluster_queue(queue) for queue in plan.queues),
        *teams,
        *(item for job in plan.jobs for item in (*checkpoint_claims(job), *gang_services(job), spot_training_job(job))),
    ]
