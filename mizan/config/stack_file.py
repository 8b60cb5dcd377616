"""A stack's YAML file for the command line. Under Pulumi the same values come through stacks/load.py."""

import warnings
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.scalarbool import ScalarBoolean

from mizan.config.faults import ConfigErrors
from mizan.config.faults import Path as KeyPath
from mizan.config.models import StackConfig
from mizan.config.parse import own_keys, parse
from mizan.errors import PlatformError
from mizan.keys import CONFIG_PREFIX


def stack_file(stack: str, project: Path) -> Path:
    """Return the file of a stack in a project.

    Raises:
        PlatformError: the project has no such stack; the stacks it has are named.
    """
    path = project / "stacks" / f"Pulumi.{stack}.yaml"
    if not path.is_file():
        known = sorted(
            file.name.removeprefix("Pulumi.").removesuffix(".yaml") for file in path.parent.glob("Pulumi.*.yaml")
        )
        raise PlatformError(
            f"stack {stack}",
            f"no file {path}",
            needs="one file per stack",
            because="a stack is what its file says",
            fix=f"Choose one of: {', '.join(known) or 'none here; go to the project folder'}",
        )
    return path


def read_stack(path: Path, today: date) -> StackConfig:
    """Return the stack that a file describes.

    Raises:
        PlatformError: the file cannot be read, or is no YAML mapping with a `config` section.
        ConfigErrors: with every fault, each with its line.
    """
    document, values = _read(path)
    section = document.get("config") if isinstance(document, CommentedMap) else None
    if not isinstance(section, CommentedMap):
        raise PlatformError(
            str(path),
            "no `config` section",
            needs="`config:` with keys such as `mizan:cloud`",
            because="Pulumi keeps settings there",
            fix="Add it",
        )
    try:
        return parse(own_keys(values["config"]), today, source=str(path))
    except ConfigErrors as error:
        raise ConfigErrors(error.source, error.faults, [_line(section, fault.path) for fault in error.faults]) from None


def _read(path: Path) -> tuple[object, Any]:
    """Return a file's YAML twice: with the place of every key, and as plain values."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlatformError(
            str(path),
            str(error.strerror) if isinstance(error, OSError) else "not UTF-8",
            needs="a readable stack file",
            because="a stack is what its file says",
            fix="Choose a stack's YAML file, written as UTF-8 text",
        ) from error
    try:
        # An anchor used twice is legal YAML, of which ruamel only warns; Pulumi does not mind it either.
        with warnings.catch_warnings(action="ignore", category=YAMLWarning):
            document = YAML(typ="rt").load(text)
        return document, _plain(document)
    # ruamel lets Python's own errors through: `2024-99-99` is a ValueError, a thousand brackets a RecursionError.
    except (YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
        observed: object = error.problem if isinstance(error, MarkedYAMLError) else error
        raise PlatformError(
            f"{path}:{mark.line + 1}" if mark else str(path),
            " ".join(str(observed).split()),
            needs="YAML",
            because="Pulumi reads the same file",
            fix="Correct this line" if mark else "Correct it",
        ) from error


def _plain(value: Any) -> Any:  # noqa: ANN401  # YAML's own recursive type
    """Return a value without ruamel's own types, which remember how it was written."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, TaggedScalar):
        return str(value.value)
    # A boolean with an anchor is an int to Python.
    if isinstance(value, bool | ScalarBoolean):
        return bool(value)
    for plain in (int, float, str):
        if isinstance(value, plain):
            return plain(value)
    return value


def _line(section: CommentedMap, path: KeyPath) -> int | None:
    """Return the line of the deepest part of a path that the file has, counted from 1."""
    node: Any = section
    line = None
    for index, part in enumerate(path):
        name = f"{CONFIG_PREFIX}{part}" if index == 0 else part
        if isinstance(node, CommentedMap) and name in node:
            # A key that comes by `<<: *other` stands elsewhere; its mapping's own line is the nearest.
            line = node.lc.key(name)[0] + 1 if name in (node.lc.data or ()) else line
        elif isinstance(node, CommentedSeq) and isinstance(name, int) and name < len(node):
            line = node.lc.item(name)[0] + 1
        else:
            break
        node = node[name]
    return line
