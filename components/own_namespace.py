"""The namespace of what the platform itself runs in a cluster."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan import keys
from mizan.manifests.own_namespace import own_namespace
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class OwnNamespaceArgs:
    """The plan of a stack.

    Attributes:
        warm_nodes: name of the stack's WarmNodes, whether it has any or not.
        platform: that they are a part of.
    """

    plan: Plan
    warm_nodes: str
    platform: pulumi.Resource


class OwnNamespace(pulumi.ComponentResource):
    """The namespace, as a part by itself: it stays while anything is in it, whichever comes and goes."""

    def __init__(self, name: str, args: OwnNamespaceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the namespace, or take over that of a stack of before, which has it as a part of its warm nodes."""
        super().__init__("mizan:components:OwnNamespace", name, {"name": keys.OWN_NAMESPACE}, opts)
        warm_nodes = pulumi.create_urn(args.warm_nodes, "mizan:components:WarmNodes", parent=args.platform)
        before = pulumi.Alias(name=f"{args.warm_nodes}-namespace-{keys.OWN_NAMESPACE}", parent=warm_nodes)
        for body in own_namespace(args.plan):
            resource(name, body, pulumi.ResourceOptions(parent=self, aliases=[before]))
        self.register_outputs({})
