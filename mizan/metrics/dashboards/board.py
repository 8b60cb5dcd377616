"""What a dashboard is made of, before anything of Grafana: questions, panels that show their answers, and boards."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypedDict, Unpack


class Kind(StrEnum):
    """How a panel shows its answers: one number, lines over time, bars of one moment, or a table of one moment."""

    NUMBER = "stat"
    LINES = "timeseries"
    BARS = "bargauge"
    TABLE = "table"


class Unit(StrEnum):
    """Grafana's names of units.

    Source: https://github.com/grafana/grafana/blob/v12.2.0/packages/grafana-data/src/valueFormats/categories.ts, read
    2026-11-23.
    """

    USD = "currencyUSD"
    RATIO = "percentunit"
    CELSIUS = "celsius"
    SECONDS = "s"
    HOURS = "h"
    WATT = "watt"
    COUNT = "short"
    PLAIN = "none"


class Colour(StrEnum):
    """Whether something is to be done."""

    GOOD = "green"
    LOOK = "orange"
    ACT = "red"


@dataclass(frozen=True, kw_only=True)
class Step:
    """From which value on a colour is shown."""

    value: float
    colour: Colour


@dataclass(frozen=True, kw_only=True)
class Question:
    """An expression whose answers a panel shows.

    Attributes:
        expr: with the variables of the board.
        legend: of each answer, in Grafana's templates; in a table, the heading of its value.
        is_limit: drawn as a dashed line that the others should stay below.
        unit: of its values in a table, where it is not the panel's.
    """

    expr: str
    legend: str
    is_limit: bool = False
    unit: Unit | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A part of a board.

    Attributes:
        text: what is shown, and what to do about it.
        columns: of a table, the heading of each label that it shows, in order.
        steps: colours from a value on; below the first it is `base`.
        is_stacked: whether lines add up.
        has_step_lines: whether the steps are drawn as lines.
        since: from when on it looks, whatever the board shows: `now/d` is today.
        most: the value that fills a bar; None is the largest shown.
        width: of 24.
    """

    title: str
    text: str
    kind: Kind
    unit: Unit
    questions: tuple[Question, ...]
    columns: tuple[tuple[str, str], ...] = ()
    base: Colour = Colour.GOOD
    steps: tuple[Step, ...] = ()
    is_stacked: bool = False
    has_step_lines: bool = False
    since: str | None = None
    most: float | None = None
    width: int = 12
    height: int = 8


@dataclass(frozen=True, kw_only=True)
class Section:
    """Panels below a heading."""

    title: str
    panels: tuple[Panel, ...]


@dataclass(frozen=True, kw_only=True)
class Variable:
    """Something that a reader chooses: values of a label, some or all of them.

    Attributes:
        name: as expressions have it, behind `$`.
        series: selector of those whose values are offered.
    """

    name: str
    title: str
    series: str
    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Board:
    """A dashboard.

    Attributes:
        uid: by which links find it; it never changes.
        variables: beside those that every board has.
    """

    uid: str
    title: str
    text: str
    sections: tuple[Section, ...]
    variables: tuple[Variable, ...] = ()

    @property
    def panels(self) -> tuple[Panel, ...]:
        """Return all panels."""
        return tuple(panel for section in self.sections for panel in section.panels)

    @property
    def exprs(self) -> tuple[str, ...]:
        """Return the expressions of all panels."""
        return tuple(question.expr for panel in self.panels for question in panel.questions)


class Look(TypedDict, total=False):
    """What may be said of a number beside what it is."""

    base: Colour
    steps: tuple[Step, ...]
    since: str


def number(
    title: str, expr: str, *, unit: Unit, width: int, text: str, legend: str = "", **look: Unpack[Look]
) -> Panel:
    """Return a panel of one number.

    Args:
        title: of the panel.
        expr: with one answer, or one for each cluster.
        unit: of the number.
        width: of 24.
        text: what is shown, and what to do about it.
        legend: of each answer, where there may be several.
        look: of the panel.
    """
    questions = (Question(expr=expr, legend=legend or title),)
    return Panel(
        title=title, text=text, kind=Kind.NUMBER, unit=unit, questions=questions, width=width, height=4, **look
    )
