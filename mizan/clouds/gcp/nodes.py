"""What all nodes of a cluster on GKE have in common."""

from collections.abc import Mapping

from mizan.clouds.gcp.site import Arguments
from mizan.plan import Plan

# What a node's service account may do is said by its role; the scope only must not be in the way.
# Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_node_pool.html.markdown.
CLOUD_PLATFORM = "https://www.googleapis.com/auth/cloud-platform"

# The image that streams its containers and on which GKE installs GPU drivers by itself.
IMAGE = "COS_CONTAINERD"

# Machines that start from Hyperdisk only; all others take pd-balanced.
# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/machinetypes/
# deprecated_machine_types_config.go, supportedBootDiskTypes and withSupportedDisksOverride.
_HYPERDISK_FAMILIES = frozenset(
    {"a4", "a4x", "c4", "c4a", "c4d", "c4n", "e4", "e4a", "g4", "h4d", "m4", "n4", "n4a", "n4d", "z4d"}
)
_HYPERDISK_MACHINES = ("a3-ultragpu-",)


def boot_disk_type(machine: str) -> str:
    """Return the boot disk of a machine type: balanced, of the kind that the machine takes."""
    family = machine.split("-", maxsplit=1)[0]
    needs_hyperdisk = family in _HYPERDISK_FAMILIES or machine.startswith(_HYPERDISK_MACHINES)
    return "hyperdisk-balanced" if needs_hyperdisk else "pd-balanced"


def default_node_args(*, account: object) -> Arguments:
    """Return what a node is like whatever it is for: it starts only what Google has signed, and as our own account."""
    return {
        "service_account": account,
        "oauth_scopes": [CLOUD_PLATFORM],
        "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
    }


def node_args(machine: str, disk_gib: int, labels: Mapping[str, str], *, account: object) -> Arguments:
    """Return a node's own arguments.

    Args:
        machine: type of the machine.
        disk_gib: of its boot disk.
        labels: at Google, by which the bill is split; not those in Kubernetes.
        account: address of the service account.
    """
    return {
        **default_node_args(account=account),
        "machine_type": machine,
        "image_type": IMAGE,
        "disk_size_gb": disk_gib,
        "disk_type": boot_disk_type(machine),
        "resource_labels": dict(labels),
        # Pods ask the metadata server of GKE, which gives them their own identity and not the node's.
        "workload_metadata_config": {"mode": "GKE_METADATA"},
        # Reads out every pod without asking who wants to know.
        "kubelet_config": {"insecure_kubelet_readonly_port_enabled": "FALSE"},
    }


def bill_labels(plan: Plan, pool: str, **more: str) -> Mapping[str, str]:
    """Return the labels at Google of a node pool's machines and disks."""
    return {**plan.cloud_labels, "pool": pool, **{name.replace("_", "-"): value for name, value in more.items()}}
