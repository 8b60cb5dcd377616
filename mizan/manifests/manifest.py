"""The shape of every manifest."""

from collections.abc import Iterable, Mapping
from typing import Any

from mizan import keys
from mizan.plan import Taint

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


def is_in(key: str, *values: str) -> Manifest:
    """Return the selector requirement that a label's value is one of `values`."""
    return {"key": key, "operator": "In", "values": list(values)}
