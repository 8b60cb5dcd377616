"""A lenient look at the plain values of a stack."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from mizan.config.faults import Path


@dataclass(frozen=True)
class Part:
    """A value of a stack and its path.

    What is absent or has the wrong type reads as nothing: the models report it, and rules judge the rest.
    """

    path: Path
    value: object

    def __getitem__(self, key: str) -> "Part":
        """Return the part under a key of a mapping; the same one each time, as rules look at it again and again."""
        if key not in self._children:
            value = self.value.get(key) if isinstance(self.value, Mapping) else None
            self._children[key] = Part((*self.path, key), value)
        return self._children[key]

    @cached_property
    def _children(self) -> dict[str, "Part"]:
        return {}

    @cached_property
    def items(self) -> tuple["Part", ...]:
        """Return the parts of a list."""
        values = self.value if isinstance(self.value, list | tuple) else ()
        return tuple(Part((*self.path, index), value) for index, value in enumerate(values))

    @property
    def is_mapping(self) -> bool:
        """Return whether the value is a mapping of keys to values."""
        return isinstance(self.value, Mapping)

    def has(self, key: str) -> bool:
        """Return whether the value is a mapping in which a key is written, whatever its value."""
        return isinstance(self.value, Mapping) and key in self.value

    @property
    def text(self) -> str | None:
        """Return the value if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def number(self) -> int | None:
        """Return the value if it is a whole number."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @cached_property
    def names(self) -> frozenset[str] | None:
        """Return the `name` of every item of a list; None if one has none, as it may be the name looked for."""
        names = [item["name"].text for item in self.items]
        if not isinstance(self.value, list | tuple) or None in names:
            return None
        return frozenset(name for name in names if name is not None)

    def named(self, name: str | None) -> "Part":
        """Return the first item of a list that has a name."""
        return Part((), None) if name is None else self._by_name.get(name, Part((), None))

    @cached_property
    def _by_name(self) -> dict[str, "Part"]:
        found: dict[str, Part] = {}
        for item in self.items:
            name = item["name"].text
            if name is not None:
                found.setdefault(name, item)
        return found
