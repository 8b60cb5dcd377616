"""Simulated GPU pools on the embedded cluster: real Karpenter, nodes without machines behind them."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.kwok_nodes import node_class, node_pool
from mizan.plan import Offer


@dataclass(frozen=True, kw_only=True)
class LocalNodesArgs:
    """Every offer becomes one NodePool."""

    offers: tuple[Offer, ...]


class LocalNodes(pulumi.ComponentResource):
    """A KWOKNodeClass and a NodePool per offer."""

    def __init__(self, name: str, args: LocalNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the pools; they scale from 0 when a pod needs them."""
        super().__init__("mizan:components:LocalNodes", name, {"offers": [offer.name for offer in args.offers]}, opts)
        classes = resource(name, node_class(), pulumi.ResourceOptions(parent=self))
        for offer in args.offers:
            resource(name, node_pool(offer), pulumi.ResourceOptions(parent=self, depends_on=[classes]))
        self.register_outputs({})
