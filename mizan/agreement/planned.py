"""What the plan says of the nodes of an offer, in the words of whoever is told to make them."""

from collections.abc import Iterable, Mapping

from mizan import keys
from mizan.agreement.documents import plan_of
from mizan.agreement.model import Fact, Said
from mizan.clouds.gcp.node_pools import NO_DEVICE_PLUGIN
from mizan.clouds.gcp.site import site_of
from mizan.config import Cloud, GpuDriver
from mizan.manifests.manifest import MANAGED
from mizan.plan import Offer, Plan, PoolPlan

ACCELERATOR, COUNT, DRIVER, LOCATION, ZONES = "accelerator", "GPUs", "driver", "location", "zones"

# Labels by which GKE's device plugin and NVIDIA's operator leave a node alone.
KEPT_OFF_BY = (NO_DEVICE_PLUGIN, keys.OPERANDS)

# Of every machine of the catalogue.
_SYSTEM = {keys.ARCHITECTURE: "amd64", keys.OPERATING_SYSTEM: "linux"}

_OF_MACHINE = frozenset({Fact.KIND, Fact.GPUS})


def planned(offer: Offer, plan: Plan) -> Mapping[Fact, Said]:
    """Return what a document that makes nodes of an offer says; nothing where they are somebody else's."""
    pool = next(pool for pool in plan.pools if pool.name == offer.pool)
    match plan.cloud:
        case Cloud.GKE:
            found = _on_gke(offer, pool, plan)
        case Cloud.EKS:
            found = _by_karpenter(pool) | _on_eks(offer, plan)
        case Cloud.LOCAL:
            found = _by_karpenter(pool)
        case Cloud.EXISTING:
            found = {}
    machine = f"machine {offer.machine.name}"
    return {
        fact: Said(document=machine if fact in _OF_MACHINE else plan_of(offer.name), values=values)
        for fact, values in found.items()
    }


def planned_labels(offer: Offer, plan: Plan) -> Said:
    """Return the labels of an offer's nodes in Kubernetes; what Karpenter makes also says by whom."""
    more = {} if plan.cloud is Cloud.GKE else MANAGED
    return Said(document=plan_of(offer.name), values={**more, **offer.labels})


def zones_in_words(zones: Iterable[str]) -> dict[str, str]:
    """Return zones, in any order; nothing where there are none."""
    named = "+".join(sorted(zones))
    return {ZONES: named} if named else {}


def _on_gke(offer: Offer, pool: PoolPlan, plan: Plan) -> dict[Fact, Mapping[str, str]]:
    site, is_operators = site_of(plan), pool.gke.driver is GpuDriver.DISABLED
    off = {NO_DEVICE_PLUGIN: "true"} if is_operators else {keys.OPERANDS: "false"} if plan.gpu_operator else {}
    bill = {"pool": offer.pool, "capacity-type": offer.capacity_type.value}
    return {
        Fact.KIND: {ACCELERATOR: offer.machine.gke_accelerator},
        Fact.GPUS: {COUNT: str(offer.machine.gpus)},
        Fact.ZONES: {LOCATION: site.location, **zones_in_words(pool.zones or site.zones)},
        Fact.INSTALLER: {DRIVER: pool.gke.driver.value, **off},
        Fact.BILL: {**plan.cloud_labels, **bill},
    }


def _by_karpenter(pool: PoolPlan) -> dict[Fact, Mapping[str, str]]:
    return {
        Fact.KIND: _SYSTEM,
        Fact.ZONES: zones_in_words(pool.zones),
        Fact.OWNER: MANAGED,
    }


def _on_eks(offer: Offer, plan: Plan) -> dict[Fact, Mapping[str, str]]:
    return {
        Fact.KIND: {
            **_SYSTEM,
            keys.GPU_NAME: offer.machine.gpu.karpenter_gpu_name,
            keys.GPU_MANUFACTURER: "nvidia",
        },
        Fact.GPUS: {keys.GPU_COUNT: str(offer.machine.gpus)},
        Fact.BILL: {**plan.cloud_labels, keys.POOL: offer.pool},
    }
