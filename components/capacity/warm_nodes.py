"""Nodes that are there before anybody asks, by a schedule."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.warm_nodes import warm_nodes
from mizan.plan import PoolPlan


@dataclass(frozen=True, kw_only=True)
class WarmNodesArgs:
    """Every pool; those that keep nodes warm get a CronJob."""

    pools: tuple[PoolPlan, ...]


class WarmNodes(pulumi.ComponentResource):
    """The CronJobs that keep nodes warm, with their namespace and their PriorityClass."""

    def __init__(self, name: str, args: WarmNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the namespace and the class first: pods of a class that is not there are refused."""
        shown = {"pools": [pool.name for pool in args.pools if pool.warm is not None]}
        super().__init__("mizan:components:WarmNodes", name, shown, opts)
        namespace_and_class: list[pulumi.CustomResource] = []
        for body in warm_nodes(args.pools):
            options = pulumi.ResourceOptions(parent=self, depends_on=list(namespace_and_class))
            if body["kind"] == "CronJob":
                resource(name, body, options)
            else:
                namespace_and_class.append(resource(name, body, pulumi.ResourceOptions(parent=self)))
        self.register_outputs({})
