"""A stack's YAML file for the command line. Under Pulumi the same values come through stacks/load.py."""

import warnings
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml.comments import CommentedMap, CommentedSeq, TaggedScalar
from ruamel.yaml.error import MarkedYAMLError, YAMLError, YAMLWarning
from ruamel.yaml.scalarbool import ScalarBoolean

from mizan.config.faults import ConfigErrors, ConfigFault, cut
from mizan.config.faults import Path as KeyPath
from mizan.config.models import StackConfig
from mizan.config.parse import own_keys, parse
from mizan.config.price_file import chosen_prices
from mizan.config.yaml_file import Unfit, load
from mizan.errors import PlatformError
from mizan.keys import CONFIG_PREFIX
from mizan.prices import PriceBook, read_price_file


def stack_file(stack: str, project: Path) -> Path:
    """Return the file of a stack in a project.

    Raises:
        PlatformError: the project has no such stack; the stacks it has are named.
    """
    folder = project / "stacks"
    # A name is looked up, never joined to a path: it may be too long for a file, or lead out of the folder.
    try:
        found = [file for file in folder.glob("Pulumi.*.yaml") if file.is_file()]
    except OSError:
        found = []
    files = {file.name.removeprefix("Pulumi.").removesuffix(".yaml"): file for file in found}
    if stack not in files:
        raise PlatformError(
            f"stack {cut(stack)}",
            f"no file {folder}/Pulumi.{cut(stack)}.yaml",
            needs="one file per stack",
            because="a stack is what its file says",
            fix=f"Choose one of: {', '.join(sorted(files)) or 'none here; go to the project folder'}",
        )
    return files[stack]


def read_stack(path: Path, today: date) -> StackConfig:
    """Return the stack that a file describes.

    Raises:
        PlatformError: the file cannot be read, or is no YAML mapping with a `config` section.
        ConfigErrors: with every fault, each with its line.
        PriceFault: the stack's own price file is at fault.
    """
    return parse_stack(_read(path), str(path), today, lambda file: read_price_file(path.parent / file, today))


def parse_stack(text: str, source: str, today: date, own_prices: Callable[[str], PriceBook]) -> StackConfig:
    """Return the stack that a file's text describes, wherever it is kept.

    Args:
        text: YAML.
        source: where it is from, as messages name it.
        today: the day that the age of prices is counted to.
        own_prices: returns the prices of the file that the stack names.

    Raises:
        PlatformError: the text is no YAML mapping with a `config` section.
        ConfigErrors: with every fault, each with its line.
        PriceFault: the stack's own price file is at fault.
    """
    document, misread = _load(text, source)
    section = document.get("config") if isinstance(document, CommentedMap) else None
    if not isinstance(section, CommentedMap):
        raise PlatformError(
            source,
            "no `config` section",
            needs="`config:` with keys such as `mizan:cloud`",
            because="Pulumi keeps settings there",
            fix="Add it",
        )
    own = {name: value for name, value in section.items() if str(name).startswith(CONFIG_PREFIX)}
    try:
        values = own_keys(_plain(own, {}))
        config = parse(values, today, source=source, prices=chosen_prices(values, own_prices))
    except ConfigErrors as error:
        # Of two faults at one place the other one stays: it says what belongs there.
        places = {fault.path for fault in error.faults}
        told: list[tuple[ConfigFault, int | None]] = [
            *((fault, line) for fault, line in misread if fault.path not in places),
            *((fault, _line(section, fault.path)) for fault in error.faults),
        ]
        raise ConfigErrors(source, [fault for fault, _ in told], [line for _, line in told]) from None
    if misread:
        raise ConfigErrors(source, [fault for fault, _ in misread], [line for _, line in misread])
    return config


def located(path: Path, error: ConfigErrors) -> ConfigErrors:
    """Return faults that were found after a file was read, each with its line there."""
    return located_in(_read(path), str(path), error)


def located_in(text: str, source: str, error: ConfigErrors) -> ConfigErrors:
    """Return faults that were found after a text was read, each with its line there."""
    document, _ = _load(text, source)
    section = document.get("config") if isinstance(document, CommentedMap) else None
    lines = [_line(section, fault.path) if isinstance(section, CommentedMap) else None for fault in error.faults]
    return ConfigErrors(source, error.faults, lines)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PlatformError(
            str(path),
            str(error.strerror) if isinstance(error, OSError) else "not UTF-8",
            needs="a readable stack file",
            because="a stack is what its file says",
            fix="Choose a stack's YAML file, written as UTF-8 text",
        ) from error


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
    """Return a value without ruamel's own types, which remember how it was written; an alias is followed once."""
    if isinstance(value, Mapping | list):
        if id(value) not in known:
            known[id(value)] = (
                {str(key): _plain(item, known) for key, item in value.items()}
                if isinstance(value, Mapping)
                else [_plain(item, known) for item in value]
            )
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
            # ruamel keeps no places of the entries of a list with a tag.
            line = node.lc.item(name)[0] + 1 if name in (node.lc.data or ()) else line
        else:
            break
        node = node[name]
    return line
