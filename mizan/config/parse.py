"""From plain values to a StackConfig, or every fault at once."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from mizan.config.faults import ENCRYPTED, ConfigErrors, ConfigFault, Path, hidden, suggestion
from mizan.config.models import NOT_KEYS, StackConfig
from mizan.config.rules import faults_across
from mizan.keys import CONFIG_PREFIX
from mizan.prices import PriceBook, shipped

# No price, size or identity is as long. Python writes no number of more than 4300 digits, and so no message about it.
MOST_DIGITS = 18


def own_keys(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return this project's settings without their `mizan:` prefix; those of other programs are left out."""
    return {key.removeprefix(CONFIG_PREFIX): value for key, value in settings.items() if key.startswith(CONFIG_PREFIX)}


def parse(
    values: Mapping[str, Any], today: date, source: str = "stack", prices: PriceBook | None = None
) -> StackConfig:
    """Return the stack that plain values describe; every offer of it has a price.

    Shape and cross rules are both checked before anything is raised: the rules between parts judge every value
    of the right type, so a typing mistake does not hide a wrong reference beside it. Only whole numbers that nobody
    could reckon with are told alone.

    Args:
        values: the stack's own keys, as YAML or JSON gives them.
        today: the day that the age of prices is counted to; the Plan takes it over.
        source: what was read, for the message.
        prices: what offers cost; None is the shipped prices.

    Raises:
        ConfigErrors: with all faults, in the order of the values.
    """
    prices = shipped() if prices is None else prices
    # Pulumi hands on a key with nothing after it as empty text, and writes it so into the file.
    values = {key: None if value == "" else value for key, value in values.items()}
    overlong = list(_overlong(values))
    if overlong:
        raise ConfigErrors(source, sorted(overlong, key=lambda fault: _position(values, fault.path)))
    faults = [_unknown((key,), key, _keys(StackConfig)) for key in sorted(NOT_KEYS & values.keys())]
    across = faults_across(values, prices, today)
    told = {fault.path for fault in across}
    config = None
    try:
        config = StackConfig.model_validate({**values, "today": today, "prices": prices})
    except ValidationError as error:
        details = _causes(error.errors(include_url=False))
        # A rule that misses a value knows better than the model what belongs there.
        faults += [_fault(detail) for detail in details if detail["input"] is not None or detail["loc"] not in told]
    faults += across
    if faults or config is None:
        raise ConfigErrors(source, sorted(faults, key=lambda fault: _position(values, fault.path)))
    return config


def _overlong(values: Mapping[str, Any]) -> Iterator[ConfigFault]:
    """Yield a fault for each whole number of too many digits, wherever it stands."""
    waiting: list[tuple[Path, object]] = [((), values)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [((*path, name), each) for name, each in value.items()]
        elif isinstance(value, list | tuple):
            waiting += [((*path, index), each) for index, each in enumerate(value)]
        elif isinstance(value, int) and abs(value) >= 10**MOST_DIGITS:
            yield ConfigFault(
                path,
                value,
                needs=f"at most {MOST_DIGITS} digits",
                because="nothing that a stack counts or names is as long",
                fix="Write the number that is meant",
            )


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Return pydantic's findings without lists that are only too short because it does not count unsound entries."""
    paths = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short" or not any(path[:-1][: len(detail["loc"])] == detail["loc"] for path in paths)
    ]


def _position(values: object, path: Path) -> list[int]:
    """Return where a path stands in the values; what is missing stands behind its neighbours."""
    position, node = [], values
    for part in path:
        if isinstance(node, Mapping):
            position.append(list(node).index(part) if part in node else len(node))
            node = node.get(part)
        else:
            index = part if isinstance(part, int) else 0
            position.append(index)
            node = node[index] if isinstance(node, list | tuple) and index < len(node) else None
    return position


def _fault(detail: ErrorDetails) -> ConfigFault:
    """Return pydantic's finding in our words; reason and fix come from the field itself."""
    path, observed = detail["loc"], detail["input"]
    owner, field = _describe(path)
    told = _told(field)
    if detail["type"] == "extra_forbidden":
        return _unknown(path, str(path[-1]), _keys(owner))
    if observed is ENCRYPTED:
        return ConfigFault(
            path,
            observed,
            needs="plain text",
            because="what a stack says stands in names, logs and estimates, which hide nothing",
            fix="Set it anew without `--secret`",
        )
    if observed is None:
        is_optional = field is not None and not field.is_required() and isinstance(path[-1], str)
        fix = f"{told['fix']}, or remove the key" if is_optional and "leave it out" not in told["fix"] else told["fix"]
        return ConfigFault(path, "nothing", needs="a value", because=told["because"], fix=fix)
    if detail["type"] == "missing":
        observed = "nothing"
    elif "is_confidential" in told:
        observed = hidden(observed)
    return ConfigFault(path, observed, needs=_rule(detail, field), because=told["because"], fix=told["fix"])


def _keys(model: type[BaseModel]) -> set[str]:
    """Return the keys a person may write for a model."""
    return {field.alias or name for name, field in model.model_fields.items()} - NOT_KEYS


def _rule(detail: ErrorDetails, field: FieldInfo | None) -> str:
    context = detail.get("ctx", {})
    rules = {
        "missing": "a value",
        "string_pattern_mismatch": _told(field).get("needs", f"text that matches {context.get('pattern')}"),
        "string_too_long": f"at most {context.get('max_length')} characters",
        "string_too_short": "text that is not empty",
        "too_long": f"at most {context.get('max_length')} entries",
        "too_short": f"at least {context.get('min_length')} entry",
        "greater_than": f"more than {context.get('gt')}",
        "decimal_type": "a number",
        "decimal_parsing": "a number",
        "finite_number": "a number",
        "decimal_max_places": f"at most {context.get('decimal_places')} digits behind the point",
        "value_error": str(context.get("error")),
        "date_type": "a day such as 2027-06-30",
        "date_from_datetime_parsing": "a day such as 2027-06-30",
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "enum": str(context.get("expected")),
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "int_parsing_size": "a whole number",
        "int_from_float": "a whole number",
        "bool_type": "true or false",
        "string_type": "text",
        "string_unicode": "text",
        "tuple_type": "a list",
        "model_type": "a mapping of keys to values",
        "dict_type": f"a mapping of names to {_entries(field)}",
    }
    return rules.get(detail["type"], detail["msg"])


def _unknown(path: Path, word: str, known: set[str]) -> ConfigFault:
    return ConfigFault(
        path,
        "unknown key",
        needs="a known key",
        because="an ignored key would be a setting that silently does nothing",
        fix=suggestion(word, known),
    )


def _describe(path: Path) -> tuple[type[BaseModel], FieldInfo | None]:
    """Return the model that owns the last named part of a path, and the last field on the way there."""
    model: type[BaseModel] = StackConfig
    last = None
    for part in path:
        if isinstance(part, int):
            continue
        field = next((f for name, f in model.model_fields.items() if part in (name, f.alias)), None)
        if field is None:
            break
        last = field
        model = _model_in(field.annotation) or model
    return model, last


def _told(field: FieldInfo | None) -> dict[str, str]:
    """Return why a field is limited, and how to mend it."""
    if field is None or not isinstance(field.json_schema_extra, dict):
        return {"because": "a stack file has one shape", "fix": "Compare it with stacks/Pulumi.local.yaml"}
    return {name: str(text) for name, text in field.json_schema_extra.items()}


def _entries(field: FieldInfo | None) -> str:
    """Return what a field that is a mapping has by name."""
    annotation = None if field is None else field.annotation
    kinds = {kind for part in (annotation, *get_args(annotation)) for kind in get_args(part)}
    return "whole numbers" if int in kinds else "text"


def _model_in(annotation: object) -> type[BaseModel] | None:
    """Return the model inside `Model`, `Model | None` or `tuple[Model, ...]`."""
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            return candidate
    return None
