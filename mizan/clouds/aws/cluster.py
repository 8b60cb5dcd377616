"""The control plane on EKS, its logs, the key of its secrets, and who may enter it."""

import json

from mizan import versions
from mizan.clouds.aws.site import Arguments, Site, eks_of
from mizan.config import Access
from mizan.plan import Plan

# How long a key that is to be deleted can still be saved.
# Source: https://docs.aws.amazon.com/kms/latest/developerguide/deleting-keys.html, read 2026-11-23: 7 to 30 days.
KEY_DELETION_DAYS = 30


def kubernetes_version(plan: Plan) -> str:
    """Return the version of the control plane, of its add-ons and of the system nodes."""
    return eks_of(plan).version or versions.EKS


def cluster_args(plan: Plan, site: Site, *, role_arn: object, subnet_ids: object, key_arn: object) -> Arguments:
    """Return the cluster's arguments.

    The control plane is always reached from inside the VPC, and from the internet by the authorised networks alone. Its
    add-ons are the stack's (mizan/clouds/aws/addons.py), so EKS installs none by itself. A version past its standard
    support is upgraded by EKS rather than paid six times as much.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html, read 2026-11-23.
    """
    eks = eks_of(plan)
    cidrs = [network.cidr for network in eks.authorised_networks]
    return {
        "name": site.cluster,
        "version": kubernetes_version(plan),
        "role_arn": role_arn,
        "access_config": {"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": True},
        "vpc_config": {
            "subnet_ids": subnet_ids,
            "endpoint_private_access": True,
            "endpoint_public_access": bool(cidrs),
            **({"public_access_cidrs": cidrs} if cidrs else {}),
        },
        "encryption_config": {"provider": {"key_arn": key_arn}, "resources": ["secrets"]},
        "enabled_cluster_log_types": [log.value for log in eks.logs],
        "upgrade_policy": {"support_type": "STANDARD"},
        "bootstrap_self_managed_addons": False,
        "deletion_protection": eks.deletion_protection,
    }


def log_group_args(plan: Plan, site: Site) -> Arguments:
    """Return the arguments of the logs' place; made before the cluster, as EKS would else make one that keeps all."""
    return {"name": f"/aws/eks/{site.cluster}/cluster", "retention_in_days": eks_of(plan).log_retention_days}


def key_args(site: Site) -> Arguments:
    """Return the arguments of the key that encrypts the cluster's secrets."""
    return {
        "description": f"Secrets of EKS cluster {site.cluster}",
        "enable_key_rotation": True,
        "deletion_window_in_days": KEY_DELETION_DAYS,
    }


def key_alias(site: Site) -> str:
    """Return the name under which a person finds the key."""
    return f"alias/eks/{site.cluster}"


def access_entry_args(access: Access, *, cluster_name: object) -> Arguments:
    """Return the arguments of an access entry: somebody whom the cluster knows."""
    return {"cluster_name": cluster_name, "principal_arn": access.principal, "type": "STANDARD"}


def access_policy_args(access: Access, site: Site, *, cluster_name: object) -> Arguments:
    """Return the arguments of what an access entry may do, in the whole cluster."""
    return {
        "cluster_name": cluster_name,
        "principal_arn": access.principal,
        "policy_arn": f"arn:{site.partition}:eks::aws:cluster-access-policy/{access.policy.value}",
        "access_scope": {"type": "cluster"},
    }


def node_entry_args(*, cluster_name: object, role_arn: object) -> Arguments:
    """Return the arguments of the access entry by which Karpenter's nodes join; the system nodes' EKS makes itself."""
    return {"cluster_name": cluster_name, "principal_arn": role_arn, "type": "EC2_LINUX"}


def kubeconfig(site: Site, *, endpoint: str, authority: str) -> str:
    """Return a kubeconfig without any secret: whoever uses it asks AWS for a token.

    JSON is YAML, and its text is the same in every run.

    Args:
        site: of the cluster.
        endpoint: its address.
        authority: its certificate, in base64.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/create-kubeconfig.html, read 2026-11-23.
    """
    name = site.cluster
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": ["eks", "get-token", "--cluster-name", name, "--region", site.region, "--output", "json"],
    }
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": endpoint, "certificate-authority-data": authority}}],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(body, indent=1)
