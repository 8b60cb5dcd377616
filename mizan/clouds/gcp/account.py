"""The service account that nodes run as, with no more rights than a node needs."""

from mizan.clouds.gcp.site import Arguments, Site

# What a node writes of its own: logs and metrics. Pods have identities of their own, and a private registry grants its
# readers itself.
# Source: https://docs.cloud.google.com/kubernetes-engine/docs/how-to/hardening-your-cluster, read 2026-11-23.
NODE_ROLE = "roles/container.defaultNodeServiceAccount"


def node_account_args(site: Site) -> Arguments:
    """Return the arguments of the service account."""
    return {
        "account_id": site.node_account,
        "project": site.project,
        "display_name": f"Nodes of GKE cluster {site.cluster}",
    }


def node_role_args(site: Site, *, account: object) -> Arguments:
    """Return the arguments of its one role; others of the project keep theirs.

    Args:
        site: of the cluster.
        account: `serviceAccount:` and the account's address.
    """
    return {"project": site.project, "role": NODE_ROLE, "member": account}
