"""Nodes of a capacity type that are always there (`minNodes`), where no node pool has a minimum of its own.

Karpenter makes nodes for pods and knows no fewest number of them. So a Deployment of placeholders stands for each offer
with a minimum, pinned to the offer's nodes: a node that is taken back is made anew for the placeholder that it lost. A
pool's warm nodes may be the same nodes, as its two kinds of placeholders do not keep off each other.
"""

from collections.abc import Sequence

from mizan import keys
from mizan.config import Cloud
from mizan.manifests import placeholders
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import Offer, PoolPlan

# Labels of a placeholder. Those of a pool keep off each other, as the reserved nodes of a pool look like its other
# on-demand ones, and two offers could count one node each as theirs.
OF_OFFER = f"{keys.DOMAIN}/min-nodes"
OF_POOL = f"{keys.DOMAIN}/min-nodes-pool"


def min_nodes(pools: Sequence[PoolPlan], cloud: Cloud) -> list[Manifest]:
    """Return a Deployment for each offer with nodes that are always there; GKE's node pools have a minimum."""
    if cloud is Cloud.GKE:
        return []
    return [_deployment(offer) for pool in pools for offer in pool.offers if offer.min_nodes]


def _deployment(offer: Offer) -> Manifest:
    body = manifest("apps/v1", "Deployment", offer.name, namespace=keys.OWN_NAMESPACE)
    of_pool = {OF_POOL: offer.pool}
    # A node takes minutes to come, and spot may be out of stock: an update does not wait for it.
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}"}
    body["spec"] = {
        "replicas": offer.min_nodes,
        "selector": {"matchLabels": {OF_OFFER: offer.name}},
        # A pod more for the time of a change would ask for a node more.
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
        "template": {
            "metadata": {"labels": {keys.MANAGED_BY: "mizan", OF_OFFER: offer.name, **of_pool}},
            "spec": placeholders.pod([offer], kind=of_pool),
        },
    }
    return body
