"""Flavors and cluster queues."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.queues import cluster_queue, resource_flavor
from mizan.plan import Offer, QueuePlan


@dataclass(frozen=True, kw_only=True)
class QueuesArgs:
    """Every offer becomes a flavor, every queue a ClusterQueue."""

    offers: tuple[Offer, ...]
    queues: tuple[QueuePlan, ...]


class Queues(pulumi.ComponentResource):
    """ResourceFlavors and ClusterQueues."""

    cluster_queues: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: QueuesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make flavors first: Kueue holds a queue back until its flavors exist, and a flavor until no queue uses it."""
        super().__init__("mizan:components:Queues", name, {"queues": [queue.name for queue in args.queues]}, opts)
        flavors = {
            offer.name: resource(name, resource_flavor(offer), pulumi.ResourceOptions(parent=self))
            for offer in args.offers
        }
        self.cluster_queues = {
            queue.name: resource(
                name,
                cluster_queue(queue),
                pulumi.ResourceOptions(parent=self, depends_on=[flavors[quota.offer.name] for quota in queue.quotas]),
            )
            for queue in args.queues
        }
        self.register_outputs({})
