"""Whether Pulumi's state and a simulated cloud agree: nothing lost, doubled or half made, nor left at the end. Pure."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from local.rehearsal.store import Condition, Record

_CLOUDS = ("gcp:", "aws:")


def differences(resources: Iterable[Mapping[str, Any]], records: Sequence[Record]) -> list[str]:
    """Return what differs, each a sentence; none where every resource is in the cloud once and whole.

    Args:
        resources: of Pulumi's state.
        records: what the clouds of the stack hold, with what was there before the stack.
    """
    in_state = Counter(
        (str(resource["type"]), str(resource["id"]))
        for resource in resources
        if resource.get("custom") and not resource.get("external") and str(resource["type"]).startswith(_CLOUDS)
    )
    own = [record for record in records if record.condition in (Condition.WHOLE, Condition.HALF)]
    in_cloud = Counter((record.type, record.id) for record in own)
    return [
        *(f"{kind} {identity} is in the state and not in the cloud" for kind, identity in sorted(in_state - in_cloud)),
        *(f"{kind} {identity} is in the cloud and not in the state" for kind, identity in sorted(in_cloud - in_state)),
        *(f"{record.type} {record.id} is half made" for record in own if record.condition is Condition.HALF),
        *(f"{urn} is there {number} times" for urn, number in _doubled(own)),
    ]


def retained(resources: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Return type and id of what a destroy leaves in the clouds, as Pulumi's state says it."""
    return frozenset(
        (str(resource["type"]), str(resource["id"]))
        for resource in resources
        if resource.get("retainOnDelete") and str(resource["type"]).startswith(_CLOUDS)
    )


def astray(left: Iterable[Record], retained: Collection[tuple[str, str]]) -> list[str]:
    """Return what speaks against a destroy, each a sentence: what is left and should not be, and what should be.

    Args:
        left: what the clouds of the stack hold after it.
        retained: type and id of what was to stay.
    """
    there = {(record.type, record.id) for record in left}
    kept = set(retained)
    return [
        *(f"{kind} {identity} is left" for kind, identity in sorted(there - kept)),
        *(f"{kind} {identity} was to be kept and is gone" for kind, identity in sorted(kept - there)),
    ]


def _doubled(records: Iterable[Record]) -> list[tuple[str, int]]:
    """Return the URNs that several resources of the cloud have."""
    return sorted((urn, number) for urn, number in Counter(record.urn for record in records).items() if number > 1)
