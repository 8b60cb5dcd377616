"""Flavors, cohorts and cluster queues, and the priorities they order by."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.config import Priority
from mizan.manifests.provisioning import provisioning
from mizan.manifests.queues import cluster_queue, cohort, resource_flavor, workload_priority_class
from mizan.plan import CohortPlan, Flavor, QueuePlan


@dataclass(frozen=True, kw_only=True)
class QueuesArgs:
    """Every part that Kueue counts by."""

    flavors: tuple[Flavor, ...]
    cohorts: tuple[CohortPlan, ...]
    queues: tuple[QueuePlan, ...]
    priorities: tuple[Priority, ...]


class Queues(pulumi.ComponentResource):
    """ResourceFlavors, Cohorts, ClusterQueues, what they check before admission, and WorkloadPriorityClasses."""

    cluster_queues: Mapping[str, pulumi.CustomResource]
    priority_classes: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make flavors first: Kueue holds a queue back until its flavors exist, and a flavor until no queue uses it."""
        super().__init__("mizan:components:Queues", name, {"queues": [queue.name for queue in args.queues]}, opts)
        flavors = {
            flavor.name: resource(name, resource_flavor(flavor), pulumi.ResourceOptions(parent=self))
            for flavor in args.flavors
        }

        # A queue whose check is not there admits nobody.
        checks: list[pulumi.CustomResource] = []
        for body in provisioning(args.flavors):
            checks.append(resource(name, body, pulumi.ResourceOptions(parent=self, depends_on=list(checks))))

        def after(part: CohortPlan | QueuePlan, *others: pulumi.CustomResource) -> pulumi.ResourceOptions:
            needed = [flavors[quota.flavor.name] for quota in part.quotas]
            return pulumi.ResourceOptions(parent=self, depends_on=[*needed, *others])

        for part in args.cohorts:
            resource(name, cohort(part), after(part))
        self.cluster_queues = {
            queue.name: resource(name, cluster_queue(queue), after(queue, *checks)) for queue in args.queues
        }
        self.priority_classes = {
            priority.name: resource(name, workload_priority_class(priority), pulumi.ResourceOptions(parent=self))
            for priority in args.priorities
        }
        self.register_outputs({})
