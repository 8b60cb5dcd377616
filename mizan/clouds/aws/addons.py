"""EKS's own add-ons, each at the version that is pinned for the cluster's."""

import json

from mizan import versions
from mizan.clouds.aws.cluster import kubernetes_version
from mizan.clouds.aws.site import Arguments
from mizan.plan import Plan

# Without them a node does not become ready, so they are there first; the others are pods that wait for a node.
BEFORE_NODES = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")
VOLUME_DRIVER = "aws-ebs-csi-driver"
AFTER_NODES = ("coredns", VOLUME_DRIVER)
# Source: https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html, read 2026-11-23.
VOLUME_DRIVER_ACCOUNT = "ebs-csi-controller-sa"

# The teams' network policies hold only where the network plugin enforces them.
# Source: https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html, read 2026-11-23.
SETTINGS = {"vpc-cni": {"enableNetworkPolicy": "true"}}


def addon_args(plan: Plan, name: str, *, cluster_name: object, role_arn: object = None) -> Arguments:
    """Return an add-on's arguments.

    Args:
        plan: of the stack.
        name: as EKS calls it.
        cluster_name: of the cluster.
        role_arn: of the volume driver's pods; the others need none.
    """
    account = {"service_account": VOLUME_DRIVER_ACCOUNT, "role_arn": role_arn}
    return {
        "cluster_name": cluster_name,
        "addon_name": name,
        "addon_version": versions.EKS_ADDONS[kubernetes_version(plan)][name],
        "resolve_conflicts_on_create": "OVERWRITE",
        "resolve_conflicts_on_update": "OVERWRITE",
        **({"configuration_values": json.dumps(SETTINGS[name])} if name in SETTINGS else {}),
        **({"pod_identity_associations": [account]} if name == VOLUME_DRIVER else {}),
    }
