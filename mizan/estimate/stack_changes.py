"""What would bring a stack back into its budget: one pool by itself, else the two that cost most, else all."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Protocol

from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.budget_model import Change
from mizan.estimate.cash import Cash, Sharing
from mizan.estimate.change_words import changes_between, changes_of_removal
from mizan.estimate.changed_plans import KeepsJobs, keeps_jobs
from mizan.estimate.counted import Counted
from mizan.estimate.counted_pools import counted_pools
from mizan.estimate.prometheus_disk import change_with
from mizan.estimate.smaller import fewer_nodes, less_use, most_that_fits, scaled, used
from mizan.estimate.tariff import Tariff
from mizan.plan import Plan

# A person reads so many; the pools that cost less save less.
MOST_POOLS = 5
MOST_CHANGES = 5

# So much of a pool, in per cent.
Shrinking = Callable[[Counted, int], Counted]


class Bill(Protocol):
    """What somebody pays, pool by pool."""

    @property
    def keeps(self) -> KeepsJobs:
        """Return what tells whether every job can run as before."""

    def cost(self, several: Sequence[Counted]) -> Decimal:
        """Return what is paid for pools together, US dollars a month."""


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


@dataclass(frozen=True, kw_only=True)
class StackBill:
    """What a stack's pools cost at one size, and what they could be."""

    plan: Plan
    tariff: Tariff
    size: Size

    @cached_property
    def keeps(self) -> KeepsJobs:
        """Return what tells whether every job can run as before."""
        return keeps_jobs(self.plan)

    @cached_property
    def sharing(self) -> Sharing:
        """Return the pools that share commitments."""
        return Sharing(plan=self.plan, tariff=self.tariff)

    @cached_property
    def _cash(self) -> Cash:
        return Cash(sharing=self.sharing, size=self.size)

    def cost(self, several: Sequence[Counted]) -> Decimal:
        """Return what is paid for pools beside what is paid in advance, and what others then pay more or less.

        A smaller pool needs less of Prometheus' disk, where its size is computed.
        """
        pools = {counted.pool.name: counted.pool for counted in several}
        return self._cash.of(list(pools.values())) + change_with(self.plan, self.tariff.rate, {**pools})

    def alone(self, counted: Counted, rest: Decimal, budget: Decimal) -> Iterator[Change]:
        """Yield each change of one pool with which it fits beside the rest."""

        def cost(smaller: Counted) -> Decimal:
            return self.cost([smaller])

        fewer = fewer_nodes(counted, cost, budget - rest)
        less = less_use(counted, cost, budget - rest) if self.size is Size.EXPECTED else ()
        for smaller in (*fewer, *less):
            if self.keeps([smaller]):
                text = f"pool {counted.pool.name}: {changes_between(counted, smaller)}"
                yield Change(text=text, usd_per_month=rest + cost(smaller))
        if not fewer and _may_go(self.plan, counted):
            name = counted.pool.name
            left = rest + self._cash.of([], gone=[name]) + change_with(self.plan, self.tariff.rate, {name: None})
            if left <= budget:
                yield Change(text=f"pool {counted.pool.name}: {changes_of_removal(counted)}", usd_per_month=left)


def changes_of_stack(bill: StackBill, spent: Decimal, budget: Decimal) -> Changes:
    """Return what would keep a stack's budget.

    Each change is the smallest of its kind: of a pool's capacity type the most nodes that fit, of its expected use the
    most; and each makes a valid stack, in which no job is stuck that is not now. What is paid in advance is paid all
    the same, so only cash counts.

    Args:
        bill: of the stack.
        spent: at its size, more than `budget`.
        budget: US dollars a month.
    """
    pools = counted_pools(bill.plan)
    cash = {counted.pool.name: bill.cost([counted]) for counted in pools}
    fixed = spent - sum(cash.values(), NOTHING)
    costliest = sorted(pools, key=lambda counted: -cash[counted.pool.name])
    found: list[Change] = []
    for counted in costliest[:MOST_POOLS]:
        rest = spent - cash[counted.pool.name]
        # What a pool leaves of a commitment can be worth more to others than all that it costs in cash.
        if rest <= budget or counted.pool.name in bill.sharing.pools:
            found += bill.alone(counted, rest, budget)
    if found:
        return Changes(alone=smallest(found), fixed=fixed)
    ways: list[tuple[Sequence[Counted], Shrinking]] = [(costliest[:2], scaled), (costliest, scaled)]
    if bill.size is Size.EXPECTED:
        ways.append((costliest, used))
    for several, shrink in ways:
        steps = shrunk_together(several, shrink, bill, spent, budget)
        if steps:
            return Changes.of_steps(steps, fixed)
    return Changes(fixed=fixed)


def smallest(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that take least away, the least first."""
    return tuple(sorted(changes, key=lambda change: -change.usd_per_month)[:MOST_CHANGES])


def shrunk_together(
    several: Sequence[Counted], shrink: Shrinking, bill: Bill, spent: Decimal, budget: Decimal
) -> tuple[Change, ...]:
    """Return what each of several pools becomes where all shrink by the same share, as little as is enough.

    Args:
        several: pools, the costliest first.
        shrink: returns so much of a pool.
        bill: that `spent` is of.
        spent: before.
        budget: that must be kept at the end.
    """
    rest = spent - bill.cost(several)

    def shrunk(percent: int) -> list[Counted]:
        return [shrink(counted, percent) for counted in several]

    def fits(percent: int) -> bool:
        return rest + bill.cost(shrunk(percent)) <= budget

    percent = most_that_fits(fits, range(100), near=int(100 * (budget - rest) / (spent - rest)) if spent > rest else 0)
    if percent is None:
        return ()
    steps, smaller = [], shrunk(percent)
    if not all(bill.keeps(smaller[:count]) for count in range(1, len(smaller) + 1)):
        return ()
    for index, counted in enumerate(several, start=1):
        change = changes_between(counted, smaller[index - 1])
        if change:
            left = rest + bill.cost([*smaller[:index], *several[index:]])
            steps.append(Change(text=f"pool {counted.pool.name}: {change}", usd_per_month=left))
    return tuple(steps)


def _may_go(plan: Plan, counted: Counted) -> bool:
    """Return whether the stack is valid without a pool: another one is left, to every queue and to every job."""
    if len(plan.pools) == 1 or counted.bound_nodes or counted.needs:
        return False
    left = {
        queue.name: [quota.flavor for quota in queue.quotas if quota.flavor.pool != counted.pool.name]
        for queue in plan.queues
    }
    return all(left.values()) and all(
        any(job.request.pods_on(offer) for flavor in left[job.queue] for offer in flavor.offers) for job in plan.jobs
    )
