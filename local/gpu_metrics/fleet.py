"""What simulated nodes have and cost, as the file says it that the process is started with."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any

from local.gpu_metrics.objects import Node
from mizan import keys
from mizan.catalogue import gpu_models

MIB_PER_GIB = 1024
# Of a GPU that the catalogue does not know.
_UNKNOWN_MIB = 80 * MIB_PER_GIB


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What one pod can have of a node: a GPU, a MIG instance, or a turn on a GPU that pods share.

    Attributes:
        gpu: index of the GPU.
        resource: by which pods ask for it; empty for a device that they claim.
        memory_mib: of it.
        profile: of a MIG instance.
        instance: number of the MIG instance on its GPU.
        copy: number of the turn, where pods share the GPU by time-slicing or MPS.
        device: its name in the node's ResourceSlice, where pods claim it.
    """

    gpu: int
    resource: str
    memory_mib: int
    profile: str | None = None
    instance: int | None = None
    copy: int | None = None
    device: str | None = None


@dataclass(frozen=True, kw_only=True)
class NodePrice:
    """What an hour of a node costs that has these labels, in the parts that OpenCost tells.

    Attributes:
        usd_per_gpu: of a whole GPU; GPUs, vCPUs and GiB together make up the node's price.
    """

    labels: Mapping[str, str]
    region: str
    is_spot: bool
    gpus: int
    vcpus: int
    memory_gib: int
    usd_per_gpu: Decimal
    usd_per_vcpu: Decimal
    usd_per_gib: Decimal
    usd: Decimal


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """All that a stack's nodes are told by.

    Attributes:
        slots: of each node, by pool.
        prices: one for each offer; two never fit one node.
        pod_labels: patterns of the pods' labels that the exporter writes into its series.
        finds_sharing_pods: whether it looks for all pods of a GPU, on every node (KUBERNETES_VIRTUAL_GPUS).
    """

    slots: Mapping[str, tuple[Slot, ...]] = field(default_factory=dict)
    prices: tuple[NodePrice, ...] = ()
    pod_labels: tuple[str, ...] = ()
    finds_sharing_pods: bool = False

    @property
    def has_claims(self) -> bool:
        """Return whether pods claim devices of any pool."""
        return any(slot.device for slots in self.slots.values() for slot in slots)

    def slots_of(self, node: Node) -> tuple[Slot, ...]:
        """Return what a node has: its pool's; of a node of no pool the whole GPUs that it offers."""
        known = self.slots.get(node.labels.get(keys.POOL, ""))
        if known is not None:
            return known
        memory = _memory_mib(node.labels.get(keys.GPU_PRODUCT))
        return tuple(Slot(gpu=gpu, resource=keys.NVIDIA_GPU, memory_mib=memory) for gpu in range(node.whole_gpus))

    def price_of(self, node: Node) -> NodePrice | None:
        """Return what a node costs; None where no offer says it."""
        return next((price for price in self.prices if price.labels.items() <= node.labels.items()), None)


def to_json(fleet: Fleet) -> str:
    """Return a fleet as its file holds it; dollars are text, so that none is rounded."""
    return json.dumps(asdict(fleet), indent=1, sort_keys=True, default=str) + "\n"


def from_json(text: str) -> Fleet:
    """Return the fleet of a file that `to_json` has made.

    Raises:
        ValueError, KeyError, TypeError: it is another.
    """
    document: Mapping[str, Any] = json.loads(text)
    return Fleet(
        slots={pool: tuple(Slot(**slot) for slot in slots) for pool, slots in document["slots"].items()},
        prices=tuple(_price(price) for price in document["prices"]),
        pod_labels=tuple(document["pod_labels"]),
        finds_sharing_pods=document["finds_sharing_pods"],
    )


def _price(held: Mapping[str, Any]) -> NodePrice:
    dollars: dict[str, Any] = {name: Decimal(usd) for name, usd in held.items() if name.startswith("usd")}
    return NodePrice(**{**held, **dollars})


def _memory_mib(product: str | None) -> int:
    found = (gpu.memory_gib * MIB_PER_GIB for gpu in gpu_models().values() if gpu.product_label == product)
    return next(found, _UNKNOWN_MIB)
