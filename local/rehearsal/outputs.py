"""What a simulated cloud gives back for a resource: its id, its inputs, and everything it adds."""

from collections.abc import Mapping
from typing import Any

from local.rehearsal.annotations import Properties
from local.rehearsal.clouds import Cloud
from local.rehearsal.kinds import Kind, Names, Template
from local.rehearsal.naming import PREFIX
from local.rehearsal.templates import rendered
from local.rehearsal.values import UNKNOWN, Values, merged

_SUFFIX_LENGTH = 12
# An output that the SDK promises and that no kind describes. A text is a word that nobody takes for the real thing.
_NOTHINGS: Mapping[str, Any] = {"integer": 0, "number": 0, "boolean": False, "list": [], "map": {}, "object": {}}


def completed(kind: Kind, inputs: Values, settings: Values, names: Names) -> Values:
    """Return the inputs with what the provider and the cloud give where nobody else does."""
    from_provider = {name: settings[name] for name in kind.settings if name in settings}
    by_default = {name: rendered(template, names) for name, template in kind.defaults.items()}
    return {**by_default, **_after_its_prefix(kind, inputs, names["seed"]), **from_provider, **inputs}


def identity_of(kind: Kind, names: Names) -> str | None:
    """Return the id of a resource; None where an input that belongs to it is missing."""
    found: str | None = rendered(kind.identity, names)
    return found


def outputs(cloud: Cloud, kind: Kind, declared: Properties, inputs: Values, names: Names) -> Values:
    """Return every output of a resource.

    Args:
        cloud: what it is in.
        kind: what it is.
        declared: what the SDK promises of it.
        inputs: complete.
        names: what templates may name, `id` among them.
    """
    added: Values = {}
    for name, template in kind.outputs.items():
        value = rendered(template, {**names, **added})
        if value is not None:
            added[name] = value
    known = merged({**added, **cloud.marks(inputs, declared, dict(names["settings"]))}, inputs)
    return filled(declared, known)


def planned(kind: Kind, declared: Properties, inputs: Values) -> Values:
    """Return the outputs that a preview shows of a new resource: what the cloud will add is not known yet."""
    unknown = {name: UNKNOWN for name, item in declared.items() if item.is_required and name not in inputs}
    added = {name: _unknown(template) for name, template in kind.outputs.items()}
    return merged({**unknown, **added}, inputs)


def readable(kind: Kind, values: Values) -> Values:
    """Return the inputs or outputs of a resource as a provider that has not made it reads them from the cloud."""
    known = {name: value for name, value in values.items() if name not in kind.untold}
    taken_for = {name: value for name, value in kind.untold.items() if name in values and value is not None}
    return {**known, **taken_for}


def _after_its_prefix(kind: Kind, inputs: Values, seed: str) -> Values:
    """Return the name that the cloud completes where the program gives only its beginning."""
    prefix = inputs.get(f"{kind.named.property}{PREFIX}") if kind.named else None
    return {kind.named.property: f"{prefix}{seed[:_SUFFIX_LENGTH]}"} if kind.named and prefix else {}


def _unknown(template: Template) -> Any:  # noqa: ANN401 - a text, or a mapping of them
    if isinstance(template, Mapping):
        return {name: _unknown(item) for name, item in template.items()}
    return UNKNOWN


def filled(declared: Properties, known: Values) -> Values:
    """Return the values, with something in the place of each that the SDK promises and nobody gives."""
    nothings = {
        name: _NOTHINGS.get(item.type.form, f"simulated-{name}")
        for name, item in declared.items()
        if item.is_required and name not in known
    }
    return {**nothings, **known}
