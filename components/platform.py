"""The whole platform: the only file that knows every component."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.capacity.warm_nodes import WarmNodes, WarmNodesArgs
from components.cost.budget_enforcer import BudgetEnforcer, BudgetEnforcerArgs
from components.cost.estimate import tell_costs
from components.gpu.dra import DeviceClaims, DeviceClaimsArgs
from components.own_namespace import OwnNamespace, OwnNamespaceArgs
from components.queues.kueue import Kueue, KueueArgs
from components.queues.packing import Packing, PackingArgs
from components.queues.queues import Queues, QueuesArgs
from components.site import site_of
from components.tenants.team import Team, TeamArgs
from components.workloads.spot_training_job import SpotTrainingJob, SpotTrainingJobArgs
from mizan.config import Places
from mizan.manifests.budget_enforcer import budget_enforcer
from mizan.manifests.dra import counted_devices
from mizan.manifests.gpu_operator import has_claims
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.own_namespace import own_namespace
from mizan.metrics.disk_warnings import disk_warnings
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class GpuPlatformArgs:
    """What to build.

    Attributes:
        places: where the stack's settings stand.
    """

    plan: Plan
    places: Places = field(default_factory=Places)


class GpuPlatform(pulumi.ComponentResource):
    """A cluster's GPU pools, queues, teams and sample jobs, all from one Plan."""

    namespaces: pulumi.Output[list[str]]
    estimate: dict[str, Any]

    def __init__(self, name: str, args: GpuPlatformArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the parts in the order they depend on each other.

        Raises:
            pulumi.RunError: a budget is passed, a team is gone from the stack while its jobs run, or the cluster cannot
                be reached.
        """
        plan = args.plan
        super().__init__("mizan:components:GpuPlatform", name, {"stack": plan.stack, "cloud": plan.cloud.value}, opts)
        for warning in (*plan.warnings, *disk_warnings(plan)):
            pulumi.log.warn(warning, self)
        self.estimate = tell_costs(plan, args.places, self)
        site = site_of(name, plan, self)
        in_cluster = pulumi.ResourceOptions(parent=self, providers={"kubernetes": site.cluster.provider})
        warm_nodes = f"{name}-warm"
        own: tuple[pulumi.Resource, ...] = ()
        if own_namespace(plan):
            inside = OwnNamespaceArgs(plan=plan, warm_nodes=warm_nodes, platform=self)
            own = (OwnNamespace(f"{name}-own", inside, in_cluster),)
        if kept_nodes(plan):
            WarmNodes(warm_nodes, WarmNodesArgs(plan=plan, namespace=own), in_cluster)
        counted = counted_devices(plan.pools)
        kueue = Kueue(f"{name}-kueue", KueueArgs(settings=plan.kueue, devices=counted, cluster=site.own), in_cluster)
        queues = Queues(
            f"{name}-queues",
            QueuesArgs(flavors=plan.flavors, cohorts=plan.cohorts, queues=plan.queues, priorities=plan.priorities),
            pulumi.ResourceOptions.merge(in_cluster, pulumi.ResourceOptions(depends_on=[kueue])),
        )
        packing = Packing(f"{name}-packing", PackingArgs(priorities=plan.priorities), in_cluster)
        machines = tuple(offer.machine for offer in plan.offers)
        teams = {
            team.namespace: Team(
                f"{name}-{team.namespace}",
                TeamArgs(team=team, stack=plan.stack, machines=machines, cluster_queues=queues.cluster_queues),
                in_cluster,
            )
            for team in plan.teams
        }
        if budget_enforcer(plan):
            enforcer = BudgetEnforcerArgs(plan=plan, teams=teams, namespace=own)
            BudgetEnforcer(f"{name}-budget", enforcer, in_cluster)
        access = site.checkpoints(teams) if plan.checkpoints is not None else {}
        claims: Mapping[str, tuple[pulumi.Resource, ...]] = {}
        if has_claims(plan):
            claims = DeviceClaims(f"{name}-dra", DeviceClaimsArgs(plan=plan, namespaces=teams), in_cluster).templates
        for job in plan.jobs:
            queue = teams[job.namespace].local_queues[job.queue]
            # A slash, which no name holds: team `a` with job `b-c` is not team `a-b` with job `c`.
            SpotTrainingJob(
                f"{name}-{job.namespace}/{job.name}",
                SpotTrainingJobArgs(
                    job=job,
                    local_queue=queue,
                    priority_classes=(queues.priority_classes[job.priority], packing.priority_classes[job.priority]),
                    access=(*(access[job.namespace] if job.service_account else ()), *claims.get(job.namespace, ())),
                ),
                in_cluster,
            )
        self.namespaces = pulumi.Output.all(*(team.namespace for team in teams.values()))
        self.register_outputs({"namespaces": self.namespaces})
