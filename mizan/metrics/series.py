"""What a series of ours is: one record that its rules, its page and its readers share."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What Prometheus takes a series for."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, kw_only=True)
class Series:
    """A series that recording rules write; each has label CLUSTER beside its own.

    Attributes:
        labels: it may have, without CLUSTER; an empty one is left out, as Prometheus knows no empty labels.
        unit: of its values, in words.
        meaning: in one line.
        formula: in words and names of series.
    """

    name: str
    labels: tuple[str, ...]
    unit: str
    meaning: str
    formula: str
    kind: Kind = Kind.GAUGE
