"""Nodes, pods and claims as an API server gives them, cut down to what an exporter looks at."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

Object = Mapping[str, Any]

_ENDED = frozenset({"Succeeded", "Failed"})


@dataclass(frozen=True, kw_only=True)
class Node:
    """A node; `whole_gpus` is what it offers of them, whatever they are."""

    name: str
    uid: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    provider_id: str
    whole_gpus: int


@dataclass(frozen=True, kw_only=True)
class Container:
    """A container that keeps what it gets while its pod runs.

    Attributes:
        amounts: that it asks for, by resource, whole numbers alone: devices have no parts.
        claims: that it uses, by their name in the pod.
    """

    name: str
    amounts: Mapping[str, int]
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Pod:
    """A pod on a node.

    Attributes:
        created: when, as the API server writes it.
        started: unix seconds; None before its start.
        claims: the ResourceClaims of the pod's own names for them.
    """

    namespace: str
    name: str
    uid: str
    node: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    created: str
    started: float | None
    containers: tuple[Container, ...]
    claims: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device that a claim was given."""

    driver: str
    pool: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A ResourceClaim and its devices; none before it has any."""

    namespace: str
    name: str
    devices: tuple[Device, ...]


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """What an exporter sees: all nodes, the pods that hold something of theirs, and claims by namespace and name."""

    nodes: tuple[Node, ...]
    pods: tuple[Pod, ...]
    claims: Mapping[tuple[str, str], Claim] = field(default_factory=dict)


def node_of(found: Object, gpu_resource: str) -> Node:
    """Return a node."""
    metadata = _part(found, "metadata")
    return Node(
        name=metadata["name"],
        uid=metadata.get("uid") or "",
        labels=_part(metadata, "labels"),
        annotations=_part(metadata, "annotations"),
        provider_id=_part(found, "spec").get("providerID") or "",
        whole_gpus=_whole(_part(found, "status", "allocatable").get(gpu_resource)),
    )


def pod_of(found: Object) -> Pod | None:
    """Return a pod; None where it is on no node yet or has ended, and so holds nothing."""
    metadata, spec, status = (_part(found, name) for name in ("metadata", "spec", "status"))
    if not spec.get("nodeName") or status.get("phase") in _ENDED:
        return None
    return Pod(
        namespace=metadata.get("namespace") or "",
        name=metadata["name"],
        uid=metadata.get("uid") or "",
        node=spec["nodeName"],
        labels=_part(metadata, "labels"),
        annotations=_part(metadata, "annotations"),
        created=str(metadata.get("creationTimestamp") or ""),
        started=_moment(status.get("startTime")) if status.get("phase") == "Running" else None,
        containers=tuple(_containers(spec)),
        claims=_claims(spec, status),
    )


def claim_of(found: Object) -> Claim:
    """Return a claim with what it was given."""
    metadata = _part(found, "metadata")
    results = _items(_part(found, "status", "allocation", "devices"), "results")
    devices = (Device(driver=one["driver"], pool=one["pool"], name=one["device"]) for one in results)
    return Claim(namespace=metadata.get("namespace") or "", name=metadata["name"], devices=tuple(devices))


def _containers(spec: Object) -> Iterator[Container]:
    """Yield those that stay: an init container gives back what it has, unless it is a sidecar."""
    sidecars = [each for each in _items(spec, "initContainers") if each.get("restartPolicy") == "Always"]
    for each in (*sidecars, *_items(spec, "containers")):
        resources = _part(each, "resources")
        asked = {**_part(resources, "limits"), **_part(resources, "requests")}
        amounts = {name: amount for name, text in asked.items() if (amount := _whole(text))}
        claims = tuple(dict.fromkeys(claim["name"] for claim in _items(resources, "claims")))
        yield Container(name=each["name"], amounts=amounts, claims=claims)


def _claims(spec: Object, status: Object) -> Mapping[str, str]:
    """Return the claims by the pod's names for them; one that was made from a template stands in the status."""
    named = [(each["name"], each.get("resourceClaimName")) for each in _items(spec, "resourceClaims")]
    made = [(each["name"], each.get("resourceClaimName")) for each in _items(status, "resourceClaimStatuses")]
    return {name: claim for name, claim in (*named, *made) if claim}


def _part(found: Object, *names: str) -> Object:
    for name in names:
        found = found.get(name) or {}
    return found


def _items(found: Object, name: str) -> Sequence[Object]:
    return found.get(name) or ()


def _whole(text: object) -> int:
    """Return a quantity that is written as a whole number, as devices are; 0 for any other."""
    written = str(text)
    return int(written) if written.isascii() and written.isdigit() else 0


def _moment(text: object) -> float | None:
    if not isinstance(text, str):
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
