"""What would bring a stack back into its budget: one pool by itself, else the two that cost most, else all."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from functools import partial

from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.budget_model import Change
from mizan.estimate.smaller import Smaller, cash_of, fewer_nodes, less_use, most_that_fits, scaled
from mizan.estimate.tariff import Tariff
from mizan.plan import Plan, PoolPlan

# A person reads so many; the pools that cost less save less.
MOST_POOLS = 5
MOST_CHANGES = 5


def changes_of_stack(
    plan: Plan, tariff: Tariff, size: Size, spent: Decimal, budget: Decimal
) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes that are enough by themselves, and where there is none what several pools must do together.

    Each is the smallest of its kind: of a pool's capacity type the most nodes that fit, of its expected use the most.
    What is paid in advance is paid all the same, so only cash counts.

    Args:
        plan: of the stack.
        tariff: of the stack.
        size: that the budget holds.
        spent: at that size, more than `budget`.
        budget: US dollars a month.
    """
    cash = {pool.name: cash_of(pool, size, tariff) for pool in plan.pools}
    costliest = sorted(plan.pools, key=lambda pool: -cash[pool.name])
    over = spent - budget
    found = []
    for pool in costliest[:MOST_POOLS]:
        most = cash[pool.name] - over
        if most >= 0:
            for smaller in _smaller(pool, size, _within(most, size, tariff)):
                after = spent - cash[pool.name] + cash_of(smaller.pool, size, tariff)
                found.append(Change(text=f"pool {pool.name}: {smaller.change}", usd_per_month=after))
    if found:
        return smallest(found), ()
    for pools in (costliest[:2], costliest):
        rest = spent - sum((cash[pool.name] for pool in pools), NOTHING)
        percent = most_that_fits(partial(_fits_at, pools, budget - rest, size, tariff), range(100))
        if percent is not None:
            usd = rest + _cash_at(percent, pools, size, tariff)
            text = f"{_named(pools, plan.pools)}: every maxNodes to {percent} % of it, rounded down"
            return (), (Change(text=text, usd_per_month=usd),)
    return (), ()


def smallest(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return the changes that take least away, the least first."""
    return tuple(sorted(changes, key=lambda change: -change.usd_per_month)[:MOST_CHANGES])


def _smaller(pool: PoolPlan, size: Size, fits: Callable[[PoolPlan], bool]) -> list[Smaller]:
    by_use = less_use(pool, fits) if size is Size.EXPECTED else []
    return [*fewer_nodes(pool, fits), *by_use]


def _within(most: Decimal, size: Size, tariff: Tariff) -> Callable[[PoolPlan], bool]:
    return lambda pool: cash_of(pool, size, tariff) <= most


def _fits_at(pools: Sequence[PoolPlan], most: Decimal, size: Size, tariff: Tariff, percent: int) -> bool:
    return _cash_at(percent, pools, size, tariff) <= most


def _cash_at(percent: int, pools: Sequence[PoolPlan], size: Size, tariff: Tariff) -> Decimal:
    return sum((cash_of(scaled(pool, percent), size, tariff) for pool in pools), NOTHING)


def _named(pools: Sequence[PoolPlan], every: Sequence[PoolPlan]) -> str:
    return "every pool" if len(pools) == len(every) else "pools " + " and ".join(pool.name for pool in pools)
