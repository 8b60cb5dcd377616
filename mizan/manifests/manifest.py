"""The shape of every manifest."""

from collections.abc import Iterable, Mapping
from typing import Any

from mizan import keys
from mizan.config import Cloud
from mizan.plan import PoolPlan, Taint
from mizan.plan.nodes import GPU_TAINT, spot_taint

Manifest = dict[str, Any]

MANAGED = {keys.MANAGED_BY: "mizan"}


def manifest(
    api_version: str, kind: str, name: str, *, namespace: str | None = None, labels: Mapping[str, str] | None = None
) -> Manifest:
    """Return a manifest's head; `spec` or `data` is the caller's to add."""
    metadata: Manifest = {"name": name, "labels": {**MANAGED, **(labels or {})}}
    if namespace is not None:
        metadata["namespace"] = namespace
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata}


def taints(of: Iterable[Taint]) -> list[Manifest]:
    """Return taints as a node's spec holds them."""
    return [taint.on_node() for taint in of]


def tolerations(of: Iterable[Taint]) -> list[Manifest]:
    """Return the tolerations of taints."""
    return [taint.toleration() for taint in of]


def tolerations_of_pools(pools: Iterable[PoolPlan], cloud: Cloud) -> list[Manifest]:
    """Return what gets a pod onto every node of some pools, whatever the values of their taints.

    The taints of GPUs and of spot are among them before a node has any: a pod that is there stays as it is when a pool
    of the other capacity type comes.
    """
    of_offers = (taint for pool in pools for offer in pool.offers for taint in offer.taints)
    found = dict.fromkeys((taint.key, taint.effect) for taint in (GPU_TAINT, spot_taint(cloud), *of_offers))
    return [{"key": key, "operator": "Exists", "effect": effect} for key, effect in found]


def is_in(key: str, *values: str) -> Manifest:
    """Return the selector requirement that a label's value is one of `values`."""
    return {"key": key, "operator": "In", "values": list(values)}
