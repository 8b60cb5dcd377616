"""GPU pools: which machines, and how they are bought."""

from mizan.capacity import CapacityType
from mizan.config.models.base import Model, described, described_text, object_name


class PoolCapacity(Model):
    """One way a pool buys its machine."""

    type: CapacityType = described(
        "spot or on-demand.", because="prices, taints and quotas differ by it", fix="Write `spot` or `on-demand`"
    )
    max_nodes: int = described(
        "Most nodes of this capacity type; the pool scales from 0 to it.",
        because="an unlimited GPU pool is an unlimited bill",
        fix="Write the largest number of nodes you would pay for, 1 to 1000",
        ge=1,
        le=1000,
        strict=True,
    )


class Pool(Model):
    """GPU nodes of one machine type; every capacity type of it becomes one offer."""

    name: str = object_name("pool")
    machine: str = described_text(
        "Machine type in the catalogue, such as a2-highgpu-4g.",
        because="its GPUs, size and price come from the catalogue",
        fix="Take a name from mizan/catalogue/machines.csv",
    )
    gpu: str = described_text(
        "GPU model in the catalogue, such as a100-40gb; must be what the machine carries.",
        because="the two together catch a mistyped machine before it is paid for",
        fix="Take a name from mizan/catalogue/gpus.csv",
    )
    capacity: tuple[PoolCapacity, ...] = described(
        "Capacity types in the order they are tried.",
        because="a pool without capacity has no nodes",
        fix="Add `- {type: spot, maxNodes: 2}`",
        min_length=1,
    )
