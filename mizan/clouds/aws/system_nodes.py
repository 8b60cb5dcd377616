"""Nodes without GPU for controllers, Karpenter's own among them: a node group that EKS manages."""

from mizan import keys, versions
from mizan.clouds.aws.cluster import kubernetes_version
from mizan.clouds.aws.site import Arguments, Site, eks_of
from mizan.clouds.aws.tags import named
from mizan.plan import Plan

NAME = "system"
LABELS = {f"{keys.DOMAIN}/nodes": NAME}
IMAGE = "AL2023_x86_64_STANDARD"
ROOT_DEVICE = "/dev/xvda"
DISK_GIB = 50

# The tags of a provider or of a node group reach neither its machines nor their disks.
TAGGED = ("instance", "volume", "network-interface")


def launch_template_args(plan: Plan, site: Site) -> Arguments:
    """Return the arguments of the machines: encrypted disks, and no pod that can become the node."""
    tags = {**plan.cloud_labels, **named(f"{site.cluster}-{NAME}")}
    return {
        "name": f"{site.cluster}-{NAME}",
        "update_default_version": True,
        "metadata_options": {
            "http_endpoint": "enabled",
            "http_tokens": "required",
            "http_put_response_hop_limit": 1,
        },
        "block_device_mappings": [
            {
                "device_name": ROOT_DEVICE,
                "ebs": {
                    "volume_size": DISK_GIB,
                    "volume_type": "gp3",
                    "encrypted": "true",
                    "delete_on_termination": "true",
                },
            }
        ],
        "tag_specifications": [{"resource_type": kind, "tags": dict(tags)} for kind in TAGGED],
    }


def node_group_args(
    plan: Plan, *, cluster_name: object, role_arn: object, subnet_ids: object, template_id: object, template: object
) -> Arguments:
    """Return the node group's arguments; only what tolerates its taint runs there.

    Nothing scales it by itself: Karpenter makes nodes of its own, and does not run on them.

    Args:
        plan: of the stack.
        cluster_name: of the cluster.
        role_arn: of the machines.
        subnet_ids: where they stand.
        template_id: of the launch template.
        template: its version.
    """
    pool = eks_of(plan).system_pool
    version = kubernetes_version(plan)
    return {
        "cluster_name": cluster_name,
        "node_group_name": NAME,
        "node_role_arn": role_arn,
        "subnet_ids": subnet_ids,
        "ami_type": IMAGE,
        "version": version,
        "release_version": versions.EKS_NODE_RELEASES[version],
        "instance_types": [pool.machine],
        "scaling_config": {"min_size": pool.min_nodes, "max_size": pool.max_nodes, "desired_size": pool.min_nodes},
        "update_config": {"max_unavailable": 1},
        "launch_template": {"id": template_id, "version": template},
        "labels": dict(LABELS),
        "taints": [{"key": keys.CRITICAL_ADDONS_ONLY, "value": "true", "effect": "NO_SCHEDULE"}],
    }
