"""Whether properties fit what the SDK says: none unknown, none missing, none of another type."""

import difflib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from local.rehearsal.annotations import Properties, Type
from local.rehearsal.schema import Sdk
from local.rehearsal.values import UNKNOWN, Path, Values, dotted

_PYTHON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
    "map": (dict,),
    "object": (dict,),
}
_SHOWN_CHARACTERS = 60


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """One property that does not fit.

    Attributes:
        path: where.
        seen: what is there; the beginning of a sentence.
        needs: what must be there; its end.
    """

    path: Path
    seen: str
    needs: str


def misfits(sdk: Sdk, properties: Properties, values: Values) -> list[Misfit]:
    """Return everything in `values` that does not fit; what is not known yet fits."""
    return list(_in_object(sdk, properties, values, ()))


def decoded(properties: Properties, values: Values) -> Values:
    """Return a provider's settings with lists, objects, numbers and booleans as such: they arrive as JSON texts."""
    return {name: _decoded(properties, name, value) for name, value in values.items()}


def _decoded(properties: Properties, name: str, value: object) -> object:
    is_text = name in properties and properties[name].type.form == "string"
    if is_text or not isinstance(value, str) or value == UNKNOWN:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _in_object(sdk: Sdk, properties: Properties, values: Values, path: Path) -> Iterator[Misfit]:
    for name, value in values.items():
        if name in properties:
            yield from _in_value(sdk, properties[name].type, value, (*path, name))
        else:
            near = difflib.get_close_matches(name, properties, n=1)
            hint = f"`{near[0]}`, perhaps" if near else f"one of {', '.join(sorted(properties))}"
            yield Misfit(path=(*path, name), seen="no such property", needs=hint)
    for name, wanted in properties.items():
        if wanted.is_required and name not in values:
            yield Misfit(path=(*path, name), seen="missing", needs=_article(wanted.type))


def _in_value(sdk: Sdk, wanted: Type, value: object, path: Path) -> Iterator[Misfit]:
    if value == UNKNOWN or wanted.form == "any":
        return
    if wanted.form == "either":
        found = [list(_in_value(sdk, member, value, path)) for member in wanted.either]
        if all(found):
            yield Misfit(path=path, seen=_shown(value), needs=_article(wanted))
        return
    if not isinstance(value, _PYTHON[wanted.form]) or (isinstance(value, bool) and wanted.form != "boolean"):
        yield Misfit(path=path, seen=_shown(value), needs=_article(wanted))
        return
    yield from _inside(sdk, wanted, value, path)


def _inside(sdk: Sdk, wanted: Type, value: object, path: Path) -> Iterator[Misfit]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _in_value(sdk, wanted.item or wanted, item, (*path, index))
    elif isinstance(value, dict) and wanted.form == "map":
        for name, item in value.items():
            yield from _in_value(sdk, wanted.item or wanted, item, (*path, name))
    elif isinstance(value, dict):
        yield from _in_object(sdk, sdk.members(wanted.name), value, path)


def _article(wanted: Type) -> str:
    if wanted.form == "either":
        return " or ".join(_article(member) for member in wanted.either)
    article = "an" if wanted.form in {"integer", "object"} else "a"
    return f"{article} {wanted.form}"


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


def told(where: str, misfit: Misfit, sdk: Sdk) -> str:
    """Return one misfit as a person reads it."""
    return (
        f"{where} {dotted(misfit.path)}: {misfit.seen}; needs {misfit.needs} "
        f"because the classes of {sdk.module} {sdk.version} say so"
    )
