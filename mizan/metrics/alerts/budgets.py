"""Budgets that will be passed, and those that are.

A team's budget holds what its pods cost. The stack's holds every node, whoever uses it. A team without a budget is in
the stack's alone.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.alerts.month import BUDGET, UNALLOCATED_MONTH
from mizan.metrics.alerts.watch import USD, Severity, Watch
from mizan.metrics.forecast import forecast
from mizan.metrics.rule import Alert
from mizan.metrics.selector import differs, equals

_FORECAST_MINUTES, _REACHED_MINUTES = 60, 5


def budget_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of teams that have a budget, and of the stack if it has one."""
    source = watch.source
    if any(team.budget is not None for team in watch.plan.teams):
        spent = f"sum by (team) ({source.own(names.TEAM_MONTH)})"
        yield from _of(
            watch,
            "TeamBudget",
            "on (team)",
            spent=f"({spent})",
            budget=f"sum by (team) ({source.own(BUDGET, differs('team', ''))})",
            subject="Team {{ $labels.team }}",
            raised="Talk to the team about what it runs, or raise its `budget` in the stack file.",
        )
    if watch.plan.budget is not None:
        teams, rest = source.own(names.TEAM_MONTH), source.own(UNALLOCATED_MONTH)
        yield from _of(
            watch,
            "StackBudget",
            "on ()",
            spent=f"(sum({teams} or {rest}))",
            budget=f"sum({source.own(BUDGET, equals('team', ''))})",
            subject=f"Stack {watch.plan.stack}",
            raised="See which team and which pool cost most, or raise `budget` in the stack file.",
        )


def _of(watch: Watch, name: str, joined: str, *, spent: str, budget: str, subject: str, raised: str) -> Iterator[Alert]:
    is_reached = f"{spent} >= {joined} {budget}"
    limit = watch.budget(BUDGET)
    yield watch.alert(
        f"{name}Forecast",
        f"{forecast(spent, watch.source)} > {joined} {budget} unless {joined} ({is_reached})",
        Severity.WARNING,
        minutes=_FORECAST_MINUTES,
        summary=f"{subject} will have spent {USD} by the end of the month; its budget is {limit}.",
        description=f"If the month goes on as it began. {raised}",
    )
    yield watch.alert(
        f"{name}Reached",
        is_reached,
        Severity.CRITICAL,
        minutes=_REACHED_MINUTES,
        summary=f"{subject} has spent {USD} this month; its budget is {limit}.",
        description=f"Where budgets are enforced, new jobs wait until the next month. {raised}",
    )
