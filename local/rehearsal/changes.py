"""What differs between a resource's old and new inputs, and whether it can be changed or must be made anew."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from local.rehearsal.values import Path


class Act(StrEnum):
    """What becomes of a value."""

    ADD = "ADD"
    DELETE = "DELETE"
    UPDATE = "UPDATE"


@dataclass(frozen=True, kw_only=True)
class Change:
    """One value that differs."""

    path: Path
    act: Act


def changes(old: object, new: object, path: Path = ()) -> Iterator[Change]:
    """Yield every value that differs, as deep inside as it can be told; one that is not known yet differs."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _in_mappings(old, new, path)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _in_lists(old, new, path)
    elif old != new:
        yield Change(path=path, act=Act.UPDATE)


def forces_replacement(change: Change, replacing: frozenset[str]) -> bool:
    """Return whether the change is of one of the properties, dotted paths without indices, or inside one of them."""
    names = [part for part in change.path if isinstance(part, str)]
    return any(".".join(names[:length]) in replacing for length in range(1, len(names) + 1))


def _in_mappings(old: Mapping[str, object], new: Mapping[str, object], path: Path) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        here = (*path, name)
        if name not in new:
            yield from _leaves(old[name], here, Act.DELETE)
        elif name not in old:
            yield from _leaves(new[name], here, Act.ADD)
        else:
            yield from changes(old[name], new[name], here)


def _in_lists(old: list[object], new: list[object], path: Path) -> Iterator[Change]:
    for index in range(max(len(old), len(new))):
        here = (*path, index)
        if index >= len(new):
            yield from _leaves(old[index], here, Act.DELETE)
        elif index >= len(old):
            yield from _leaves(new[index], here, Act.ADD)
        else:
            yield from changes(old[index], new[index], here)


def _leaves(value: object, path: Path, act: Act) -> Iterator[Change]:
    """Yield one change per value inside: the property that forces a replacement may be deep in a block that comes."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            yield from _leaves(item, (*path, str(name)), act)
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _leaves(item, (*path, index), act)
    else:
        yield Change(path=path, act=act)
