"""GPU node pools on GKE, one for each offer."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.cloud_resource import CloudResource
from components.cluster.gke import NODE_POOL, GkeCluster
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class GkePoolsArgs:
    """The stack, and the cluster that its pools belong to."""

    plan: Plan
    cluster: GkeCluster


class GkePools(pulumi.ComponentResource):
    """Node pools with their fewest nodes, as a rule none, until a job needs one.

    Attributes:
        pools: by the name of their offer.
    """

    pools: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: GkePoolsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make them, each by itself: one that GKE refuses holds no other back."""
        offers = args.plan.offers
        super().__init__("mizan:components:GkePools", name, {"offers": [offer.name for offer in offers]}, opts)
        cluster = args.cluster
        self.pools = {
            offer.name: CloudResource(
                NODE_POOL,
                f"{name}-{offer.name}",
                node_pool_args(
                    args.plan, cluster.site, offer, cluster=cluster.cluster_name, account=cluster.node_account
                ),
                pulumi.ResourceOptions(
                    parent=self,
                    provider=cluster.cloud,
                    depends_on=list(cluster.nodes_ready),
                    # Its name is the offer's, and a cluster has no two node pools of one name.
                    delete_before_replace=True,
                ),
            )
            for offer in offers
        }
        self.register_outputs({})
