"""Property values between the wire and Python: plain dictionaries, lists, texts, numbers and what is not known yet."""

from collections.abc import Iterator, Mapping
from typing import Any

from google.protobuf import json_format  # type: ignore[import-untyped]
from google.protobuf.struct_pb2 import Struct  # type: ignore[import-untyped]

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""Stands for a value that only an update will know; source: UNKNOWN in pulumi 3.272, pulumi/runtime/rpc.py."""
DEFAULTS = "__defaults"
"""Among a resource's inputs, the names of those that the provider and not the program gave; source: reservedkeys in
pulumi/pulumi-terraform-bridge@59de6c66."""

Values = dict[str, Any]
Path = tuple[str | int, ...]


def from_wire(properties: Struct) -> Values:
    """Return the properties of a message without its nulls; a whole number is an int."""
    values: Values = _tidy(json_format.MessageToDict(properties))
    return values


def to_wire(values: Mapping[str, Any]) -> Struct:
    """Return the values as a message."""
    return json_format.ParseDict(dict(values), Struct())


def is_unknown(value: object) -> bool:
    """Return whether the value, or any part of it, is not known yet."""
    if isinstance(value, dict):
        return any(is_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(is_unknown(item) for item in value)
    return value == UNKNOWN


def given(inputs: Mapping[str, Any]) -> Values:
    """Return the inputs without the note of which were given by default."""
    return {name: value for name, value in inputs.items() if name != DEFAULTS}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> Values:
    """Return both together; where both have a value, that of `over` counts, inside objects as well."""
    both = dict(base)
    for name, value in over.items():
        below = both.get(name)
        both[name] = merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return both


def at(values: object, path: str) -> Iterator[Any]:
    """Yield every value at a dotted path, `vpcConfig.subnetIds`; lists on the way and at its end are gone through."""
    if isinstance(values, list):
        for item in values:
            yield from at(item, path)
    elif not path:
        yield values
    elif isinstance(values, dict):
        name, _, rest = path.partition(".")
        if name in values:
            yield from at(values[name], rest)


def dotted(path: Path) -> str:
    """Return a path as Pulumi writes it: `nodeConfig.taints[0].key`, `tags["a.b"]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif part.isidentifier():
            text += f".{part}" if text else part
        else:
            quoted = part.replace('"', '\\"')
            text += f'["{quoted}"]'
    return text


def _tidy(value: Any) -> Any:  # noqa: ANN401 - whatever JSON holds
    if isinstance(value, dict):
        return {name: _tidy(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
