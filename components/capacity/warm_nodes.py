"""Nodes that are there before anybody asks: by a schedule, or always."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.kept_nodes import kept_nodes
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class WarmNodesArgs:
    """The plan whose pools may keep nodes.

    Attributes:
        namespace: of the placeholders.
    """

    plan: Plan
    namespace: tuple[pulumi.Resource, ...] = ()


class WarmNodes(pulumi.ComponentResource):
    """What makes the placeholders that keep nodes, with their PriorityClass."""

    def __init__(self, name: str, args: WarmNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the class first: pods of a class that is not there are refused."""
        shown = {
            "pools": [pool.name for pool in args.plan.pools if pool.warm is not None],
            "offers": [offer.name for offer in args.plan.offers if offer.min_nodes],
        }
        super().__init__("mizan:components:WarmNodes", name, shown, opts)
        needed = [*args.namespace]
        for body in kept_nodes(args.plan):
            if body["kind"] in ("CronJob", "Deployment"):
                resource(name, body, pulumi.ResourceOptions(parent=self, depends_on=list(needed)))
            else:
                needed.append(resource(name, body, pulumi.ResourceOptions(parent=self)))
        self.register_outputs({})
