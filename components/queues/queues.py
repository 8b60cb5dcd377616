"""Flavors, cohorts and cluster queues, and the priorities they order by."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.config import Priority
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
    """ResourceFlavors, Cohorts, ClusterQueues and WorkloadPriorityClasses."""

    cluster_queues: Mapping[str, pulumi.CustomResource]
    priority_classes: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make flavors first: Kueue holds a queue back until its flavors exist, and a flavor until no queue uses it."""
        super().__init__("mizan:components:Queues", name, {"queues": [queue.name for queue in args.queues]}, opts)
        flavors = {
            flavor.name: resource(name, resource_flavor(flavor), pulumi.ResourceOptions(parent=self))
            for flavor in args.flavors
        }

        def after(part: CohortPlan | QueuePlan) -> pulumi.ResourceOptions:
            return pulumi.ResourceOptions(parent=self, depends_on=[flavors[quota.flavor.name] for quota in part.quotas])

        for part in args.cohorts:
            resource(name, cohort(part), after(part))
        self.cluster_queues = {queue.name: resource(name, cluster_queue(queue), after(queue)) for queue in args.queues}
        self.priority_classes = {
            priority.name: resource(name, workload_priority_class(priority), pulumi.ResourceOptions(parent=self))
            for priority in args.priorities
        }
        self.register_outputs({})
