"""A cluster of 2,000 nodes, 10,000 GPUs and 20,000 pods: whole GPUs, MIG instances, turns on shared ones.

Every pod has a GPU or a part of one, and any two pods of a node are mostly of different owners: no rule has it easier
in a real cluster of that size.
"""

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from local.gpu_metrics.objects import Cluster, Container, Node, Pod
from mizan import keys
from mizan.config import parse
from mizan.plan import Offer, Plan, build_plan

TODAY = date(2026, 11, 23)
TEAMS = 100
WORKLOADS = ("training", "inference", "notebook")
INSTANCES: dict[str, Any] = {"mode": "mig", "profile": "1g.5gb"}
TURNS: dict[str, Any] = {"mode": "time-slicing", "replicas": 4}
PROFILES = ("busy", "half", "idle")
CREATED = "2026-11-23T00:00:00+00:00"
STARTED = 1_795_392_000.0


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of one pool.

    Attributes:
        spot: of the nodes so many are; the others are on-demand.
        pods: on each node; of the first `fuller` ones it has one more.
        first: units that the first pod of a node asks for; each of the others asks for one.
    """

    pool: str
    machine: str
    nodes: int
    spot: int
    pods: int
    sharing: dict[str, Any] | None = None
    fuller: int = 0
    first: int = 1


NODES = (
    Nodes(pool="whole-8", machine="a2-highgpu-8g", nodes=750, spot=500, pods=6, fuller=500, first=2),
    Nodes(pool="whole-4", machine="a2-highgpu-4g", nodes=250, spot=100, pods=4),
    Nodes(pool="mig", machine="a2-highgpu-2g", nodes=500, spot=250, pods=13, sharing=INSTANCES),
    Nodes(pool="turns", machine="a2-highgpu-4g", nodes=500, spot=250, pods=15, sharing=TURNS),
)


def large_plan() -> Plan:
    """Return the stack whose nodes they are: a queue and a budget for each of its teams."""
    return build_plan("large", parse(_values(), TODAY))


def large_cluster(plan: Plan) -> Cluster:
    """Return the cluster at its full size; the same at every call."""
    rng = random.Random(8)
    nodes, pods = [], []
    for each in NODES:
        for number, offer in enumerate(_offers(plan, each)):
            node = _node(offer, number)
            nodes.append(node)
            pods += _pods(rng, offer, node, [each.first, *[1] * (each.pods + (number < each.fuller) - 1)])
    return Cluster(nodes=tuple(nodes), pods=tuple(pods))


def _values() -> dict[str, Any]:
    teams = [f"team-{number}" for number in range(TEAMS)]
    return {
        "cloud": "local",
        "region": "us-central1",
        "pools": [_pool(each) for each in NODES],
        "queues": [{"name": team, "quotas": [{"pool": "whole-8", "gpus": 60}]} for team in teams],
        "teams": [
            {
                "name": team,
                "costCenter": f"center-{number % 10}",
                "project": f"project-{number % 25}",
                "queues": [team],
                "budget": {"usdPerMonth": 1_000_000},
            }
            for number, team in enumerate(teams)
        ],
        "budget": {"usdPerMonth": 100_000_000},
        "addons": {"kueue": {"install": "external"}},
    }


def _pool(each: Nodes) -> dict[str, Any]:
    shared = {"sharing": each.sharing} if each.sharing else {}
    counts = {"spot": each.spot, "on-demand": each.nodes - each.spot}
    capacity = [{"type": kind, "maxNodes": nodes} for kind, nodes in counts.items()]
    return {"name": each.pool, "machine": each.machine, "gpu": "a100-40gb", "capacity": capacity, **shared}


def _offers(plan: Plan, each: Nodes) -> list[Offer]:
    """Return the offer of each node of a pool, spot first."""
    spot, on_demand = (offer for pool in plan.pools if pool.name == each.pool for offer in pool.offers)
    return [spot] * each.spot + [on_demand] * (each.nodes - each.spot)


def _node(offer: Offer, number: int) -> Node:
    name = f"gke-large-{offer.name}-{number:04d}"
    return Node(
        name=name,
        uid=f"node-{name}",
        labels={**offer.labels, keys.INSTANCE_TYPE: offer.machine.name, keys.ZONE: "us-central1-a"},
        annotations={},
        provider_id=f"gce://project/us-central1-a/{name}",
        whole_gpus=offer.machine.gpus,
    )


def _pods(rng: random.Random, offer: Offer, node: Node, amounts: Iterable[int]) -> Iterator[Pod]:
    (resource,) = offer.resources
    for amount in amounts:
        team = f"team-{rng.randrange(TEAMS)}"
        name = f"{rng.choice(WORKLOADS)}-{rng.randrange(16**8):08x}"
        uid = f"{rng.randrange(16**8):08x}-4c1e-4d0a-9f3b-{rng.randrange(16**12):012x}"
        yield Pod(
            namespace=team,
            name=name,
            uid=uid,
            node=node.name,
            labels={
                keys.WORKLOAD_TYPE: name.partition("-")[0],
                keys.LOCAL_QUEUE_NAME: team,
                **({keys.COST_CENTER: "own"} if rng.random() < 0.1 else {}),
            },
            annotations={keys.SIMULATED_GPU_PROFILE: rng.choice(PROFILES)},
            created=CREATED,
            started=STARTED,
            containers=(Container(name="main", amounts={resource: amount}),),
        )
