"""Nodes without GPU, on which controllers run."""

from mizan.clouds.gcp.nodes import bill_labels, node_args
from mizan.clouds.gcp.site import Arguments, Site, gke_of
from mizan.plan import Plan

SYSTEM_POOL = "system"

# Room for the images of all controllers; nothing of theirs stays on the node.
DISK_GIB = 50


def system_pool_args(plan: Plan, site: Site, *, cluster: object, account: object) -> Arguments:
    """Return the arguments of the system node pool.

    It has no taint: whatever tolerates no GPU node runs here. An upgrade adds a node before it takes one, as one more
    small machine is always to be had and controllers should not wait.

    Args:
        plan: of the stack.
        site: of the cluster.
        cluster: the cluster's name.
        account: address of the nodes' service account.
    """
    pool = gke_of(plan).system_pool
    return {
        "name": SYSTEM_POOL,
        "cluster": cluster,
        "location": site.location,
        **({"node_locations": list(site.zones)} if site.zones else {}),
        # For each zone. The autoscaler takes over from there; it does not begin at none.
        "initial_node_count": 1,
        "autoscaling": {
            "total_min_node_count": pool.min_nodes,
            "total_max_node_count": pool.max_nodes,
            "location_policy": "BALANCED",
        },
        "management": {"auto_repair": True, "auto_upgrade": True},
        "upgrade_settings": {"strategy": "SURGE", "max_surge": 1, "max_unavailable": 0},
        "node_config": node_args(pool.machine, DISK_GIB, bill_labels(plan, SYSTEM_POOL), account=account),
    }
