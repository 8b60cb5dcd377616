"""Which resource an input names, and who names a resource."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local.rehearsal.kinds import KINDS, Kind, Names, Reference
from local.rehearsal.store import Condition, Record
from local.rehearsal.values import at

_THERE = frozenset(Condition) - {Condition.KEPT}


def found(reference: Reference, value: object, records: Iterable[Record]) -> Record | None:
    """Return the resource that the value of a reference names, or None."""
    outputs = dict.fromkeys(kind for kind, _ in reference.to)
    paths = {kind: [path for of, path in reference.to if of == kind] for kind in outputs}
    for record in records:
        if record.condition in _THERE and any(value in at(record.facts, path) for path in paths.get(record.type, ())):
            return record
    return None


def missing(
    kind: Kind, inputs: Mapping[str, Any], names: Names, records: list[Record]
) -> Iterator[tuple[Reference, str]]:
    """Yield each reference that names nothing that is there, with its value."""
    for reference in kind.references:
        for value in at(inputs, reference.path):
            is_outside = reference.outside is not None and reference.outside(str(value), names)
            if not is_outside and found(reference, value, records) is None:
                yield reference, str(value)


def referred(kind: Kind, inputs: Mapping[str, Any], records: list[Record]) -> dict[str, list[dict[str, Any]]]:
    """Return by path the outputs of every resource that the inputs name."""
    return {
        reference.path: [
            record.facts for value in at(inputs, reference.path) if (record := found(reference, value, records))
        ]
        for reference in kind.references
    }


def holders(record: Record, records: list[Record]) -> Iterator[tuple[Record, str]]:
    """Yield each resource that keeps the cloud from deleting this one, with the path of the input that names it."""
    for other in records:
        if other.condition not in _THERE or other == record:
            continue
        for reference in KINDS[other.type].references:
            if reference.holds and any(
                found(reference, value, [record]) for value in at(other.outputs, reference.path)
            ):
                yield other, reference.path
