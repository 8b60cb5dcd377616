"""A stack file's text: what its own settings say, and on which line each of them stands."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.scalarbool import ScalarBoolean

from mizan.config.faults import ENCRYPTED, ConfigFault, shown
from mizan.config.faults import Path as KeyPath
from mizan.config.yaml_file import Unfit, load
from mizan.errors import PlatformError
from mizan.keys import CONFIG_PREFIX

# What Pulumi writes in place of a value that it encrypts.
SECURE = "secure"


@dataclass(frozen=True, kw_only=True)
class Document:
    """A text that is YAML.

    Attributes:
        source: where it is from, as messages name it.
        root: all of it.
        misread: numbers that two readers read two ways, each with its line.
    """

    source: str
    root: object
    misread: tuple[tuple[ConfigFault, int], ...]

    @property
    def section(self) -> CommentedMap | None:
        """Return its `config`; None where it has none."""
        section = self.root.get("config") if isinstance(self.root, CommentedMap) else None
        return section if isinstance(section, CommentedMap) else None

    def values(self) -> dict[str, Any]:
        """Return its own settings with their prefix, without ruamel's types, which remember how they were written."""
        own = {name: value for name, value in (self.section or {}).items() if str(name).startswith(CONFIG_PREFIX)}
        known: dict[int, Any] = {}
        return {str(name): _plain(value, known) for name, value in own.items()}

    def line(self, path: KeyPath) -> int | None:
        """Return the line of the deepest part of a path that the text has, counted from 1."""
        node: Any = self.section
        line = None
        for index, part in enumerate(path):
            name = f"{CONFIG_PREFIX}{part}" if index == 0 else part
            if isinstance(node, CommentedMap) and name in node:
                # A key that comes by `<<: *other` stands elsewhere; its mapping's own line is the nearest.
                line = node.lc.key(name)[0] + 1 if name in (node.lc.data or ()) else line
            elif isinstance(node, CommentedSeq) and isinstance(name, int) and name < len(node):
                # ruamel keeps no places of the entries of a list with a tag.
                line = node.lc.item(name)[0] + 1 if name in (node.lc.data or ()) else line
            else:
                break
            node = node[name]
        return line


def read_text(path: Path) -> str:
    """Return a stack file's text.

    Raises:
        PlatformError: it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    # ValueError is what is no UTF-8, or a name that no file can have.
    except (OSError, ValueError) as error:
        raise PlatformError(
            str(path),
            str(error.strerror) if isinstance(error, OSError) else "not UTF-8",
            needs="a readable stack file",
            because="a stack is what its file says",
            fix="Choose a stack's YAML file, written as UTF-8 text",
        ) from error


def document_of(text: str, source: str) -> Document:
    """Return what a text says, with the place of every key.

    Raises:
        PlatformError: it is no YAML.
    """
    root, misread = _load(text, source)
    return Document(source=source, root=root, misread=tuple(misread))


def _load(text: str, source: str) -> tuple[object, list[tuple[ConfigFault, int]]]:
    """Return the YAML with the place of every key, and the faults that its values no longer show."""
    try:
        # An anchor used twice is legal YAML, of which ruamel only warns; Pulumi does not mind it either.
        with warnings.catch_warnings(action="ignore", category=YAMLWarning):
            return load(text)
    except Unfit as error:
        raise PlatformError(
            f"{source}:{error.problem_mark.line + 1}",
            str(error.problem),
            needs="settings that end",
            because="each is read to its last value",
            fix="Write the values out",
        ) from error
    # ruamel lets Python's own errors through: `2024-99-99` is a ValueError, a thousand brackets a RecursionError.
    # A list of lists as a key is a TypeError.
    except (YAMLError, ValueError, TypeError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        observed: object = error.problem if isinstance(error, MarkedYAMLError) else error
        raise PlatformError(
            f"{source}:{mark.line + 1}" if mark else source,
            " ".join(str(observed).split()),
            needs="YAML",
            because="Pulumi reads the same file",
            fix="Correct this line" if mark else "Correct it",
        ) from error


def _plain(value: Any, known: dict[int, Any]) -> Any:  # noqa: ANN401  # YAML's own recursive type
    """Return a value without ruamel's own types; an alias is followed once."""
    if isinstance(value, Mapping | list):
        if id(value) not in known:
            known[id(value)] = _plain_parts(value, known)
        return known[id(value)]
    if isinstance(value, TaggedScalar):
        return str(value.value)
    # A boolean with an anchor is an int to Python.
    if isinstance(value, bool | ScalarBoolean):
        return bool(value)
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    return value


def _plain_parts(value: Mapping[Any, Any] | list[Any], known: dict[int, Any]) -> Any:  # noqa: ANN401  # as above
    if isinstance(value, list):
        return [_plain(item, known) for item in value]
    if set(value) == {SECURE} and isinstance(value[SECURE], str):
        return ENCRYPTED
    # Python writes no number of more than 4300 digits, which a key may be.
    return {shown(key) if isinstance(key, int) else str(key): _plain(item, known) for key, item in value.items()}
