"""Simulated GPU pools on the embedded cluster: real Karpenter, nodes without machines behind them."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.kwok_nodes import node_class, node_pool
from mizan.manifests.node_pools import node_overlays
from mizan.plan import Offer


@dataclass(frozen=True, kw_only=True)
class LocalNodesArgs:
    """Every offer becomes one NodePool."""

    offers: tuple[Offer, ...]


class LocalNodes(pulumi.ComponentResource):
    """A KWOKNodeClass, a NodePool per offer, and a NodeOverlay per offer of shared GPUs."""

    def __init__(self, name: str, args: LocalNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the pools; they scale from 0 when a pod needs them."""
        super().__init__("mizan:components:LocalNodes", name, {"offers": [offer.name for offer in args.offers]}, opts)
        classes = resource(name, node_class(), pulumi.ResourceOptions(parent=self))
        for offer in args.offers:
            resource(name, node_pool(offer), pulumi.ResourceOptions(parent=self, depends_on=[classes]))
        for overlay in node_overlays(args.offers):
            resource(name, overlay, pulumi.ResourceOptions(parent=self))
        self.register_outputs({})
