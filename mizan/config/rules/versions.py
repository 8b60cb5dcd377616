"""Versions of charts: the values that are written for one hold for some of them only."""

import re
from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.part import Part


def supported(version: Part, between: tuple[str, str]) -> Iterator[ConfigFault]:
    """Yield a fault where a version is not from the first of two to below the second."""
    first, below = between
    number = _number(version.text)
    if number is not None and not (_number(first) or ()) <= number < (_number(below) or ()):
        yield ConfigFault(
            version.path,
            version.text,
            needs=f"{first} or newer, below {below}",
            because="settings of its chart come and go from one release to the next, and Helm passes over those that "
            "it does not know",
            fix=f"Write `{first}`, or leave it out",
        )


def _number(version: str | None) -> tuple[int, ...] | None:
    """Return a version as three numbers, None where it is none."""
    found = re.fullmatch(r"v?([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,4})", version or "")
    return tuple(map(int, found.groups())) if found else None
