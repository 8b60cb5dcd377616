"""What would bring a stack back into its budget: one pool by itself, else the two that cost most, else all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.budget_model import Change
from mizan.estimate.cash import Cash, Sharing
from mizan.estimate.change_words import changes_between, changes_of_removal
from mizan.estimate.counted import Counted
from mizan.estimate.counted_pools import counted_pools
from mizan.estimate.smaller import fewer_nodes, less_use, most_that_fits, scaled, used
from mizan.estimate.tariff import Tariff
from mizan.plan import Plan

# A person reads so many; the pools that cost less save less.
MOST_POOLS = 5
MOST_CHANGES = 5

# So much of a pool, in per cent.
Shrinking = Callable[[Counted, int], Counted]


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What would keep a budget.

    Attributes:
        alone: each is enough by itself.
        together: where none is: what must be done together, each step with what is spent after it.
        fixed: US dollars a month that are spent whatever is changed.
    """

    alone: tuple[Change, ...] = ()
    together: tuple[Change, ...] = ()
    fixed: Decimal = NOTHING

    @classmethod
    def of_steps(cls, steps: tuple[Change, ...], fixed: Decimal = NOTHING) -> "Changes":
        """Return what must be done together; a single step is enough by itself."""
        return cls(alone=steps, fixed=fixed) if len(steps) == 1 else cls(together=steps, fixed=fixed)


def changes_of_stack(plan: Plan, tariff: Tariff, size: Size, spent: Decimal, budget: Decimal) -> Changes:
    """Return what would keep a stack's budget.

    Each change is the smallest of its kind: of a pool's capacity type the most nodes that fit, of its expected use the
    most; and each makes a valid stack. What is paid in advance is paid all the same, so only cash counts.

    Args:
        plan: of the stack.
        tariff: of the stack.
        size: that the budget holds.
        spent: at that size, more than `budget`.
        budget: US dollars a month.
    """
    sharing = Sharing(plan=plan, tariff=tariff)
    bill = Cash(sharing=sharing, size=size)

    def together(several: Sequence[Counted]) -> Decimal:
        return bill.of([counted.pool for counted in several])

    pools = counted_pools(plan)
    cash = {counted.pool.name: together([counted]) for counted in pools}
    fixed = spent - sum(cash.values(), NOTHING)
    costliest = sorted(pools, key=lambda counted: -cash[counted.pool.name])
    found: list[Change] = []
    for counted in costliest[:MOST_POOLS]:
        rest = spent - cash[counted.pool.name]
        # What a pool leaves of a commitment can be worth more to others than all that it costs in cash.
        if rest <= budget or counted.pool.name in sharing.pools:
            found += _alone(plan, counted, bill, rest, budget)
    if found:
        return Changes(alone=smallest(found), fixed=fixed)
    ways: list[tuple[Sequence[Counted], Shrinking]] = [(costliest[:2], scaled), (costliest, scaled)]
    if size is Size.EXPECTED:
        ways.append((costliest, used))
    for several, shrink in ways:
        steps = shrunk_together(several, shrink, together, spent, budget)
        if steps:
            return Changes.of_steps(steps, fixed)
    return Changes(fixed=fixed)


def smallest(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that take least away, the least first."""
    return tuple(sorted(changes, key=lambda change: -change.usd_per_month)[:MOST_CHANGES])


def shrunk_together(
    several: Sequence[Counted],
    shrink: Shrinking,
    cost: Callable[[Sequence[Counted]], Decimal],
    spent: Decimal,
    budget: Decimal,
) -> tuple[Change, ...]:
    """Return what each of several pools becomes where all shrink by the same share, as little as is enough.

    Args:
        several: pools, the costliest first.
        shrink: returns so much of a pool.
        cost: of pools together, as part of `spent`.
        spent: before.
        budget: that must be kept at the end.
    """
    rest = spent - cost(several)

    def shrunk(percent: int) -> list[Counted]:
        return [shrink(counted, percent) for counted in several]

    def fits(percent: int) -> bool:
        return rest + cost(shrunk(percent)) <= budget

    percent = most_that_fits(fits, range(100), near=int(100 * (budget - rest) / (spent - rest)) if spent > rest else 0)
    if percent is None:
        return ()
    steps, smaller = [], shrunk(percent)
    for index, counted in enumerate(several, start=1):
        change = changes_between(counted, smaller[index - 1])
        if change:
            left = rest + cost([*smaller[:index], *several[index:]])
            steps.append(Change(text=f"pool {counted.pool.name}: {change}", usd_per_month=left))
    return tuple(steps)


def _alone(plan: Plan, counted: Counted, bill: Cash, rest: Decimal, budget: Decimal) -> Iterator[Change]:
    """Yield what makes a pool fit beside the rest."""

    def cost(counted: Counted) -> Decimal:
        return bill.of([counted.pool])

    fewer = fewer_nodes(counted, cost, budget - rest)
    less = less_use(counted, cost, budget - rest) if bill.size is Size.EXPECTED else ()
    for smaller in (*fewer, *less):
        text = f"pool {counted.pool.name}: {changes_between(counted, smaller)}"
        yield Change(text=text, usd_per_month=rest + cost(smaller))
    if not fewer and _may_go(plan, counted):
        left = rest + bill.of([], gone=[counted.pool.name])
        if left <= budget:
            yield Change(text=f"pool {counted.pool.name}: {changes_of_removal(counted)}", usd_per_month=left)


def _may_go(plan: Plan, counted: Counted) -> bool:
    """Return whether the stack is valid without a pool: another one is left, to every queue and to every job."""
    if len(plan.pools) == 1 or counted.committed or counted.needs:
        return False
    left = {
        queue.name: [quota.flavor for quota in queue.quotas if quota.flavor.pool != counted.pool.name]
        for queue in plan.queues
    }
    return all(left.values()) and all(
        any(offer.machine.gpus >= job.units for flavor in left[job.queue] for offer in flavor.offers)
        for job in plan.jobs
    )
