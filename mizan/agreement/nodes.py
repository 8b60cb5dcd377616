"""What the nodes of an offer are, as GKE or Karpenter is told to make them."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from mizan import keys
from mizan.agreement.documents import Documents, name
from mizan.capacity import CapacityType
from mizan.catalogue import gpu_models
from mizan.clouds.gcp.node_pools import NO_DEVICE_PLUGIN
from mizan.clouds.gcp.site import Arguments
from mizan.manifests.manifest import MANAGED, Manifest
from mizan.plan import Offer

# What a simulated machine has beside GPUs, and what a limit may count instead of them.
_NO_GPUS = frozenset({"cpu", "memory", "ephemeral-storage", "pods"})

_EFFECTS = {"NO_SCHEDULE": "NoSchedule", "PREFER_NO_SCHEDULE": "PreferNoSchedule", "NO_EXECUTE": "NoExecute"}


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a document says that each GPU of a node is in Kubernetes' resources."""

    document: str
    per_gpu: Mapping[str, Fraction]


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of an offer.

    Attributes:
        document: that makes them.
        region: that they lie in, or the zones; None where it does not say.
        gpus: of each node; None where the machine alone says it.
        taints: each as `key=value:effect`.
        most: nodes; None where the limit counts something else.
        least: nodes that it keeps itself.
        weight: by which one is tried before another; None on GKE.
        resources: what it says of each GPU; None where that is left to the operator.
    """

    document: str
    machine: str
    capacity_type: str
    region: str | None
    gpus: int | None
    labels: Mapping[str, str]
    taints: frozenset[str]
    most: Fraction | None
    least: int = 0
    weight: int | None = None
    resources: tuple[Resources, ...] = field(default=())


def nodes_of(offer: Offer, documents: Documents) -> Nodes | None:
    """Return the nodes of an offer; None where they are somebody else's."""
    if offer.name in documents.node_pools:
        return _on_gke(documents.node_pools[offer.name])
    pool = documents.named("NodePool", offer.name)
    return None if pool is None else _of_karpenter(pool, offer, documents)


def taint(of: Mapping[str, str], effects: Mapping[str, str] | None = None) -> str:
    """Return a taint, or the toleration of exactly one, in words."""
    return f"{of['key']}={of['value']}:{effects[of['effect']] if effects else of['effect']}"


def _on_gke(pool: Arguments) -> Nodes:
    config, scaling = pool["node_config"], pool["autoscaling"]
    # GKE puts this one on the nodes by itself.
    queued = {f"{keys.GKE_QUEUED}=true:NoSchedule"} if pool.get("queued_provisioning") else set()
    (accelerator,) = config["guest_accelerators"]
    document = f"node pool {pool['name']}"
    is_gkes = NO_DEVICE_PLUGIN not in config["labels"]
    resources = Resources(document=document, per_gpu={keys.NVIDIA_GPU: Fraction(_pods_of_a_gpu(accelerator))})
    return Nodes(
        document=document,
        machine=config["machine_type"],
        capacity_type=_bought_on_gke(config),
        region=pool["location"],
        gpus=accelerator["count"],
        labels=config["labels"],
        taints=frozenset({taint(each, _EFFECTS) for each in config["taints"]} | queued),
        most=Fraction(scaling["total_max_node_count"]),
        least=scaling["total_min_node_count"],
        resources=(resources,) if is_gkes else (),
    )


def _pods_of_a_gpu(accelerator: Arguments) -> int:
    """Return how many of `nvidia.com/gpu` GKE makes of one GPU."""
    shared = accelerator.get("gpu_sharing_config", {}).get("max_shared_clients_per_gpu", 1)
    size = accelerator.get("gpu_partition_size")
    if size is None:
        return int(shared)
    instances = next(
        profile.max_instances
        for gpu in gpu_models().values()
        for profile in gpu.mig_profiles
        if gpu.gke_accelerator == accelerator["type"] and profile.name == size
    )
    return int(shared) * instances


def _bought_on_gke(config: Arguments) -> str:
    if config.get("spot"):
        return CapacityType.SPOT.value
    return CapacityType.FLEX_START.value if config.get("flex_start") else CapacityType.ON_DEMAND.value


def _of_karpenter(pool: Manifest, offer: Offer, documents: Documents) -> Nodes:
    template, limits = pool["spec"]["template"], pool["spec"]["limits"]
    required = {each["key"]: each["values"] for each in template["spec"]["requirements"]}
    (machine,) = required[keys.INSTANCE_TYPE]
    simulated = documents.instance_types.get(machine)
    labels = {key: value for key, value in template["metadata"]["labels"].items() if key not in MANAGED}
    # Karpenter's own label says how it buys them; ours is there where its words are others.
    if keys.OWN_CAPACITY_TYPE not in labels:
        labels[keys.CAPACITY_TYPE] = ",".join(required[keys.CAPACITY_TYPE])
    count = required.get(keys.GPU_COUNT)
    nodes = Nodes(
        document=name(pool),
        machine=machine,
        capacity_type=_bought_by_karpenter(required[keys.CAPACITY_TYPE]),
        region=",".join(required[keys.ZONE]) if keys.ZONE in required else None,
        gpus=int(count[0]) if count else None,
        labels=labels,
        taints=frozenset(taint(each) for each in template["spec"]["taints"]),
        most=_most(limits, offer),
        weight=pool["spec"]["weight"],
    )
    return replace(nodes, resources=tuple(_by_karpenter(nodes, pool, simulated, offer, documents)))


def _bought_by_karpenter(kinds: Iterable[str]) -> str:
    """Return how nodes are bought: into a reservation or beside it they are on-demand."""
    found = {kind if kind in set(CapacityType) else CapacityType.ON_DEMAND.value for kind in kinds}
    return ",".join(sorted(found))


def _most(limits: Mapping[str, str], offer: Offer) -> Fraction | None:
    """Return how many nodes a limit allows; it counts what each node of the machine has."""
    per_node = {"cpu": offer.machine.vcpus, keys.NVIDIA_GPU: offer.machine.gpus}
    ((resource, amount),) = limits.items()
    return Fraction(int(amount), per_node[resource]) if resource in per_node else None


def _by_karpenter(
    nodes: Nodes, pool: Manifest, simulated: Manifest | None, offer: Offer, documents: Documents
) -> Iterable[Resources]:
    """Yield what Karpenter expects of a node: its overlay stands in place of what the machine has.

    Where pods claim devices the device plugin is not there, and no node has resources of its making.
    """
    if any(documents.of_kind("DeviceClass")):
        return
    overlay = documents.named("NodeOverlay", offer.name)
    told = pool["spec"]["template"]["metadata"].get("annotations", {}).get(keys.SIMULATED_RESOURCES)
    if overlay is not None:
        yield _resources(name(overlay), overlay["spec"]["capacity"], offer)
    if told is not None:
        yield _resources(nodes.document, json.loads(told), offer)
    if overlay is None and told is None:
        if simulated is not None:
            yield _resources(f"instance type {simulated['name']}", simulated["resources"], offer)
        else:
            yield Resources(document=nodes.document, per_gpu={keys.NVIDIA_GPU: Fraction(1)})


def _resources(document: str, amounts: Mapping[str, str | None], offer: Offer) -> Resources:
    per_node = {key: int(amount or 0) for key, amount in amounts.items() if key not in _NO_GPUS}
    per_gpu = {key: Fraction(amount, offer.machine.gpus) for key, amount in per_node.items() if amount}
    return Resources(document=document, per_gpu=per_gpu)
