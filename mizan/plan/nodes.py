"""What marks the nodes of an offer: labels that jobs select by, and taints that keep everything else off.

Each cloud has its own words for how a node is bought. Nodes that the stack's own cluster makes tell it by a label of
ours, as no label of GKE's tells all capacity types apart, and Karpenter's calls a node of a reservation `reserved`; all
other nodes carry Karpenter's label. Spot on GKE has GKE's taint, elsewhere ours. Where several node pools of GKE make
up one flavor, a ComputeClass keeps their order, and its mark is on all of them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Cloud, Pool
from mizan.plan.model import Offer, Taint
from mizan.plan.sharing import pool_sharing, sharing_labels

# GKE puts this taint on GPU nodes itself; we declare it everywhere, so that a pod without a GPU never occupies one.
# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/gpus, read 2026-11-21.
GPU_TAINT = Taint(key=keys.NVIDIA_GPU, value="present")

_SPOT_TAINTS = {Cloud.GKE: Taint(key=keys.GKE_SPOT, value="true")}
_SPOT_TAINT = Taint(key=keys.SPOT_TAINT, value="true")

# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/provisioningrequests/pods/pods.go, QueuedTaintKey.
_QUEUED_TAINT = Taint(key=keys.GKE_QUEUED, value="true")

# They say which nodes are meant, which Kueue has already decided, and nothing that a job would have to agree to.
_FLAVOR_TAINTS = frozenset({GPU_TAINT.key, keys.GKE_COMPUTE_CLASS, keys.GKE_QUEUED})

_CAPACITY_LABELS = {Cloud.GKE: keys.OWN_CAPACITY_TYPE, Cloud.EKS: keys.OWN_CAPACITY_TYPE}
CAPACITY_LABELS = frozenset({keys.CAPACITY_TYPE, *_CAPACITY_LABELS.values()})


def spot_taint(cloud: Cloud) -> Taint:
    """Return the taint of a cloud's spot nodes, which a job tolerates when it can take an interruption."""
    return _SPOT_TAINTS.get(cloud, _SPOT_TAINT)


def capacity_label(cloud: Cloud) -> str:
    """Return the label by which a cloud's nodes tell how they are bought."""
    return _CAPACITY_LABELS.get(cloud, keys.CAPACITY_TYPE)


def node_labels(cloud: Cloud, pool: Pool, capacity_type: CapacityType) -> Mapping[str, str]:
    """Return what every node of an offer carries."""
    labels = {
        keys.POOL: pool.name,
        capacity_label(cloud): capacity_type.value,
        keys.GPU_PRODUCT: machines()[pool.machine].gpu.product_label,
        **sharing_labels(pool.name, pool_sharing(pool, cloud)),
    }
    return labels | {keys.GKE_QUEUED: "true"} if _is_queued(cloud, pool, capacity_type) else labels


def node_taints(cloud: Cloud, pool: Pool, capacity_type: CapacityType) -> tuple[Taint, ...]:
    """Return what keeps pods without a GPU off an offer's nodes, and off spot whoever cannot be interrupted."""
    taints = [GPU_TAINT]
    if capacity_type is CapacityType.SPOT:
        taints.append(spot_taint(cloud))
    if _is_queued(cloud, pool, capacity_type):
        taints.append(_QUEUED_TAINT)
    return tuple(taints)


def in_one_flavor(cloud: Cloud, flavor: str, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the offers of a flavor, on GKE with the mark of the ComputeClass of its name where there are several.

    GKE's autoscaler takes whichever node pool wastes least; a ComputeClass makes it take them in our order. It chooses
    among node pools that carry its name as label and as taint.
    """
    if cloud is not Cloud.GKE or len(offers) == 1:
        return tuple(offers)
    taint = Taint(key=keys.GKE_COMPUTE_CLASS, value=flavor)
    return tuple(
        replace(offer, labels={**offer.labels, taint.key: taint.value}, taints=(*offer.taints, taint))
        for offer in offers
    )


def comes_with_the_flavor(taint: Taint) -> bool:
    """Return whether a flavor brings the toleration of a taint along, so that a job need not have it."""
    return taint.key in _FLAVOR_TAINTS


def passes(tolerations: Collection[Taint], taints: Collection[Taint]) -> bool:
    """Return whether a job gets onto nodes, with its own tolerations and those that come with the flavor."""
    return all(taint in tolerations for taint in taints if not comes_with_the_flavor(taint))


def _is_queued(cloud: Cloud, pool: Pool, capacity_type: CapacityType) -> bool:
    return cloud is Cloud.GKE and pool.gke.queued and capacity_type is CapacityType.FLEX_START
