"""GPU pools: which machines, and how they are bought."""

from typing import Annotated

from pydantic import Field

from mizan.capacity import CapacityType
from mizan.config.models.base import Model, described, described_text, object_name
from mizan.config.models.costs import Amount, ExpectedUse, Order
from mizan.config.models.node_settings import GkeNodes, KarpenterNodes, WarmNodes
from mizan.config.models.sharing import Sharing

ZONE_PATTERN = r"^[a-z]+(-[a-z]+)*-?[0-9]+-?[a-z]$"


class PoolCapacity(Model):
    """One way a pool buys its machine."""

    type: CapacityType = described(
        "spot, on-demand or, at Google, flex-start.",
        because="prices, taints and quotas differ by it",
        fix="Write `spot`, `on-demand` or `flex-start`",
    )
    max_nodes: int = described(
        "Most nodes of this capacity type; the pool scales from 0 to it.",
        because="an unlimited GPU pool is an unlimited bill",
        fix="Write the largest number of nodes you would pay for, 1 to 1000",
        ge=1,
        le=1000,
        strict=True,
    )
    min_nodes: int = described(
        "Fewest nodes of this capacity type; they stay whether anybody uses them or not.",
        because="an autoscaler makes no first node for what it does not know of; at 0 an idle pool costs nothing",
        fix="Write 0, or for `sharing` that the autoscaler does not know 1 up to `maxNodes`",
        default=0,
        ge=0,
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
        "Capacity types that the pool may buy.",
        because="a pool without capacity has no nodes",
        fix="Add `- {type: spot, maxNodes: 2}`",
        min_length=1,
    )
    sharing: Sharing = described(
        "How pods share its GPUs; left out, one pod has a GPU whole.",
        because="small work pays for a part of a GPU then, and not for all of it",
        fix="Write `{mode: mig, profile: 1g.5gb}` or `{mode: time-slicing, replicas: 4}`, or leave it out",
        default=Sharing(),
    )
    order: Order = described(
        "price: the cheapest useful hour is tried first, lost work and all. listed: as `capacity` lists them.",
        because="spot that is interrupted too often is no bargain, and prices change",
        fix="Write `price` or `listed`",
        default=Order.PRICE,
    )
    mean_uptime_hours: Amount | None = described(
        "Hours that a spot node of the pool stays up on average, from your own measurements; left out, public data.",
        because="how much work spot loses depends on it",
        fix="Write hours above 0, such as 36",
        default=None,
        gt=0,
        le=100_000,
        allow_inf_nan=False,
    )
    expected_use: ExpectedUse | None = described(
        "How much of the pool is expected to run; left out, the stack's `expectedUse`.",
        because="an estimate without it could only tell the worst case",
        fix="Write `{hoursPerWeek: 50, utilisationPercent: 60}`",
        default=None,
    )
    disk_gib: int = described(
        "Boot disk of each node in GiB.",
        because="it is paid for as long as the node exists",
        fix="Write whole GiB, 10 to 65536",
        default=100,
        ge=10,
        le=65_536,
        strict=True,
    )
    zones: tuple[Annotated[str, Field(pattern=ZONE_PATTERN)], ...] = described(
        "Zones of its nodes; left out, all of the cluster.",
        because="not every zone of a region has every GPU",
        fix="Write zones of the stack's region such as `[us-central1-a, us-central1-c]`, or leave it out",
        default=(),
        max_length=10,
    )
    warm: WarmNodes | None = described(
        "Nodes that are there before anybody asks; left out, none.",
        because="an idle pool costs nothing, and the first job waits minutes for its node",
        fix="Write `{nodes: 1, schedule: 0 8 * * 1-5, hours: 10}`, or leave it out",
        default=None,
    )
    gke: GkeNodes = described(
        "Its nodes on GKE.",
        because="GKE has choices that no other cloud has",
        fix="Write `{compactPlacement: true}`, or leave it out",
        default=GkeNodes(),
    )
    karpenter: KarpenterNodes = described(
        "Its nodes where Karpenter makes them.",
        because="Karpenter has choices that no other autoscaler has",
        fix="Write `{consolidateAfterSeconds: 30}`, or leave it out",
        default=KarpenterNodes(),
    )
