"""What `make open` asks Prometheus: dollars, whose they are, and what they buy. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from urllib.parse import urlencode

from mizan.capacity import CapacityType
from mizan.metrics import names
from mizan.metrics.selector import Source, equals

NO_TEAM = "no team"


class Unit(StrEnum):
    """What an answer is counted in."""

    USD_PER_HOUR = "USD per hour"
    USD = "USD"
    PERCENT = "%"
    NOTHING = ""


@dataclass(frozen=True, kw_only=True)
class Question:
    """One query.

    Attributes:
        title: what it asks, in words.
        query: in PromQL.
        whose: the labels that tell its answers apart, those that say most first.
        unit: of its answers; of a ratio, percent.
        nothing: what it means that there is no answer.
    """

    title: str
    query: str
    unit: Unit
    nothing: str
    whose: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One series of Prometheus' answer."""

    labels: Mapping[str, str]
    value: Decimal


@dataclass(frozen=True, kw_only=True)
class AnswerRow:
    """One line of the table.

    Attributes:
        whose: in words; empty where the answer is of everything.
        answer: with its unit.
    """

    title: str
    whose: str
    answer: str


def questions(source: Source) -> tuple[Question, ...]:
    """Return what is asked, in the order in which it is shown."""
    own = source.own
    idle = f"sum by ({names.REASON}, team, namespace) ({own(names.IDLE_COST)}) > 0"
    on_spot = equals("capacity_type", CapacityType.SPOT.value)
    return (
        Question(
            title="Price of all GPU nodes",
            query=f"sum({own(names.NODE_PRICE)})",
            unit=Unit.USD_PER_HOUR,
            nothing="no GPU node",
        ),
        Question(
            title="Cost by team",
            query=f"sum by (team) ({own(names.COST)})",
            unit=Unit.USD_PER_HOUR,
            nothing="no pod has a GPU",
            whose=("team",),
        ),
        Question(
            title="Month to date by team",
            query=f"sum by (team) ({own(names.TEAM_MONTH)})",
            unit=Unit.USD,
            nothing="no pod has had a GPU this month",
            whose=("team",),
        ),
        Question(
            title="Idle, and whose",
            query=idle,
            unit=Unit.USD_PER_HOUR,
            nothing="none that is known",
            whose=(names.REASON, "team", "namespace"),
        ),
        Question(
            title="Useful dollars of those paid",
            query=own(names.EFFICIENCY),
            unit=Unit.PERCENT,
            nothing="unknown: no GPU is paid for, or nobody measures them",
        ),
        Question(
            title="Nodes without a price",
            query=f"{own(names.NODE_WITHOUT_PRICE)} == 1",
            unit=Unit.NOTHING,
            nothing="none",
            whose=("node",),
        ),
        Question(
            title="Saved by spot",
            query=f"sum({own(names.SAVING, on_spot)})",
            unit=Unit.USD_PER_HOUR,
            nothing="no spot node",
        ),
        Question(
            title="Alerts",
            query='sum by (alertname, severity) (ALERTS{alertstate="firing"})',
            unit=Unit.NOTHING,
            nothing="none",
            whose=("alertname", "severity"),
        ),
    )


def freshness(source: Source) -> str:
    """Return a query without an answer where nobody knows what anything costs."""
    return source.own(names.EVALUATED)


def answer_rows(question: Question, samples: Iterable[Sample]) -> list[AnswerRow]:
    """Return the lines of an answer, the largest first; one that says so where there is none."""
    found = sorted(samples, key=_size, reverse=True)
    rows = [
        AnswerRow(title=question.title, whose=_whose(question, sample.labels), answer=_answer(question, sample.value))
        for sample in found
    ]
    return rows or [AnswerRow(title=question.title, whose="", answer=question.nothing)]


def page_of(address: str, asked: Iterable[Question]) -> str:
    """Return where Prometheus' own page shows all questions, each as a graph of the last hour.

    Source: prometheus/prometheus@v3.5.0 web/ui/mantine-ui/src/pages/query/urlStateEncoding.ts.
    """
    panels = (
        {f"g{number}.expr": question.query, f"g{number}.tab": "graph", f"g{number}.range_input": "1h"}
        for number, question in enumerate(asked)
    )
    return f"{address}/query?{'&'.join(urlencode(panel) for panel in panels)}"


def _size(sample: Sample) -> Decimal:
    # A NaN compares with nothing.
    return sample.value if sample.value.is_finite() else Decimal("-Infinity")


def _whose(question: Question, labels: Mapping[str, str]) -> str:
    # What is unallocated belongs to no team; whatever else has none should have one.
    owned = labels.get(names.REASON, names.UNUSED) == names.UNUSED
    told = {"team": NO_TEAM, **labels} if owned else labels
    return ", ".join(dict.fromkeys(told[label] for label in question.whose if told.get(label)))


def _answer(question: Question, value: Decimal) -> str:
    if not value.is_finite():
        return "unknown"
    match question.unit:
        case Unit.PERCENT:
            return f"{value * 100:.0f} %"
        case Unit.NOTHING:
            return "yes"
        case _:
            return f"{value:,.2f} {question.unit}"
