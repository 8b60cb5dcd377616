"""Stacks with one way of sharing each, all that is written for them, and changes of it by hand."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

from mizan.agreement import Documents, documents_of
from mizan.plan import Plan
from tests.builders import a_plan, a_queue
from tests.gke_stacks import a_gke_plan
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, counted_in, kept

Change = Callable[[Documents], Documents | None]

WHOLE: dict[str, Any] = {"mode": "none"}
SHARINGS: dict[str, dict[str, Any]] = {
    "whole": WHOLE,
    "mig": PROFILE,
    "mixed": LAYOUT,
    "time-slicing": TURNS,
    "mps": MPS,
    "dra": DEVICES,
}
KINDS = [f"{cloud}-{name}" for cloud in ("local", "gke", "eks") for name in SHARINGS]

NOT_GKES = {"capacity": kept(), "gke": {"driver": "INSTALLATION_DISABLED"}}
ONE_OFFER = [{"type": "spot", "maxNodes": 2, "minNodes": 1}]


@cache
def plan_of(kind: str) -> Plan:
    """A plan of one pool with one offer, `spot-a100`, and one queue that counts all of it."""
    cloud, name = kind.split("-", 1)
    sharing, pool = SHARINGS[name], {"capacity": ONE_OFFER}
    if cloud == "gke" and name in ("mixed", "dra"):
        sharing, pool = sharing | {"manager": "operator"}, NOT_GKES | pool
    units = {"mig": 56, "time-slicing": 32, "mps": 32, "dra": 56}.get(name, 8)
    values = a_sharing_stack(cloud, sharing, **pool)
    factor = 2 if cloud == "eks" else 1
    quota = {"pool": "a100", counted_in(sharing): units * factor}
    values["queues"] = [a_queue(fallback="capacity", quotas=[quota], workload={"maxRunHours": 1})]
    return a_gke_plan(values) if cloud == "gke" else a_plan(values)


@cache
def written(kind: str) -> Documents:
    """All that is written for that plan; a test changes a copy."""
    return documents_of(plan_of(kind))


def in_manifest(kind: str, name: str, *path: str | int, to: Any) -> Callable[[Documents], None]:
    """A change of one value of a manifest; `name` may be the beginning of it."""

    def change(documents: Documents) -> None:
        node: Any = next(body for body in documents.of_kind(kind) if body["metadata"]["name"].startswith(name))
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to(node[path[-1]]) if callable(to) else to

    return change


def in_arguments(*path: str | int, to: Any) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        node: Any = documents.node_pools["spot-a100"]
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to(node[path[-1]]) if callable(to) else to

    return change


def in_text(kind: str, name: str, key: str, before: str, after: str) -> Callable[[Documents], None]:
    """A change of text that a ConfigMap or a selector holds."""

    def changed(text: str) -> str:
        assert before in text
        return text.replace(before, after)

    return in_manifest(kind, name, "data", key, to=changed)


def requirement(key: str, values: list[str]) -> Callable[[Documents], None]:
    def changed(requirements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        assert any(each["key"] == key for each in requirements)
        return [each | {"values": values} if each["key"] == key else each for each in requirements]

    return in_manifest("NodePool", "spot-a100", "spec", "template", "spec", "requirements", to=changed)


def of_price(**changes: Any) -> Callable[[Documents], Documents]:
    """The row of the estimate is one of something else."""

    def change(documents: Documents) -> Documents:
        row = documents.prices["spot-a100"]
        price = replace(row.price, **changes)
        return replace(documents, prices={"spot-a100": replace(row, price=price)})

    return change


def of_estimate(**changes: Any) -> Callable[[Documents], Documents]:
    def change(documents: Documents) -> Documents:
        return replace(documents, prices={"spot-a100": replace(documents.prices["spot-a100"], **changes)})

    return change


def of_part(**changes: Any) -> Callable[[Documents], Documents]:
    def change(documents: Documents) -> Documents:
        first, *others = documents.parts["spot-a100"]
        return replace(documents, parts={"spot-a100": (replace(first, **changes), *others)})

    return change


def mapping(**changes: Any) -> Callable[[Documents], None]:
    def change(documents: Documents) -> None:
        assert documents.kueue is not None
        documents.kueue["resources"]["deviceClassMappings"][0].update(changes)

    return change


def without_a_device(documents: Documents) -> Documents:
    return replace(documents, devices={"a100": documents.devices["a100"][1:]})


def in_chart(chart: str, *path: str, to: Any) -> Change:
    """A change of one value of a chart."""

    def change(documents: Documents) -> None:
        node: Any = documents.charts[chart]
        for part in path[:-1]:
            node = node[part]
        node[path[-1]] = to

    return change


def without(kind: str, name: str) -> Change:
    """No manifest of a kind whose name begins so."""

    def change(documents: Documents) -> Documents:
        kept_ones = [
            body
            for body in documents.manifests
            if body["kind"] != kind or not body["metadata"]["name"].startswith(name)
        ]
        assert len(kept_ones) < len(documents.manifests)
        return replace(documents, manifests=kept_ones)

    return change
