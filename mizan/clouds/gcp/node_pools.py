"""GPU node pools: one for each offer, from 0 nodes to the offer's largest size."""

from mizan import keys
from mizan.capacity import CapacityType
from mizan.clouds.gcp.nodes import bill_labels, node_args
from mizan.clouds.gcp.site import Arguments, Site
from mizan.config import GkeImage, GkeNodes, GpuDriver
from mizan.plan import Offer, Plan, PoolPlan, Taint
from mizan.sharing import GpuSharing, Manager, SharingMode

# A spot node's time between notice and end: 120 s is the most that GKE gives, from 1.35.0-gke.1171000 on, and 30 s is
# what it gives unasked. The last 15 s belong to the system's own pods.
# Source: https://docs.cloud.google.com/kubernetes-engine/docs/concepts/spot-vms, read 2026-11-23;
# https://github.com/GoogleCloudPlatform/magic-modules/pull/17556 (0, 30 or 120; only spot nodes take it).
SPOT_SHUTDOWN_SECONDS = 120
SYSTEM_PODS_SHUTDOWN_SECONDS = 15

# Size of each of the disks that a machine of the catalogue brings along.
# Source: pulumi_gcp 10.2.0 container NodePoolNodeConfigEphemeralStorageLocalSsdConfig, local_ssd_count.
LOCAL_SSD_GIB = 375

# With containerd, and without streaming. Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/google-gke.rst.
UBUNTU = "UBUNTU_CONTAINERD"

RESERVATION_NAME = "compute.googleapis.com/reservation-name"

# Keeps GKE's own device plugin off a node, so that the one that comes with another driver is alone there.
# Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/google-gke.rst.
NO_DEVICE_PLUGIN = "gke-no-default-nvidia-gpu-device-plugin"

# Source: pulumi_gcp 10.2.0 container NodePoolNodeConfigGuestAcceleratorGpuSharingConfig, gpu_sharing_strategy.
_STRATEGIES = {SharingMode.TIME_SLICING: "TIME_SHARING", SharingMode.MPS: "MPS"}

_EFFECTS = {"NoSchedule": "NO_SCHEDULE", "PreferNoSchedule": "PREFER_NO_SCHEDULE", "NoExecute": "NO_EXECUTE"}


def node_pool_args(plan: Plan, site: Site, offer: Offer, *, cluster: object, account: object) -> Arguments:
    """Return the arguments of the node pool of an offer.

    `ANY` takes unused reservations first and, on spot, the zone in which an interruption is least likely.
    Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_node_pool.html.markdown.

    Args:
        plan: of the stack.
        site: of the cluster.
        offer: one of the plan's.
        cluster: the cluster's name.
        account: address of the nodes' service account.
    """
    pool = next(each for each in plan.pools if each.name == offer.pool)
    zones = pool.zones or site.zones
    is_flex_start = offer.capacity_type is CapacityType.FLEX_START
    reservation = reservation_of(plan, offer)
    return {
        "name": offer.name,
        "cluster": cluster,
        "location": site.location,
        **({"node_locations": list(zones)} if zones else {}),
        "autoscaling": {
            "total_min_node_count": offer.min_nodes,
            "total_max_node_count": offer.max_nodes,
            "location_policy": "ANY",
        },
        # Flex-start nodes go by themselves, and GKE takes none that it should repair; a release channel wants upgrades.
        # Source: GoogleCloudPlatform/cluster-toolkit@1047080 modules/compute/gke-node-pool/main.tf, preconditions.
        "management": {"auto_repair": not is_flex_start, "auto_upgrade": True},
        # Flex-start nodes are not upgraded at all: their pool's new nodes are of the new version.
        # Source: https://docs.cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies, read
        # 2026-11-23.
        **({} if is_flex_start else {"upgrade_settings": _upgrade(pool.gke, has_spares=reservation is None)}),
        **({"placement_policy": {"type": "COMPACT"}} if pool.gke.compact_placement else {}),
        **({"queued_provisioning": {"enabled": True}} if keys.GKE_QUEUED in offer.labels else {}),
        "node_config": _node_config(plan, pool, offer, reservation, account=account),
    }


def reservation_of(plan: Plan, offer: Offer) -> str | None:
    """Return the reservation that an offer's nodes are taken from; None where none is kept for it."""
    kept = {commitment.name for commitment in plan.commitments if commitment.keeps_nodes}
    return next((name for name in offer.commitments if name in kept), None)


def _upgrade(settings: GkeNodes, *, has_spares: bool) -> Arguments:
    """Return how an upgrade goes: with nodes to spare first, or one at a time in the place that the pool has.

    A reservation has as many machines as the pool has nodes; another one would never come.
    """
    surge = settings.max_surge if has_spares else 0
    return {"strategy": "SURGE", "max_surge": surge, "max_unavailable": 0 if surge else 1}


def _node_config(plan: Plan, pool: PoolPlan, offer: Offer, reservation: str | None, *, account: object) -> Arguments:
    machine, settings = offer.machine, pool.gke
    labels = bill_labels(plan, offer.pool, capacity_type=offer.capacity_type.value)
    config = node_args(machine.name, pool.disk_gib, labels, account=account)
    config |= {
        "labels": _kubernetes_labels(plan, offer, settings),
        "taints": [_taint(taint) for taint in offer.taints if taint.key != keys.GKE_QUEUED],
        "guest_accelerators": [_accelerator(offer, settings)],
        "gvnic": {"enabled": True},
        **_bought(offer, reservation),
    }
    if settings.image is GkeImage.UBUNTU:
        # Secure Boot loads no module that nobody has signed, and the operator builds its driver on the node.
        config |= {
            "image_type": UBUNTU,
            "shielded_instance_config": {**config["shielded_instance_config"], "enable_secure_boot": False},
        }
    elif settings.image_streaming:
        config["gcfs_config"] = {"enabled": True}
    if machine.local_ssd_gib:
        config["ephemeral_storage_local_ssd_config"] = {"local_ssd_count": machine.local_ssd_gib // LOCAL_SSD_GIB}
    if offer.capacity_type is CapacityType.SPOT:
        config["kubelet_config"] |= {
            "shutdown_grace_period_seconds": SPOT_SHUTDOWN_SECONDS,
            "shutdown_grace_period_critical_pods_seconds": SYSTEM_PODS_SHUTDOWN_SECONDS,
        }
    return config


def _kubernetes_labels(plan: Plan, offer: Offer, settings: GkeNodes) -> dict[str, str]:
    """Return what the nodes carry in Kubernetes; the autoscaler reads it before there is a node.

    Either GKE sets a node up, or NVIDIA's operator does: the other is told to leave it alone.
    """
    if settings.driver is GpuDriver.DISABLED:
        return {**offer.labels, NO_DEVICE_PLUGIN: "true"}
    return {**offer.labels, **({keys.OPERANDS: "false"} if plan.gpu_operator is not None else {})}


def _accelerator(offer: Offer, settings: GkeNodes) -> Arguments:
    """Return a node's GPUs, and how pods share one of them."""
    return {
        "type": offer.machine.gke_accelerator,
        "count": offer.machine.gpus,
        "gpu_driver_installation_config": {"gpu_driver_version": settings.driver.value},
        **_sharing(offer.sharing),
    }


def _sharing(sharing: GpuSharing) -> Arguments:
    """Return how GKE itself shares each GPU; nothing where nobody does, or where NVIDIA's operator does.

    GKE cuts a GPU into instances of one size; the autoscaler multiplies the node's GPUs by them before there is a node.
    Source: pulumi_gcp 10.2.0 container NodePoolNodeConfigGuestAccelerator; GoogleCloudPlatform/
    cluster-autoscaler@7d25050 pkg/cloudprovider/gke/gke_manager.go, addGpuPartitioningCapacity.
    """
    if sharing.manager is not Manager.GKE:
        return {}
    if sharing.mode is SharingMode.MIG:
        return {"gpu_partition_size": sharing.parts[0].name}
    if sharing.mode in _STRATEGIES:
        strategy = _STRATEGIES[sharing.mode]
        return {
            "gpu_sharing_config": {
                "gpu_sharing_strategy": strategy,
                "max_shared_clients_per_gpu": sharing.replicas,
            }
        }
    return {}


def _bought(offer: Offer, reservation: str | None) -> Arguments:
    """Return how the nodes are bought. Neither spot nor flex-start may touch a reservation.

    Source: GoogleCloudPlatform/cluster-toolkit@1047080 modules/compute/gke-node-pool/main.tf, preconditions.
    """
    match offer.capacity_type:
        case CapacityType.SPOT:
            return {"spot": True, "reservation_affinity": {"consume_reservation_type": "NO_RESERVATION"}}
        case CapacityType.FLEX_START:
            return {"flex_start": True, "reservation_affinity": {"consume_reservation_type": "NO_RESERVATION"}}
    if reservation is None:
        return {}
    affinity = {
        "consume_reservation_type": "SPECIFIC_RESERVATION",
        "key": RESERVATION_NAME,
        "values": [reservation],
    }
    return {"reservation_affinity": affinity}


def _taint(taint: Taint) -> dict[str, str]:
    return {"key": taint.key, "value": taint.value, "effect": _EFFECTS[taint.effect]}
