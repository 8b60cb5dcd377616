"""Samples in Prometheus' text format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/, read 2026-11-23.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SIMULATED = "(simulated)"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One value with its labels; an empty label is none."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, kw_only=True)
class Family:
    """All samples of one name."""

    name: str
    type: str
    help: str
    samples: tuple[Sample, ...]


def text_of(families: Iterable[Family]) -> str:
    """Return families as text; every HELP says that its values are simulated."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family: Family) -> Iterator[str]:
    yield f"# HELP {family.name} {_escaped(f'{family.help} {SIMULATED}', quotes=False)}\n"
    yield f"# TYPE {family.name} {family.type}\n"
    for sample in family.samples:
        labels = ",".join(f'{name}="{_escaped(value)}"' for name, value in sample.labels.items() if value)
        yield f"{family.name}{{{labels}}} {_number(sample.value)}\n"


def _escaped(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("\n", "\\n")
    return text.replace('"', '\\"') if quotes else text


def _number(value: float) -> str:
    """Return a number with all its digits."""
    return str(int(value)) if value == int(value) else repr(float(value))
