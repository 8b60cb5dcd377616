"""What a mocked resource was given, judged by the pinned SDK's own classes: known, complete, and of the right type."""

import importlib
import json
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pulumi import _types

from tests.mocks import Registered

PROVIDERS = "pulumi:providers:"


def is_of(registered: Registered, package: str) -> bool:
    """Whether a resource is one of a cloud, or the provider of that cloud."""
    return registered.typ.startswith(f"{package}:") or registered.typ == f"{PROVIDERS}{package}"


def faults(registered: Registered) -> list[str]:
    """What the SDK does not know of a resource's properties, what it misses, and what is of another type."""
    inputs = dict(registered.inputs)
    if registered.typ.startswith(PROVIDERS):
        # Pulumi hands a provider its settings as text.
        inputs = {name: _from_text(value) for name, value in inputs.items()}
    return [
        f"{registered.typ} {registered.name}: {fault}" for fault in _of_class(inputs, args_class(registered.typ), "")
    ]


def args_class(typ: str) -> type:
    """The class of a resource's arguments by its type: `aws:eks/cluster:Cluster` is pulumi_aws.eks.ClusterArgs."""
    if typ.startswith(PROVIDERS):
        module = importlib.import_module(f"pulumi_{typ.removeprefix(PROVIDERS)}")
        return module.ProviderArgs
    package, path, name = typ.split(":")
    module = importlib.import_module(f"pulumi_{package}.{path.split('/')[0]}")
    # Where a property of another resource has the name of this one, the SDK calls that one's arguments so.
    return getattr(module, f"{name}InitArgs", None) or getattr(module, f"{name}Args")


def _from_text(value: Any) -> Any:
    try:
        return json.loads(value)
    except (TypeError, ValueError):
        return value


def _of_class(values: Mapping[str, Any], cls: type, path: str) -> Iterator[str]:
    known = _types.input_type_types(cls)
    for name in sorted(_types._required_property_names(cls) - set(values)):
        yield f"{path}{name} is missing"
    for name, value in values.items():
        if name not in known:
            yield f"{path}{name} is no property of {cls.__name__}"
        else:
            yield from _of_type(value, known[name], f"{path}{name}")


def _of_type(value: Any, expected: Any, path: str) -> Iterator[str]:
    expected = _types.unwrap_type(expected)
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, UnionType):
        if all(list(_of_type(value, choice, path)) for choice in arguments):
            yield f"{path} is {value!r}, not {expected}"
    elif origin and issubclass(origin, Mapping):
        yield from _of_mapping(value, arguments, path)
    elif origin and issubclass(origin, Sequence):
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from _of_type(item, arguments[0], f"{path}[{index}]")
        else:
            yield f"{path} is {value!r}, not a list"
    elif isinstance(expected, type) and _types.is_input_type(expected):
        if isinstance(value, Mapping):
            yield from _of_class(value, expected, f"{path}.")
        else:
            yield f"{path} is {value!r}, not {expected.__name__}"
    elif not _is_plain(value, expected):
        yield f"{path} is {value!r}, not {expected}"


def _of_mapping(value: Any, arguments: Sequence[Any], path: str) -> Iterator[str]:
    if not isinstance(value, Mapping):
        yield f"{path} is {value!r}, not a mapping"
        return
    for key, item in value.items():
        yield from _of_type(item, arguments[1], f"{path}.{key}")


def _is_plain(value: Any, expected: Any) -> bool:
    if expected is Any:
        return True
    if isinstance(value, bool) or expected is bool:
        return isinstance(value, bool) and expected is bool
    # Numbers come over the wire as floats.
    if expected is int:
        return isinstance(value, int | float) and value == int(value)
    return isinstance(value, (int, float) if expected is float else expected)
