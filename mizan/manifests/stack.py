"""Everything a stack puts into its cluster."""

from mizan.config import Cloud
from mizan.manifests.budget_enforcer import budget_enforcer
from mizan.manifests.compute_class import compute_classes
from mizan.manifests.controller_monitors import controller_monitors
from mizan.manifests.dashboards import dashboard_config_maps
from mizan.manifests.dcgm_exporter import dcgm_exporter
from mizan.manifests.dra import dra_manifests
from mizan.manifests.gpu_operator import gpu_operator
from mizan.manifests.karpenter import karpenter_nodes
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.kwok_nodes import simulated_nodes
from mizan.manifests.manifest import Manifest
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.opencost import opencost
from mizan.manifests.own_namespace import own_namespace
from mizan.manifests.prometheus import prometheus
from mizan.manifests.prometheus_rules import prometheus_rules
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
from mizan.plan import Plan


def manifests_of(plan: Plan) -> list[Manifest]:
    """Return the stack's manifests, each after those it refers to. What comes by a chart is not among them."""
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
        *prometheus(plan),
        *opencost(plan),
        *controller_monitors(plan),
        *prometheus_rules(plan),
        *dashboard_config_maps(plan),
        *gpu_operator(plan),
        *dcgm_exporter(plan),
        *(karpenter_nodes(plan) if plan.cloud is Cloud.EKS else []),
        *compute_classes(plan.flavors),
        *own_namespace(plan),
        *kept_nodes(plan),
        *(workload_priority_class(priority) for priority in plan.priorities),
        *(priority_class(priority) for priority in plan.priorities),
        *(resource_flavor(flavor) for flavor in plan.flavors),
        *provisioning(plan.flavors),
        *(cohort(item) for item in plan.cohorts),
        *(cluster_queue(queue) for queue in plan.queues),
        *teams,
        *budget_enforcer(plan),
        *dra_manifests(plan),
        *(item for job in plan.jobs for item in (*checkpoint_claims(job), *gang_services(job), spot_training_job(job))),
    ]
