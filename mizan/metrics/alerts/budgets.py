"""Budgets that will be passed, and those that are.

A team's budget holds what its pods cost. The stack's holds every node, whoever uses it. A team without a budget is in
the stack's alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mizan.metrics import names
from mizan.metrics.alerts.month import BUDGET, UNALLOCATED_MONTH
from mizan.metrics.alerts.watch import USD, Severity, Watch
from mizan.metrics.forecast import forecast
from mizan.metrics.rule import Alert
from mizan.metrics.selector import differs, equals

_FORECAST_MINUTES, _REACHED_MINUTES = 60, 5


@dataclass(frozen=True, kw_only=True)
class _Budgeted:
    """Who has a budget.

    Attributes:
        name: of its alerts begins with it.
        joined: how its dollars and its budget are found for each other.
        spent: an expression of its dollars of this month.
        budget: an expression of its budget.
        subject: what texts call it.
        held: what happens by itself.
        advice: what to do.
    """

    name: str
    joined: str
    spent: str
    budget: str
    subject: str
    held: str
    advice: str


def budget_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of teams that have a budget, and of the stack if it has one."""
    if any(team.budget is not None for team in watch.plan.teams):
        yield from _alerts(watch, _teams(watch))
    if watch.plan.budget is not None:
        yield from _alerts(watch, _stack(watch))


def _teams(watch: Watch) -> _Budgeted:
    source = watch.source
    return _Budgeted(
        name="TeamBudget",
        joined="on (team)",
        spent=f"sum by (team) ({source.own(names.TEAM_MONTH)})",
        budget=f"sum by (team) ({source.own(BUDGET, differs('team', ''))})",
        subject="Team {{ $labels.team }}",
        held="Where budgets are enforced, its new jobs wait until the next month.",
        advice="Talk to the team about what it runs, or raise its `budget` in the stack file.",
    )


def _stack(watch: Watch) -> _Budgeted:
    source = watch.source
    parts = (f"(sum({source.own(series)}) or vector(0))" for series in (names.TEAM_MONTH, UNALLOCATED_MONTH))
    return _Budgeted(
        name="StackBudget",
        joined="on ()",
        spent=f"({' + '.join(parts)})",
        budget=f"sum({source.own(BUDGET, equals('team', ''))})",
        subject=f"Stack {watch.plan.stack}",
        held="Nothing is held for it: only teams' budgets are enforced.",
        advice="See which team and which pool cost most, or raise `budget` in the stack file.",
    )


def _alerts(watch: Watch, of: _Budgeted) -> Iterator[Alert]:
    is_reached = f"{of.spent} >= {of.joined} {of.budget}"
    limit = watch.budget(BUDGET)
    yield watch.alert(
        f"{of.name}Forecast",
        f"{forecast(of.spent, watch.source)} > {of.joined} {of.budget} unless {of.joined} ({is_reached})",
        Severity.WARNING,
        minutes=_FORECAST_MINUTES,
        summary=f"{of.subject} will have spent {USD} by the end of the month; its budget is {limit}.",
        description=f"If the month goes on as it began. {of.advice}",
    )
    yield watch.alert(
        f"{of.name}Reached",
        is_reached,
        Severity.CRITICAL,
        minutes=_REACHED_MINUTES,
        summary=f"{of.subject} has spent {USD} this month; its budget is {limit}.",
        description=f"{of.held} {of.advice}",
    )
