"""A stack file's YAML as a graph of nodes: what the constructed values no longer tell."""

import re
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import ConstructorError, DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from mizan.config.faults import ConfigFault, Path, cut, key
from mizan.keys import CONFIG_PREFIX

# Far above any stack, far below what aliases of aliases unfold to.
MOST_VALUES = 100_000

INTEGER = "tag:yaml.org,2002:int"
MERGE = "tag:yaml.org,2002:merge"
LEADING_ZERO = re.compile(r"([-+]?)(0[0-9_]+)")


class Unfit(MarkedYAMLError):
    """Legal YAML that no stack can be made of."""


class _Constructor(RoundTripConstructor):
    """ruamel's own, whose message on a key written twice quotes both values in full."""

    def check_mapping_key(self, node: Any, key_node: Any, mapping: Any, key: Any, value: Any) -> bool:  # noqa: ANN401, ARG002  # ruamel's signature
        if key in mapping:
            raise DuplicateKeyError(problem=f"found duplicate key {cut(str(key))}", problem_mark=key_node.start_mark)
        return True

    def construct_yaml_int(self, node: Any) -> Any:  # noqa: ANN401  # ruamel's signature
        try:
            return super().construct_yaml_int(node)
        # Python reads no number of more than 4300 digits.
        except ValueError as error:
            problem = f"found {cut(node.value)}, a number of too many digits"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from error

    def construct_yaml_timestamp(self, node: Any, values: Any = None) -> Any:  # noqa: ANN401  # ruamel's signature
        try:
            return super().construct_yaml_timestamp(node, values)
        except ValueError as error:
            problem = f"found {cut(node.value)}, which is no day: {error}"
            raise ConstructorError(problem=problem, problem_mark=node.start_mark) from error


_Constructor.add_constructor(INTEGER, _Constructor.construct_yaml_int)
_Constructor.add_constructor("tag:yaml.org,2002:timestamp", _Constructor.construct_yaml_timestamp)


def load(text: str) -> tuple[Any, list[tuple[ConfigFault, int]]]:
    """Return a text's document, and its numbers that two readers read two ways, each with its line.

    Raises:
        MarkedYAMLError: it is no YAML, or an own setting holds itself or unfolds without measure.
    """
    walk = _Walk()
    for name, value in _settings(YAML(typ="rt").compose(text)):
        walk.size(value, (name,))
    yaml = YAML(typ="rt")
    yaml.Constructor = _Constructor
    return yaml.load(text), walk.faults


class _Walk:
    """Every node below the own settings, once each however often it is named."""

    def __init__(self) -> None:
        self.faults: list[tuple[ConfigFault, int]] = []
        self._sizes: dict[int, int | None] = {}

    def size(self, node: Node, path: Path) -> int:
        """Return the number of values that a node unfolds to."""
        if id(node) not in self._sizes:
            self._sizes[id(node)] = None  # not known until everything below is
            children = _children(node)
            self._sizes[id(node)] = 1 + sum(self.size(child, (*path, part)) for part, child in children)
            self._look(node, path)
        size = self._sizes[id(node)]
        if size is None:
            raise Unfit(problem=f"{key(path)} holds itself by its anchor", problem_mark=node.start_mark)
        if size > MOST_VALUES:
            problem = f"{key(path)} unfolds to more than {MOST_VALUES:,} values by its aliases"
            raise Unfit(problem=problem, problem_mark=node.start_mark)
        return size

    def _look(self, node: Node, path: Path) -> None:
        if not isinstance(node, ScalarNode) or node.style or node.tag != INTEGER:
            return
        written = LEADING_ZERO.fullmatch(node.value)
        if written is None:
            return
        sign, digits = written[1].strip("+"), written[2].replace("_", "").lstrip("0") or "0"
        octal = f", or {sign}0o{cut(digits)}" if digits != "0" and not set(digits) & {"8", "9"} else ""
        fault = ConfigFault(
            path,
            node.value,
            needs="a number without a leading zero",
            because="YAML 1.2 counts it in tens and Pulumi in eights",
            fix=f"Write {sign}{cut(digits)}{octal}",
        )
        self.faults.append((fault, node.start_mark.line + 1))


def _children(node: Node) -> Iterator[tuple[str | int, Node]]:
    if isinstance(node, MappingNode):
        for name, value in node.value:
            # What comes by `<<: *other` is found where it stands; a key may be a list, which unfolds as well.
            part = name.value if isinstance(name, ScalarNode) else "a key"
            yield part, name
            yield part, value
    elif isinstance(node, SequenceNode):
        yield from enumerate(node.value)


def _settings(root: Node | None) -> Iterator[tuple[str, Node]]:
    """Yield the own settings of a document, without their prefix."""
    for name, section in _pairs(root, set()):
        if name == "config":
            for setting, value in _pairs(section, set()):
                if setting.startswith(CONFIG_PREFIX):
                    yield setting.removeprefix(CONFIG_PREFIX), value


def _pairs(node: Node | None, seen: set[int]) -> Iterator[tuple[str, Node]]:
    """Yield the keys of a mapping with their values, merged ones too, each mapping once."""
    if not isinstance(node, MappingNode) or id(node) in seen:
        return
    seen.add(id(node))
    for name, value in node.value:
        if name.tag == MERGE:
            for merged in value.value if isinstance(value, SequenceNode) else [value]:
                yield from _pairs(merged, seen)
        elif isinstance(name, ScalarNode):
            yield name.value, value
