"""Faults of a stack file: each with its path, the value seen, the rule, the reason and the fix."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from typing import Final

from mizan.errors import PlatformError
from mizan.keys import CONFIG_PREFIX

Path = tuple[str | int, ...]


class Encrypted:
    """A value that Pulumi keeps encrypted; its text is never read, so no message can show it."""

    def __str__(self) -> str:
        """Return what a message says in its place."""
        return "an encrypted value"


ENCRYPTED: Final = Encrypted()


class Hidden:
    """A value that may be a secret, or hold one, in place of its name; a message says only what it is like."""

    def __init__(self, told: str) -> None:
        """Keep what is told of it."""
        self._told = told

    def __str__(self) -> str:
        """Return what a message says in its place."""
        return self._told


def hidden(value: object) -> object:
    """Return what a message says of a value that may be a secret; numbers and nothing are none."""
    if isinstance(value, str) and value:
        return Hidden(f"text of {len(value)} characters")
    if isinstance(value, Mapping | list | tuple):
        return Hidden("a mapping" if isinstance(value, Mapping) else "a list")
    return value


# User and password of an address, which itself has a scheme; and its query.
_USER = re.compile(r"(\w://)[^\s\"]*@")
_QUERY = re.compile(r"(\w://[^\s\"?]*)\?[^\s\"]*")

# Characters of a value that a message shows; enough to find it in the file.
SHOWN_LENGTH = 80


class ConfigFault(PlatformError):
    """One fault at one path of a stack file."""

    def __init__(self, path: Path, observed: object, *, needs: str, because: str, fix: str) -> None:
        """Keep the path, so that a reader of the file can add its line."""
        self.path = path
        super().__init__(key(path), shown(observed), needs=needs, because=because, fix=fix)


class ConfigErrors(PlatformError):
    """Every fault of one stack, found in one pass."""

    def __init__(self, source: str, faults: Sequence[ConfigFault], places: Sequence[str | None] = ()) -> None:
        """Join the faults into one message.

        Args:
            source: the stack or file that was read.
            faults: at least one.
            places: where each fault stands, such as `line 7`, where known.
        """
        self.source, self.faults = source, tuple(faults)
        padded = list(places) or [None] * len(faults)
        told = [f"  {f'{place}: ' if place else ''}{fault}" for fault, place in zip(faults, padded, strict=True)]
        count = "1 fault" if len(faults) == 1 else f"{len(faults)} faults"
        Exception.__init__(self, "\n".join([f"{source}: {count}", *told]))


def key(path: Path) -> str:
    """Return a path as a person would type it: `mizan:pools[0].maxNodes`."""
    text = CONFIG_PREFIX
    for index, part in enumerate(path):
        text += f"[{part}]" if isinstance(part, int) else f"{'.' if index else ''}{shown(part)}"
    return text


def shown(value: object) -> str:
    """Return a value as a message shows it: text as it is, anything else as JSON, which is how YAML writes it too.

    Text that would read as something else (`"2"`, `"true"`, line breaks, nothing) is quoted; what is long is cut. A
    date, which YAML knows and JSON does not, is shown without quotes, as it stands in the file. User, password and
    query of an address are left out: messages stand in logs, and a preview's with Pulumi.
    """
    text = str(value) if isinstance(value, date | Encrypted | Hidden) else _json(value)
    if isinstance(value, str) and value.isprintable() and not _is_json(value):
        text = value or text
    return cut(_QUERY.sub(r"\1?...", _USER.sub(r"\1...@", text)))


def cut(text: str) -> str:
    """Return as much of a text as a message shows."""
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}..."


def _json(value: object) -> str:
    try:
        return json.dumps(value, default=str)
    # Python writes no number of more than 4300 digits in tens.
    except ValueError:
        return hex(value) if isinstance(value, int) else "too long to show"


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def suggestion(word: str, known: Iterable[str]) -> str:
    """Return `did you mean` with the nearest known word, or the list of all of them."""
    words = sorted(known)
    near = get_close_matches(word, words, n=1)
    return f"Did you mean `{shown(near[0])}`?" if near else f"Known: {', '.join(map(shown, words)) or 'none'}"
