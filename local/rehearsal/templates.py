"""Texts with `{names}` in them, from which a simulated cloud makes ids, addresses and whatever else it adds.

`{name}` is the value of that name; alone, it keeps its type. `{name:last}` is what follows the last slash. `{seed}` is
the one thing that differs between two resources alike: `{seed:hex17}`, `{seed:HEX17}`, `{seed:digits21}`,
`{seed:byte}` (1 to 254) and `{seed:uuid}` are made of it.
"""

import hashlib
import re
import uuid
from collections.abc import Mapping
from typing import Any

from local.rehearsal.kinds import Names, Template

_WORD = re.compile(r"\{(\w+)(?::(\w+))?\}")
_SPEC = re.compile(r"(hex|HEX|digits)(\d+)")


def rendered(template: Template, names: Names) -> Any:  # noqa: ANN401 - whatever the template holds
    """Return the template with every name replaced; None where a name has no value."""
    if callable(template):
        return template(names)
    if isinstance(template, Mapping):
        return {name: value for name, item in template.items() if (value := rendered(item, names)) is not None}
    if isinstance(template, list):
        return [value for item in template if (value := rendered(item, names)) is not None]
    return _text(template, names) if isinstance(template, str) else template


def seed_of(text: str) -> str:
    """Return 64 hexadecimal digits that always follow from the text."""
    return hashlib.sha256(text.encode()).hexdigest()


def _text(template: str, names: Names) -> Any:  # noqa: ANN401 - whatever a single name holds
    if any(word[1] not in names for word in _WORD.finditer(template)):
        return None
    if whole := _WORD.fullmatch(template):
        return _value(whole, names)
    return _WORD.sub(lambda word: str(_value(word, names)), template)


def _value(word: re.Match[str], names: Names) -> Any:  # noqa: ANN401 - whatever the name holds
    value, spec = names[word[1]], word[2]
    if spec is None:
        return value
    return str(value).rpartition("/")[2] if spec == "last" else _of_seed(str(value), spec)


def _of_seed(seed: str, spec: str) -> str:
    if spec == "uuid":
        return str(uuid.UUID(seed[:32]))
    if spec == "byte":
        return str(int(seed[:8], 16) % 254 + 1)
    found = _SPEC.fullmatch(spec)
    if found is None:
        msg = f"no way to write a seed: {spec}"
        raise ValueError(msg)
    form, length = found[1], int(found[2])
    digits = str(int(seed, 16)) if form == "digits" else seed
    return digits[:length].upper() if form == "HEX" else digits[:length]
