"""Pools made smaller, and what they then cost: the arithmetic behind every change that a budget proposes."""

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.estimate.counted import Counted

# What a pool costs, and so whether it fits.
Cost = Callable[[Counted], Decimal]


def scaled(counted: Counted, percent: int) -> Counted:
    """Return the pool with so much of every capacity type, rounded down: at least a node, and what is committed."""
    nodes = {
        kind: max(1, counted.least_nodes.get(kind, 0), most * percent // 100) for kind, most in counted.nodes.items()
    }
    return counted.with_nodes(nodes) or counted


def used(counted: Counted, percent: int) -> Counted:
    """Return the pool with so much of its expected use, rounded down, as long as it is used at all."""
    now = counted.use.utilisation_percent
    return counted.with_use(utilisation_percent=max(min(1, now), now * percent // 100))


def fewer_nodes(counted: Counted, cost: Cost, most: Decimal) -> list[Counted]:
    """Return for each capacity type by itself the most nodes with which the pool costs no more than `most`.

    Where none is enough by itself, the last capacity types go first, until the pool fits.

    Fewer nodes of spot can mean more of on-demand: from a pool that costs too much, each node less makes it dearer
    until on-demand is full, and cheaper from there on. So once it fits, it fits with every smaller number.
    """
    by_kind = (_fewest_less(counted, {}, kind, cost, most) for kind in counted.nodes)
    found = [smaller for smaller in by_kind if smaller is not None]
    if found:
        return found
    nodes: dict[CapacityType, int] = {}
    for kind in reversed(list(counted.nodes)):
        smaller = _fewest_less(counted, nodes, kind, cost, most)
        if smaller is not None:
            return [smaller]
        least = _least(counted, nodes, kind)
        if least is not None:
            nodes[kind] = least
    return []


def less_use(counted: Counted, cost: Cost, most: Decimal) -> Iterator[Counted]:
    """Yield the most utilisation, and the most hours a week, with which the pool costs no more than `most`."""
    now, use = cost(counted), counted.use
    if not now:
        return
    percent = most_that_fits(
        lambda percent: cost(counted.with_use(utilisation_percent=percent)) <= most,
        range(1, use.utilisation_percent),
        near=int(use.utilisation_percent * most / now),
    )
    if percent is not None:
        yield counted.with_use(utilisation_percent=percent)
    hours = most_that_fits(
        lambda hours: cost(counted.with_use(hours_per_week=hours)) <= most,
        range(counted.least_hours, use.hours_per_week),
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


def _fewest_less(
    counted: Counted, nodes: Mapping[CapacityType, int], kind: CapacityType, cost: Cost, most: Decimal
) -> Counted | None:
    """Return the pool with the most nodes of a capacity type with which it fits, other types being `nodes`."""
    least, now = _least(counted, nodes, kind), counted.nodes[kind]
    if least is None:
        return None

    def made(number: int) -> Counted | None:
        return counted.with_nodes({**nodes, kind: number})

    def fits(number: int) -> bool:
        smaller = made(number)
        return smaller is not None and cost(smaller) <= most

    number = most_that_fits(fits, range(least, now), near=(least + now) // 2)
    return None if number is None else made(number)


def _least(counted: Counted, nodes: Mapping[CapacityType, int], kind: CapacityType) -> int | None:
    """Return the fewest nodes of a capacity type with which there is a valid stack; None where it cannot shrink.

    What is paid in advance stays, and a type that is the last of a queue or of a pool keeps a node.
    """
    least = counted.least_nodes.get(kind, 0)
    valid = (
        number
        for number in (least, max(1, least))
        if number < counted.nodes[kind] and counted.with_nodes({**nodes, kind: number}) is not None
    )
    return next(valid, None)
