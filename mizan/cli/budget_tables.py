"""`mizan budget`: tables a person reads in one look."""

from datetime import datetime
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from mizan.budgets.decide import stand
from mizan.budgets.enforce import Done, Outcome
from mizan.budgets.model import Action, Costs, Kind, Level, Limit, Mode, Unknown
from mizan.budgets.words import dollars, hours, month, percent
from mizan.cli.tables import add, print_whole, table
from mizan.manifests.budget_enforcer import limits_of, mode_of
from mizan.plan import Plan

_COLOURS = {Level.OVER: "red", Level.UNKNOWN: "yellow", Level.AT_LEAST: "yellow"}
_DONE = {Kind.HOLD: "held", Kind.DRAIN: "held and drained", Kind.RELEASE: "released", Kind.NONE: "-"}


def show_budgets(console: Console, plan: Plan, costs: Costs | Unknown, now: datetime) -> None:
    """Print what each team has spent of its budget."""
    if mode_of(plan) is Mode.NONE:
        console.print("Budgets are not enforced, so Prometheus was not asked.", soft_wrap=True)
    elif isinstance(costs, Unknown):
        console.print(Text(f"Costs are unknown: {costs.why}.", "yellow"), soft_wrap=True)
    elif not costs.is_whole:
        told = f"Of this month {hours(costs.counted_seconds)} of {hours(costs.passed_seconds)} were counted"
        console.print(Text(f"{told}: at least this much is spent.", "yellow"), soft_wrap=True)
    title = "Budgets" if isinstance(costs, Unknown) else f"Budgets of {month(costs.month)}, UTC"
    shown = table(title, "team", "#spent", "#budget", "#of it", "")
    for limit in limits_of(plan):
        add(shown, limit.team, *_row(limit, costs), _level(limit, costs, mode_of(plan), now))
    print_whole(console, shown)


def show_queues(console: Console, done: Done, mode: Mode, *, is_done: bool = False) -> None:
    """Print what is done to each queue, or would be, and why."""
    shown = table(f"Queues, with mode {mode}", "queue", "policy", "done" if is_done else "to be done", "why")
    for action, outcome in zip_longest(done.actions, done.outcomes):
        queue = f"{action.queue.namespace}/{action.queue.name}"
        add(shown, queue, action.queue.policy, _done(action, outcome) if is_done else _to_do(action), action.words)
    print_whole(console, shown)
    for fault in done.faults:
        console.print(Text(f"Fault: {fault}", "red"), soft_wrap=True)


def _done(action: Action, outcome: Outcome) -> Text:
    if outcome is Outcome.DONE:
        return Text(_DONE[action.kind], _colour(action))
    return Text(outcome.value, "" if outcome is Outcome.GONE else "red")


def _to_do(action: Action) -> Text:
    return Text("-" if action.kind is Kind.NONE else action.kind.value, _colour(action))


def _colour(action: Action) -> str:
    return "yellow" if action.kind in (Kind.HOLD, Kind.DRAIN) else ""


def _row(limit: Limit, costs: Costs | Unknown) -> tuple[str, str, str]:
    spent = None if isinstance(costs, Unknown) else costs.usd.get(limit.team)
    budget = "-" if limit.usd is None else dollars(limit.usd)
    if spent is None:
        return "?", budget, "-"
    return dollars(spent), budget, "-" if limit.usd is None else percent(spent, limit.usd)


def _level(limit: Limit, costs: Costs | Unknown, mode: Mode, now: datetime) -> Text:
    standing = stand(limit, costs, mode, now)
    told = standing.words if standing.level in (Level.FREE, Level.ABSENT, Level.UNKNOWN) else standing.level.value
    return Text(told, _COLOURS.get(standing.level, ""))
