"""Kueue's objects as an API server gives them: whatever optional part is empty is left out, and anybody made them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from mizan import keys

Object = Mapping[str, Any]
_T = TypeVar("_T")
_GPU_DOMAINS = (keys.NVIDIA_GPU.partition("/")[0] + "/", keys.DEVICE_CLASS_RESOURCE)


@dataclass(frozen=True, kw_only=True)
class QueueObjects:
    """What tells who holds what and who waits. Source: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2."""

    cluster_queues: tuple[Object, ...]
    cohorts: tuple[Object, ...]
    local_queues: tuple[Object, ...]
    workloads: tuple[Object, ...]


def part(found: Object, *names: str) -> Object:
    """Return the object inside `found` that `names` lead to, an empty one where it is missing."""
    for name in names:
        found = found.get(name) or {}
    return found


def items(found: Object, *names: str) -> Sequence[Object]:
    """Return the list inside `found` that `names` lead to, an empty one where it is missing."""
    *path, last = names
    return part(found, *path).get(last) or ()


def value(found: Object, name: str, default: _T) -> _T:
    """Return what `found` holds under `name`, or `default` where it is missing."""
    held: _T | None = found.get(name)
    return default if held is None else held


def moment(of: object) -> datetime | None:
    """Return a time as an API server or its client gives it, None where there is none."""
    if isinstance(of, str):
        try:
            of = datetime.fromisoformat(of)
        except ValueError:
            return None
    if not isinstance(of, datetime):
        return None
    return of if of.tzinfo else of.replace(tzinfo=UTC)


def is_gpu(resource: str) -> bool:
    """Return whether a resource is a GPU, a part of one, or a device of one that pods claim."""
    return resource.startswith(_GPU_DOMAINS)


def requests(container: Object) -> Object:
    """Return what a container asks for.

    A limit without a request is a request; the API server writes it out for a pod, not for a job's template.
    """
    return {**part(container, "resources", "limits"), **part(container, "resources", "requests")}


def conditions(of: Object) -> Mapping[str, Object]:
    """Return an object's conditions by type."""
    return {condition["type"]: condition for condition in items(of, "status", "conditions")}


def is_true(of: Object, condition: str) -> bool:
    """Return whether a condition holds."""
    return conditions(of).get(condition, {}).get("status") == "True"


def seconds_since(now: datetime, of: object) -> float | None:
    """Return the seconds since a time; clocks of two machines may differ, but nothing waits since tomorrow."""
    then = moment(of)
    return None if then is None else max(0.0, (now - then).total_seconds())
