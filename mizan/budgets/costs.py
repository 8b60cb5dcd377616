"""What Prometheus says of the month's dollars, and whether that is to be relied on. Pure.

One question asks for all of it, so that all of it is of one moment: the rules evaluate it together every 30 s, and at
the end of a month the dollars of one and the time of another would make nonsense.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from mizan.budgets.model import Costs, Unknown, month_begins, month_of
from mizan.budgets.words import one_line

# Ten evaluations, and what a remote store takes to show them. Clocks may differ by as much.
LATEST = timedelta(minutes=5)

ROW = "row"
"""The label that tells what a row of the answer is: one of those below."""

SPENT = "spent"
COUNTED = "counted"
EVALUATED = "evaluated"

MOST = Decimal("1e15")
"""No amount of dollars or seconds is as much: such a number is none."""

# Decimal takes more than a float's digits are written with: `1_000`, and digits of other alphabets.
_WRITTEN = re.compile(r"[-+.0-9eE]{1,40}")

_MOST_TOLD = 300


def question(spent: str, counted: str, evaluated: str) -> str:
    """Return the question to Prometheus.

    Args:
        spent: selector of a team's dollars of the month.
        counted: selector of the seconds that are counted in them.
        evaluated: selector of the moment of evaluation.

    Two Prometheus of one cluster that lie in one store count the same dollars, one of them maybe fewer: the most count.
    """
    return " or ".join(
        f'label_replace({asked}, "{ROW}", "{row}", "", "")'
        for row, asked in (
            (SPENT, f"max by (team, month) ({spent})"),
            (COUNTED, f"max by (month) ({counted})"),
            (EVALUATED, f"max({evaluated})"),
        )
    )


def read_costs(answer: object, now: datetime) -> Costs | Unknown:
    """Return what an answer to the question says.

    Args:
        answer: what Prometheus answered, from its JSON.
        now: of our own clock.
    """
    if not isinstance(answer, Mapping) or answer.get("status") != "success":
        return Unknown(f"Prometheus refuses: {_told(answer)}")
    # A store of several parts, of which one did not answer: Thanos warns, VictoriaMetrics says that it is partial.
    # Source: https://docs.victoriametrics.com/victoriametrics/cluster-victoriametrics/, Cluster availability, read
    # 2026-11-22.
    if answer.get("warnings") or answer.get("isPartial"):
        told = one_line(str(answer.get("warnings") or "it says no more"), _MOST_TOLD)
        return Unknown(f"Prometheus answers in part: {told}")
    try:
        rows = [_row(each) for each in answer["data"]["result"]]
    except (KeyError, TypeError, IndexError, ValueError):
        return Unknown("Prometheus gives an answer that is none")
    if len({(labels.get(ROW), labels.get("month"), labels.get("team")) for labels, _ in rows}) < len(rows):
        return Unknown("Prometheus tells two numbers of one thing")
    return _read(rows, now)


def _row(sample: Any) -> tuple[dict[str, str], Decimal | None]:  # noqa: ANN401  # JSON
    """Return labels and value of a sample.

    Raises:
        KeyError, TypeError, IndexError, ValueError: it is none.
    """
    labels = dict(sample["metric"])
    if not all(isinstance(text, str) for text in labels.values()):
        raise TypeError(ROW)
    return labels, _number(sample["value"][1])


def _read(rows: list[tuple[dict[str, str], Decimal | None]], now: datetime) -> Costs | Unknown:
    evaluated = [value for labels, value in rows if labels.get(ROW) == EVALUATED]
    if not evaluated:
        return Unknown("no rule tells when costs were evaluated: the rules or kube-state-metrics are gone")
    moment = _moment(evaluated[0])
    why = _unreliable(moment, now)
    if moment is None or why is not None:
        return Unknown(why or "", moment)
    month = month_of(moment)
    of_month = [(labels, value) for labels, value in rows if labels.get("month") == month]
    counted = next((value for labels, value in of_month if labels.get(ROW) == COUNTED), None)
    if counted is None:
        return Unknown(f"no rule tells how much of {month} was counted")
    return Costs(
        month=month,
        usd={labels["team"]: value for labels, value in of_month if labels.get(ROW) == SPENT and "team" in labels},
        counted_seconds=counted,
        passed_seconds=Decimal(str((moment - month_begins(moment)).total_seconds())),
    )


def _unreliable(moment: datetime | None, now: datetime) -> str | None:
    """Return why what was evaluated at a moment tells nothing of now, None where it does."""
    if moment is None:
        return "the moment at which costs were evaluated is none"
    late = now - moment
    if late > LATEST:
        return f"costs were last evaluated {int(late.total_seconds())} s ago, at {_written(moment)}"
    if -late > LATEST:
        return f"costs were evaluated {int(-late.total_seconds())} s ahead of this clock, at {_written(moment)}"
    # Clocks that differ by a minute disagree on the month for a minute, in which nothing need be done.
    if month_of(moment) != month_of(now):
        return f"the month turns: costs are of {month_of(moment)}, and this clock is in {month_of(now)}"
    return None


def _number(text: object) -> Decimal | None:
    """Return a sample's value; None where it is no amount, as NaN, infinite, below 0, or beyond all amounts."""
    written = str(text)
    if not _WRITTEN.fullmatch(written):
        return None
    try:
        value = Decimal(written)
    except InvalidOperation:
        return None
    return value if 0 <= value < MOST else None


def _moment(seconds: Decimal | None) -> datetime | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (OverflowError, ValueError, OSError):
        return None


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _told(answer: object) -> str:
    error = answer.get("error") if isinstance(answer, Mapping) else None
    return one_line(str(error or "no reason given"), _MOST_TOLD)
