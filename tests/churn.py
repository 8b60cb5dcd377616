"""Nodes and pods that come and go at any second, as a seed draws them, and what they cost by definition."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from mizan import keys
from mizan.plan import Offer, Plan
from tests.metric_series import Series, a_gpu_pod, a_namespace, a_node
from tests.promtool import STEP, present

TEAMS = ("team-a", "team-b", "team-c")


@dataclass(frozen=True, kw_only=True)
class Life:
    """From one second to another; a scrape every STEP seconds sees it where it falls into it."""

    begin: float
    end: float

    @property
    def first(self) -> int:
        return -int(-self.begin // STEP)

    @property
    def last(self) -> int:
        return -int(-self.end // STEP) - 1

    @property
    def is_seen(self) -> bool:
        return self.first <= self.last

    def has(self, step: int) -> bool:
        return self.first <= step <= self.last

    @property
    def steps(self) -> int:
        return max(0, self.last - self.first + 1)


@dataclass(frozen=True, kw_only=True)
class LivingNode:
    name: str
    offer: Offer
    life: Life

    @property
    def usd_per_hour(self) -> float:
        return float(self.offer.price.usd_per_hour)


@dataclass(frozen=True, kw_only=True)
class LivingPod:
    name: str
    node: LivingNode
    namespace: str
    resource: str
    units: int
    share: float
    life: Life
    labels: dict[str, str] | None

    @property
    def usd_per_hour(self) -> float:
        return self.node.usd_per_hour * self.units * self.share / self.node.offer.machine.gpus


@dataclass(frozen=True, kw_only=True)
class Churn:
    nodes: tuple[LivingNode, ...]
    pods: tuple[LivingPod, ...]

    def series(self) -> list[Series]:
        found = [series for team in TEAMS[:2] for series in a_namespace(team, "1x400")]
        for node in self.nodes:
            if node.life.is_seen:
                found += a_node(node.offer, node.name, present(node.life.first, node.life.last))
        for pod in self.pods:
            if pod.life.is_seen:
                found += a_gpu_pod(
                    pod.name,
                    pod.node.name,
                    pod.units,
                    resource=pod.resource,
                    namespace=pod.namespace,
                    values=present(pod.life.first, pod.life.last),
                    labels=pod.labels,
                )
        return found

    def price(self, step: int) -> float:
        return sum(node.usd_per_hour for node in self.nodes if node.life.has(step))

    def cost(self, step: int) -> dict[str, float]:
        """What the pods of each namespace cost at a step."""
        found: dict[str, float] = {}
        for pod in self.pods:
            if pod.life.has(step):
                found[pod.namespace] = found.get(pod.namespace, 0) + pod.usd_per_hour
        return found


def churn(plan: Plan, seed: int, seconds: int) -> Churn:
    """Nodes of a plan's offers, one of them there for 40 s, and pods on some of what they offer."""
    rng = random.Random(seed)
    lives = [Life(begin=400 + rng.random() * STEP, end=440 + rng.random())]
    lives += [_life(rng, 0, seconds) for _ in range(rng.randint(5, 8))]
    nodes = tuple(
        LivingNode(name=f"n{number}", offer=rng.choice(plan.offers), life=life) for number, life in enumerate(lives)
    )
    return Churn(nodes=nodes, pods=tuple(pod for node in nodes for pod in _pods(rng, node)))


def _life(rng: random.Random, begin: float, end: float) -> Life:
    first = rng.uniform(begin, end)
    return Life(begin=first, end=min(end, first + rng.choice((45, 300, 1200, 3600)) * rng.uniform(0.5, 1.5)))


def _pods(rng: random.Random, node: LivingNode) -> Iterator[LivingPod]:
    """Yield pods one after the other on a few of a node's slots, each within the node's life."""
    for part in node.offer.sharing.parts:
        slots = part.per_gpu * node.offer.machine.gpus
        width = 2 if part.share == 1 else 1
        for slot in range(0, min(slots, 6), width):
            moment, number = node.life.begin, 0
            while rng.random() < 0.8 and moment < node.life.end:
                life = _life(rng, moment, node.life.end)
                yield LivingPod(
                    name=f"{node.name}-{part.name.replace('/', 'of')}-{slot}-{number}",
                    node=node,
                    namespace=rng.choice(TEAMS),
                    resource=part.resource,
                    units=width,
                    share=float(part.share),
                    life=life,
                    labels=rng.choice((None, {}, {keys.COST_CENTER: "own"}, {keys.WORKLOAD_TYPE: "training"})),
                )
                moment, number = life.end, number + 1
