"""Pools made smaller, and what they then cost: the arithmetic behind every change that a budget proposes."""

from collections.abc import Callable, Iterator
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.estimate.amounts import Size
from mizan.estimate.bills import bills_of, in_cash
from mizan.estimate.counted import Counted
from mizan.estimate.running import as_expected, at_maximum
from mizan.estimate.tariff import Tariff
from mizan.plan import PoolPlan

# What a pool costs, and so whether it fits.
Cost = Callable[[Counted], Decimal]


def cash_of(pool: PoolPlan, size: Size, tariff: Tariff) -> Decimal:
    """Return what a pool costs beside what is paid in advance anyway, US dollars a month."""
    running = as_expected(pool) if size is Size.EXPECTED else at_maximum(pool)
    return in_cash(bills_of(pool, running, tariff))


def scaled(counted: Counted, percent: int) -> Counted:
    """Return the pool with so much of every capacity type, rounded down: at least a node, and what is committed."""
    nodes = {
        kind: max(1, counted.committed.get(kind, 0), most * percent // 100) for kind, most in counted.nodes.items()
    }
    return counted.with_nodes(nodes) or counted


def used(counted: Counted, percent: int) -> Counted:
    """Return the pool with so much of its expected use, rounded down."""
    return counted.with_use(utilisation_percent=counted.use.utilisation_percent * percent // 100)


def fewer_nodes(counted: Counted, cost: Cost, most: Decimal) -> list[Counted]:
    """Return for each capacity type by itself the most nodes with which the pool costs no more than `most`.

    Where none is enough by itself, the last capacity types go first, until the pool fits.
    """
    by_kind = (_first(_fewer_of(counted, kind), cost, most) for kind in counted.nodes)
    found = [smaller for smaller in by_kind if smaller is not None]
    together = None if found else _first(_from_the_end(counted), cost, most)
    return found if together is None else [together]


def less_use(counted: Counted, cost: Cost, most: Decimal) -> Iterator[Counted]:
    """Yield the most utilisation, and the most hours a week, with which the pool costs no more than `most`."""
    now, use = cost(counted), counted.use
    if not now:
        return
    percent = most_that_fits(
        lambda percent: cost(counted.with_use(utilisation_percent=percent)) <= most,
        range(use.utilisation_percent),
        near=int(use.utilisation_percent * most / now),
    )
    if percent is not None:
        yield counted.with_use(utilisation_percent=percent)
    hours = most_that_fits(
        lambda hours: cost(counted.with_use(hours_per_week=hours)) <= most,
        range(1, use.hours_per_week),
        near=int(use.hours_per_week * most / now),
    )
    if hours is not None:
        yield counted.with_use(hours_per_week=hours)


def most_that_fits(fits: Callable[[int], bool], candidates: range, near: int) -> int | None:
    """Return the most of some numbers in ascending order that fits; None where not even the least does.

    Where a number fits, all below it are taken to fit too; the one returned has been tried.

    Args:
        fits: whether a number does.
        candidates: without gaps.
        near: where the border is likely to be; the nearer, the fewer numbers are tried.
    """
    # All below `low` fit, nothing from `high` on does; between them nobody knows yet.
    low, high = candidates.start, max(candidates.start, candidates.stop)
    tried, step = min(max(near, low), high - 1), 1
    while low < high:
        if fits(tried):
            low = tried + 1
            tried = min(tried + step, high - 1)
        else:
            high = tried
            tried = max(tried - step, low)
        step *= 2
        if step > high - low:
            tried = (low + high) // 2
    return None if low == candidates.start else low - 1


def _first(tried: Iterator[Counted], cost: Cost, most: Decimal) -> Counted | None:
    return next((each for each in tried if cost(each) <= most), None)


def _fewer_of(counted: Counted, kind: CapacityType) -> Iterator[Counted]:
    """Yield the pool with one node of a capacity type less each time.

    Fewer nodes of spot can mean more of on-demand, so that not every smaller number is cheaper.
    """
    for nodes in range(counted.nodes[kind] - 1, counted.committed.get(kind, 0) - 1, -1):
        smaller = counted.with_nodes({kind: nodes})
        if smaller is not None:
            yield smaller


def _from_the_end(counted: Counted) -> Iterator[Counted]:
    """Yield the pool with one node less each time, taken from the capacity type that is tried last."""
    nodes: dict[CapacityType, int] = {}
    for kind in reversed(list(counted.nodes)):
        for left in range(counted.nodes[kind] - 1, counted.committed.get(kind, 0) - 1, -1):
            smaller = counted.with_nodes({**nodes, kind: left})
            if smaller is not None:
                nodes[kind] = left
                yield smaller
