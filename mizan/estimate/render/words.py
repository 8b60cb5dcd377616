"""Dollars, shares, nodes and days as a person reads them: the same words on every page."""

from collections.abc import Iterator
from decimal import Decimal

from mizan.estimate.amounts import SavingsKind, Size
from mizan.estimate.budget import BudgetLevel, BudgetSubject, BudgetVerdict
from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.model import Estimate
from mizan.prices import HOURS_PER_MONTH, PRICE_MAX_AGE_DAYS

NONE = "-"
MARK = "*"
UNKNOWN = "unknown"
PROMETHEUS_DISK = "Prometheus disk"
LEGEND = f"{MARK} derived: computed from other prices, not read from a list."
MONTH = "US dollars a month"
HOURS = f"a month is {HOURS_PER_MONTH} hours"
BASELINE = "all on-demand, running always"

# Beyond that nobody reads on.
MOST_STEPS = 10

STEPS = {
    SavingsKind.SHARING: "sharing of GPUs",
    SavingsKind.SCHEDULES: "schedules",
    SavingsKind.SCALE_TO_ZERO: "scale to zero",
    SavingsKind.SPOT: "spot",
    SavingsKind.FLEX_START: "flex-start",
    SavingsKind.COMMITMENTS: "used commitments",
    SavingsKind.INTERRUPTIONS: "work done twice after interruptions",
    SavingsKind.WARM_NODES: "kept nodes that no job uses",
    SavingsKind.UNUSED_COMMITMENTS: "unused commitments",
}


def dollars(amount: Decimal) -> str:
    """Return 1234.5 as `1,234.50`."""
    # A sum of nothing may be -0.00.
    return f"{amount + 0:,.2f}"


def marked(text: str, is_derived: bool) -> str:
    """Return an amount in the middle of a sentence, with the mark of what is derived."""
    return f"{text}{MARK}" if is_derived else text


def total_at(estimate: Estimate, size: Size) -> str:
    """Return the total at one size, marked where a derived figure is in it."""
    return marked(dollars(estimate.total.at(size)), estimate.is_derived_at(size))


def hourly(amount: Decimal) -> str:
    """Return dollars an hour to four places."""
    return f"{amount + 0:,.4f}"


def difference(amount: Decimal) -> str:
    """Return dollars with their sign, so that nobody takes a change for an amount."""
    return f"{'+' if amount > 0 else ''}{dollars(amount)}"


def hourly_difference(amount: Decimal) -> str:
    """Return dollars an hour with their sign."""
    return f"{'+' if amount > 0 else ''}{hourly(amount)}"


def share(ratio: Decimal | None) -> str:
    """Return a share of 0 to 1 in whole per cent; `-` where it cannot be told."""
    return NONE if ratio is None else f"{ratio * 100:.0f} %"


def count(nodes: Decimal) -> str:
    """Return a mean number of nodes to two places, a whole one without."""
    text = f"{nodes:,.2f}"
    return text.rstrip("0").rstrip(".")


def stacks(estimate: Estimate) -> str:
    """Return whom an estimate is about: `stack prod`, or `stacks dev, prod`."""
    names = [stack.name for stack in estimate.stacks]
    return f"stack {names[0]}" if len(names) == 1 else f"stacks {', '.join(names)}"


def place(estimate: Estimate, stack: str, name: str) -> str:
    """Return the name of a stack's part, with its stack where there are several."""
    return name if len(estimate.stacks) == 1 else f"{stack}/{name}"


def price_days(estimate: Estimate) -> str:
    """Return from which days the prices are."""
    oldest, newest = estimate.oldest.isoformat(), estimate.newest.isoformat()
    days = oldest if oldest == newest else f"{oldest} to {newest}"
    stale = f", some over {PRICE_MAX_AGE_DAYS} days old" if estimate.is_stale else ""
    return f"Prices of {days}{stale}."


def whose(verdict: BudgetVerdict, *, is_alone: bool) -> str:
    """Return whose budget it is.

    Args:
        verdict: of a stack or a team.
        is_alone: all there is to tell is about one stack.
    """
    of_team = f" of stack {verdict.stack}" if verdict.subject is BudgetSubject.TEAM and not is_alone else ""
    return f"{verdict.subject} {verdict.name}{of_team}"


def budget(verdict: BudgetVerdict, *, is_alone: bool) -> str:
    """Return how a budget stands, in one sentence."""
    return f"Budget of {whose(verdict, is_alone=is_alone)}: {usage(verdict)}: {verdict.level}."


def usage(verdict: BudgetVerdict) -> str:
    """Return how much of a budget is used."""
    spent = marked(dollars(verdict.spent), verdict.is_derived)
    return f"{spent} of {dollars(verdict.budget)} ({verdict.percent_told}) at {verdict.on} size"


def advice(verdict: BudgetVerdict) -> Iterator[str]:
    """Yield which pools cost most, and what would keep the budget; nothing where it is kept."""
    if verdict.level is BudgetLevel.OK:
        return
    if verdict.costliest:
        most = ", ".join(
            f"{pool.pool} {marked(dollars(pool.usd_per_month), pool.is_derived)}" for pool in verdict.costliest
        )
        yield f"Costs most: {most}."
    if verdict.level is not BudgetLevel.EXCEEDED:
        return
    for change in verdict.changes:
        yield f"Enough by itself: {change.text} (then {marked(dollars(change.usd_per_month), verdict.is_derived)})."
    if verdict.together:
        yield "No change of one pool is enough; all of these together are:"
        for number, change in enumerate(verdict.together[:MOST_STEPS], 1):
            then = marked(dollars(change.usd_per_month), verdict.is_derived)
            yield f"{number} of {len(verdict.together)}: {change.text} (then {then})."
    if len(verdict.together) > MOST_STEPS:
        yield f"All steps: `mizan estimate -s {verdict.stack} --format json`."
    if not (verdict.changes or verdict.together):
        yield _why_nothing(verdict)


def _why_nothing(verdict: BudgetVerdict) -> str:
    """Return why no change is proposed."""
    if verdict.fixed > verdict.budget:
        fixed = marked(dollars(verdict.fixed), verdict.is_fixed_derived)
        return f"No change of the pools is enough: commitments and the cluster alone are {fixed}."
    if verdict.subject is BudgetSubject.TEAM:
        return "No smaller quotas are enough with the jobs that there are, only fewer quotas."
    return "No smaller pools are enough with the jobs that there are, only fewer pools, capacity types or kept nodes."


def notes(estimate: Estimate) -> list[str]:
    """Return what to know when reading, each with its stack where it does not hold for all of them."""
    names = [stack.name for stack in estimate.stacks]
    by_text: dict[str, list[str]] = {}
    for note in estimate.notes:
        by_text.setdefault(note.text, []).append(note.stack)
    return [
        text if set(told) == set(names) else f"{', '.join(dict.fromkeys(told))}: {text}"
        for text, told in by_text.items()
    ]


def commitment(estimate: Estimate, cost: CommitmentCost) -> str:
    """Return what a commitment is, in one sentence."""
    covers = cost.machine or "any machine"
    size = covers if cost.nodes is None else f"{cost.nodes} x {covers}"
    discount = "" if cost.discount is None else f", {share(cost.discount)} below on-demand"
    price = f"{marked(hourly(cost.usd_per_hour), cost.is_derived)} an hour"
    if cost.nodes is not None and cost.nodes > 1:
        price += f" together, {marked(hourly(cost.usd_per_hour / cost.nodes), cost.is_derived)} each"
    until = "" if cost.until is None else f", until {cost.until}"
    name = place(estimate, cost.stack, cost.name)
    return f"{name}: {cost.kind} of {size} at {price}{discount}{until}; {cost.source}."
