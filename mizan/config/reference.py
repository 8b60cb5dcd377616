"""The reference page of a stack file, from the models themselves: `python -m mizan.config.reference`."""

import sys
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo

from mizan.config.models import NOT_KEYS, StackConfig
from mizan.keys import CONFIG_PREFIX

_HEAD = """# The stack file

`stacks/Pulumi.<stack>.yaml`, section `config`; every key of the top level begins with `mizan:`.
This page is made from `mizan/config/models/` by `make docs`.

Every fault of a file is shown at once, with its line, the value seen, the rule, the reason and the fix;
`mizan render --stack S` is the quickest way to check one.
An unknown key is a fault: an ignored one would be a setting that silently does nothing. So is a key with nothing after
it: to leave an optional one out, remove it. An encrypted value is one too, as names, logs and estimates hide nothing.
"""

_WORDS: Mapping[object, str] = {
    str: "text",
    int: "whole number",
    Decimal: "number",
    bool: "true or false",
    date: "day such as 2027-06-30",
    datetime: "day, or moment such as 2027-06-30T06:00:00Z",
    Mapping[str, str]: "mapping of names to text",
    Mapping[str, int]: "mapping of names to whole numbers",
}


def reference() -> str:
    """Return the page: a table per model, each key with its type, its limits, its default and what it does."""
    return "\n".join([_HEAD, *_section(CONFIG_PREFIX, StackConfig, set())])


def _section(title: str, model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    seen.add(model)
    yield f"## `{title}`\n\n{(model.__doc__ or '').strip()}\n"
    yield "| key | type | limits | default | what it does |\n|---|---|---|---|---|"
    fields = {field.alias or name: field for name, field in model.model_fields.items() if name not in NOT_KEYS}
    for key, field in fields.items():
        yield f"| `{key}` | {_type(field.annotation)} | {_limits(field)} | {_default(field)} | {_description(field)} |"
    yield ""
    for key, field in fields.items():
        inner = _model(field.annotation)
        if inner and inner not in seen:
            dash = "[]" if get_origin(field.annotation) is tuple else ""
            joint = "" if title.endswith(":") else "."
            yield from _section(f"{title}{joint}{key}{dash}", inner, seen)


def _description(field: FieldInfo) -> str:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    return f"{field.description} Why: {extra.get('because', '')}."


def _limits(field: FieldInfo) -> str:
    """Return what the model checks beside the type, as a table's cell."""
    known = ("gt", "ge", "le", "min_length", "max_length", "decimal_places", "pattern")
    found: dict[str, Any] = {
        name: getattr(rule, name) for rule in field.metadata for name in known if hasattr(rule, name)
    }
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    told = []
    if found.get("pattern"):
        told.append(str(extra.get("needs") or _code(found["pattern"])))
    told += _range(found)
    is_list = get_origin(field.annotation) is tuple
    if "min_length" in found:
        told.append(f"at least {found['min_length']} entry" if is_list else "not empty")
    if "max_length" in found:
        told.append(f"at most {found['max_length']} {'entries' if is_list else 'characters'}")
    return ", ".join(told)


def _default(field: FieldInfo) -> str:
    """Return what holds where a key is left out, as a table's cell: as a file would write it, or in words."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "none"
    if isinstance(value, BaseModel) and not value.model_fields_set:
        return "each key's own"
    if isinstance(value, tuple) and value and isinstance(value[0], BaseModel):
        return ", ".join(_code(item.model_dump()["name"]) for item in value)
    return _code(_flow(TypeAdapter(Any).dump_python(value, mode="json", by_alias=True, exclude_unset=True)))


def _flow(value: object) -> str:
    """Return a value as YAML writes it on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _code(text: str) -> str:
    # A bar would end the cell, even inside code.
    return "`" + text.replace("|", r"\|") + "`"


def _range(found: Mapping[str, Any]) -> Iterator[str]:
    if "ge" in found and "le" in found:
        yield f"{found['ge']} to {found['le']}"
    elif "ge" in found:
        yield f"at least {found['ge']}"
    if "gt" in found:
        yield f"above {found['gt']}"
        if "le" in found:
            yield f"at most {found['le']}"
    if "decimal_places" in found:
        yield f"at most {found['decimal_places']} digits behind the point"


def _type(annotation: object) -> str:
    """Return a type in a person's words.

    Raises:
        TypeError: nobody has given it any yet; the page never shows Python's.
    """
    arguments = get_args(annotation)
    if get_origin(annotation) is Annotated:
        return _type(arguments[0])
    if get_origin(annotation) is tuple:
        return f"list of {_type(arguments[0])}"
    # `X | None` is the one or the other, by what X is.
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        return " or ".join(_type(argument) for argument in arguments if argument is not type(None))
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "mapping"
    if annotation not in _WORDS:
        raise TypeError(annotation)
    return _WORDS[annotation]


def _model(annotation: object) -> type[BaseModel] | None:
    found = (annotation, *get_args(annotation))
    return next((item for item in found if isinstance(item, type) and issubclass(item, BaseModel)), None)


if __name__ == "__main__":
    sys.stdout.write(reference())
