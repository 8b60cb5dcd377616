"""Whether a team's queues are held or released. Pure.

What decides is the month's dollars against the budget:

- At 100 % its queues are held. What was counted was spent: that holds too where some of the month was not counted.
- They are released below 100 % of the month's budget: at a new month, or as the budget is raised. An exception, or a
  budget that is gone, releases as well, whatever is spent.
- Where nobody knows what is spent nothing is held and nothing released. A month's hold is not released on dollars of
  which some are missing, unless the budget was raised since above all that is known to be spent; the hold of a month
  that is over is.
- What a person has stopped is never touched, and no queue that is not of the stack.

A decision that was carried out gives nothing more to do.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from mizan.budgets.model import (
    Action,
    Costs,
    Hold,
    Kind,
    Level,
    Limit,
    Mode,
    Policy,
    Queue,
    Standing,
    Unknown,
)
from mizan.budgets.words import dollars, hours, month, one_line, percent

_POLICIES = {
    Mode.DRY_RUN: Policy.HOLD,
    Mode.HOLD: Policy.HOLD,
    Mode.HOLD_AND_DRAIN: Policy.HOLD_AND_DRAIN,
}
_KINDS = {Policy.HOLD: Kind.HOLD, Policy.HOLD_AND_DRAIN: Kind.DRAIN}
_RUNNING = {Policy.HOLD: "running jobs go on", Policy.HOLD_AND_DRAIN: "running jobs are evicted"}

# More than an Event's note takes.
_MOST_TOLD = 2000


def decide(
    limits: Iterable[Limit], costs: Costs | Unknown, queues: Mapping[str, Sequence[Queue]], mode: Mode, now: datetime
) -> list[Action]:
    """Return what is to be done to each queue, in order.

    Args:
        limits: of all teams.
        costs: of all teams.
        queues: by namespace; those of a namespace that could not be asked are missing.
        mode: what a passed budget leads to; in a dry run what it would lead to with `hold`.
        now: of our own clock.
    """
    return [
        act(standing, queue, mode) if limit.queues is None or queue.name in limit.queues else _foreign(standing, queue)
        for limit, standing in ((limit, stand(limit, costs, mode, now)) for limit in limits)
        for queue in queues.get(standing.team, ())
    ]


def stand(limit: Limit, costs: Costs | Unknown, mode: Mode, now: datetime) -> Standing:
    """Return how a team's dollars stand."""
    # Of two clocks that differ nobody knows the wrong one: an exception that has ended by either releases nothing.
    told = costs.moment if isinstance(costs, Unknown) else None
    free = _free(limit, mode, max(now, told or now))
    if free is not None:
        return Standing(team=limit.team, level=Level.FREE, words=free, budget=limit.usd)
    if isinstance(costs, Unknown):
        return Standing(team=limit.team, level=Level.UNKNOWN, words=costs.why, budget=limit.usd)
    return _measured(limit, costs)


def act(standing: Standing, queue: Queue, mode: Mode) -> Action:
    """Return what is to be done to one queue of a team."""
    if queue.policy != Policy.NONE and not queue.is_policy_ours:
        return _nothing(standing, queue, f"stopped with {queue.policy} by a person, and left alone")
    if standing.level is Level.UNKNOWN:
        return _nothing(standing, queue, f"left as it is: {standing.words}")
    if standing.level is Level.OVER:
        return _over(standing, queue, _POLICIES[mode])
    if queue.hold is None:
        return _nothing(standing, queue, standing.words)
    is_open = standing.level in (Level.UNDER, Level.FREE) or _is_raised(queue.hold, standing)
    if is_open or _is_of_the_past(queue, standing):
        return Action(
            kind=Kind.RELEASE,
            queue=queue,
            standing=standing,
            policy=Policy.NONE,
            words=f"new jobs start again: {standing.words}",
        )
    return _nothing(standing, queue, f"still held: {standing.words}")


def _free(limit: Limit, mode: Mode, now: datetime) -> str | None:
    """Return why nothing limits a team, None where its budget does."""
    if mode is Mode.NONE:
        return "budgets are not enforced"
    if limit.usd is None:
        return f"{limit.team} has no budget"
    for exemption in limit.exemptions:
        if exemption.holds(now):
            told = f"an exception of {exemption.owner} until {exemption.until.isoformat()}: {exemption.reason}"
            return one_line(told, _MOST_TOLD)
    return None


def _measured(limit: Limit, costs: Costs) -> Standing:
    team, budget, when = limit.team, limit.usd, month(costs.month)
    if budget is None:
        raise ValueError(team)
    if team not in costs.usd:
        level, words = Level.ABSENT, f"no dollar of {team} was counted in {when}, of {dollars(budget)}"
        return Standing(team=team, level=level, words=words, month=costs.month, budget=budget)
    spent = costs.usd[team]
    if spent is None:
        words = f"what {team} has spent in {when} is no number"
        return Standing(team=team, level=Level.UNKNOWN, words=words, month=costs.month, budget=budget)
    words = f"{team} has spent {dollars(spent)} of {dollars(budget)} in {when}, {percent(spent, budget)}"
    level = Level.OVER if spent >= budget else Level.UNDER
    if not costs.is_whole:
        words += f", at least: {hours(costs.counted_seconds)} of {hours(costs.passed_seconds)} were counted"
        level = level if level is Level.OVER else Level.AT_LEAST
    return Standing(team=team, level=level, words=words, month=costs.month, spent=spent, budget=budget)


def _over(standing: Standing, queue: Queue, policy: Policy) -> Action:
    is_held = queue.policy == policy and queue.hold is not None and queue.hold.month == standing.month
    if is_held:
        return _nothing(standing, queue, f"held: {standing.words}")
    until = "until the next month, a raised budget or an exception"
    return Action(
        kind=_KINDS[policy],
        queue=queue,
        standing=standing,
        policy=policy,
        words=f"{standing.words}: no new job starts {until}; {_RUNNING[policy]}",
    )


def _is_of_the_past(queue: Queue, standing: Standing) -> bool:
    """Return whether a queue is held for a month that is over; nobody knows it of one that was overwritten."""
    if queue.hold is None or standing.month is None:
        return False
    return queue.hold.month != "" and queue.hold.month < standing.month


def _is_raised(hold: Hold, standing: Standing) -> bool:
    """Return whether a budget is above the one that was reached, and above what was spent by then.

    As in a cluster that was made in mid-month: what was not counted of it was never spent.
    """
    if standing.budget is None or hold.budget is None or hold.spent is None:
        return False
    return standing.budget > max(hold.budget, hold.spent)


def _foreign(standing: Standing, queue: Queue) -> Action:
    """Return that nothing is done to a queue that is not of the stack: what is told on it stays as well."""
    return _nothing(standing, replace(queue, told=None), "not of this stack, and left alone")


def _nothing(standing: Standing, queue: Queue, words: str) -> Action:
    is_unknown = standing.level is Level.UNKNOWN
    return Action(kind=Kind.NONE, queue=queue, standing=standing, words=words, is_unknown=is_unknown)
