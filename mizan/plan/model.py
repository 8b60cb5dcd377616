"""The Plan: the single definition that node pools, autoscaler, queues, prices and policies are made from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.config import Checkpoint, Cloud, Cluster, Install
from mizan.prices import Price


@dataclass(frozen=True, kw_only=True)
class Taint:
    """A node taint and, as a toleration, what gets past it."""

    key: str
    value: str
    effect: str = "NoSchedule"

    def on_node(self) -> dict[str, str]:
        """Return the taint as a node's spec holds it."""
        return {"key": self.key, "value": self.value, "effect": self.effect}

    def toleration(self) -> dict[str, str]:
        """Return the toleration of exactly this taint."""
        return {"key": self.key, "operator": "Equal", "value": self.value, "effect": self.effect}


@dataclass(frozen=True, kw_only=True)
class Offer:
    """One machine of one pool in one capacity type: one node pool, one Kueue flavor, one price."""

    name: str
    pool: str
    capacity_type: CapacityType
    machine: Machine
    price: Price
    max_nodes: int
    resource: str
    units_per_node: int
    labels: Mapping[str, str]
    taints: tuple[Taint, ...]

    @property
    def max_units(self) -> int:
        """Return the units of `resource` at the offer's largest size."""
        return self.max_nodes * self.units_per_node


@dataclass(frozen=True, kw_only=True)
class PoolPlan:
    """A pool and its offers in the order they are tried."""

    name: str
    offers: tuple[Offer, ...]


@dataclass(frozen=True, kw_only=True)
class FlavorQuota:
    """Units of one offer that a queue may hold."""

    offer: Offer
    nominal: int


@dataclass(frozen=True, kw_only=True)
class QueuePlan:
    """A ClusterQueue with its flavors in the order they are tried, and the namespaces that may use it."""

    name: str
    quotas: tuple[FlavorQuota, ...]
    namespaces: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TeamPlan:
    """A team's namespace, the labels its costs are found by, and its queues."""

    namespace: str
    labels: Mapping[str, str]
    queues: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A sample spot training job."""

    name: str
    namespace: str
    queue: str
    labels: Mapping[str, str]
    tolerations: tuple[Taint, ...]
    resource: str
    units: int
    command: tuple[str, ...]
    checkpoint: Checkpoint
    simulated_run_seconds: int | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything a stack asks for, resolved against catalogue and prices.

    Attributes:
        today: the day that the age of prices is counted to.
    """

    stack: str
    today: date
    cloud: Cloud
    region: str
    cluster: Cluster | None
    kueue: Install
    pools: tuple[PoolPlan, ...]
    queues: tuple[QueuePlan, ...]
    teams: tuple[TeamPlan, ...]
    jobs: tuple[JobPlan, ...] = field(default=())

    @property
    def offers(self) -> tuple[Offer, ...]:
        """Return every offer of every pool, in order."""
        return tuple(offer for pool in self.pools for offer in pool.offers)

    @property
    def stale_offers(self) -> tuple[Offer, ...]:
        """Return the offers whose price is too old to be relied on."""
        return tuple(offer for offer in self.offers if offer.price.is_stale(self.today))
