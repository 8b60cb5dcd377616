"""Stacks whose pools share their GPUs, in each way and on each cloud."""

from typing import Any

from tests.builders import a_pool, a_queue, a_stack, a_team
from tests.eks_stacks import an_eks_stack, eks_pool
from tests.gke_stacks import a_gke_stack

MIXED_LAYOUT = {"3g.20gb": 1, "2g.10gb": 1, "1g.5gb": 1}
PROFILE: dict[str, Any] = {"mode": "mig", "profile": "1g.5gb"}
LAYOUT: dict[str, Any] = {"mode": "mig", "layout": MIXED_LAYOUT}
TURNS: dict[str, Any] = {"mode": "time-slicing", "replicas": 4}
MPS: dict[str, Any] = {"mode": "mps", "replicas": 4}
DEVICES: dict[str, Any] = {"mode": "dra", "profile": "1g.5gb"}

# On each cloud: a pool of A100 40 GB, and its stack.
_POOLS = {"local": a_pool, "gke": a_pool, "eks": eks_pool}
_STACKS = {"local": a_stack, "gke": a_gke_stack, "eks": an_eks_stack}


def counted_in(sharing: dict[str, Any]) -> str:
    """The key in which a quota of a pool counts."""
    counts_gpus = "layout" in sharing or (sharing["mode"] in {"none", "dra"} and "profile" not in sharing)
    return "gpus" if counts_gpus else "units"


def a_sharing_stack(cloud: str, sharing: dict[str, Any], **pool: object) -> dict[str, Any]:
    """A stack of one pool that is shared so, 2 nodes of spot and 1 of on-demand, and no job."""
    unit = counted_in(sharing)
    spot, on_demand = (
        {"pool": "a100", "capacity": "spot", unit: 8},
        {"pool": "a100", "capacity": "on-demand", unit: 4},
    )
    return _STACKS[cloud](
        pools=[_POOLS[cloud](**({"sharing": sharing} | pool))],
        queues=[a_queue(quotas=[spot, on_demand])],
        teams=[a_team()],
        jobs=[],
    )


def kept(nodes: int = 1) -> list[dict[str, Any]]:
    """Both capacity types, each with nodes that stay."""
    return [
        {"type": "spot", "maxNodes": 2, "minNodes": nodes},
        {"type": "on-demand", "maxNodes": 1, "minNodes": nodes},
    ]
