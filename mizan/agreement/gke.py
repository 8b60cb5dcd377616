"""What the nodes of an offer are, as the arguments of a node pool on GKE say it."""

from fractions import Fraction

from mizan import keys
from mizan.agreement.documents import node_pool
from mizan.agreement.model import Fact, Said, words
from mizan.agreement.nodes import Nodes, Resources, taint
from mizan.agreement.planned import ACCELERATOR, COUNT, DRIVER, KEPT_OFF_BY, LOCATION, zones_in_words
from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.clouds.gcp.node_pools import NO_DEVICE_PLUGIN
from mizan.clouds.gcp.site import Arguments
from mizan.sharing import SharingMode

_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}
_MODES = {"TIME_SHARING": SharingMode.TIME_SLICING, "MPS": SharingMode.MPS}


def nodes_on_gke(pool: Arguments) -> Nodes:
    """Return the nodes of a node pool."""
    config, scaling = pool["node_config"], pool["autoscaling"]
    # GKE puts this one on the nodes by itself.
    queued = {f"{keys.GKE_QUEUED}=true:NoSchedule"} if pool.get("queued_provisioning") else set()
    (accelerator,) = config["guest_accelerators"]
    document = node_pool(pool["name"])
    is_gkes = config["labels"].get(NO_DEVICE_PLUGIN) != "true"
    resources = Resources(document=document, per_gpu={keys.NVIDIA_GPU: Fraction(_pods_of_a_gpu(accelerator))})
    zones = pool.get("node_locations", ())
    return Nodes(
        document=document,
        machine=config["machine_type"],
        capacity_type=_bought(config),
        places=(pool["location"], *zones),
        labels={key: value for key, value in config["labels"].items() if key not in KEPT_OFF_BY},
        taints=frozenset({taint(each, _EFFECTS) for each in config["taints"]} | queued),
        most=Fraction(scaling["total_max_node_count"]),
        said={
            Fact.KIND: Said(document=document, values={ACCELERATOR: accelerator["type"]}),
            Fact.GPUS: Said(document=document, values={COUNT: str(accelerator["count"])}),
            Fact.ZONES: Said(document=document, values={LOCATION: pool["location"], **zones_in_words(zones)}),
            Fact.INSTALLER: Said(document=document, values=_installers(config, accelerator)),
            Fact.BILL: Said(document=document, values=config["resource_labels"]),
        },
        least=scaling["total_min_node_count"],
        resources=(resources,) if is_gkes else (),
        sharing=words(document, _modes(accelerator) or [SharingMode.NONE]) if is_gkes else None,
    )


def _pods_of_a_gpu(accelerator: Arguments) -> int:
    """Return how many of `nvidia.com/gpu` GKE makes of one GPU."""
    shared = accelerator.get("gpu_sharing_config", {}).get("max_shared_clients_per_gpu", 1)
    size = accelerator.get("gpu_partition_size")
    if size is None:
        return int(shared)
    instances = next(
        (
            profile.max_instances
            for machine in machines().values()
            for profile in machine.gpu.mig_profiles
            if machine.gke_accelerator == accelerator["type"] and profile.name == size
        ),
        0,
    )
    return int(shared) * instances


def _modes(accelerator: Arguments) -> list[str]:
    strategy = accelerator.get("gpu_sharing_config", {}).get("gpu_sharing_strategy")
    cut = [SharingMode.MIG] if accelerator.get("gpu_partition_size") else []
    return [*cut, *([_MODES.get(strategy, strategy)] if strategy else [])]


def _installers(config: Arguments, accelerator: Arguments) -> dict[str, str]:
    """Return which driver GKE brings, and the labels by which its device plugin and NVIDIA's operator keep off."""
    labels, asked = config["labels"], accelerator.get("gpu_driver_installation_config", {})
    driver = {DRIVER: asked["gpu_driver_version"]} if "gpu_driver_version" in asked else {}
    return driver | {key: labels[key] for key in KEPT_OFF_BY if key in labels}


def _bought(config: Arguments) -> str:
    if config.get("spot"):
        return CapacityType.SPOT.value
    return CapacityType.FLEX_START.value if config.get("flex_start") else CapacityType.ON_DEMAND.value
