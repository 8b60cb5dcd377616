"""Pools made smaller, and what they then cost: the arithmetic behind every change that a budget proposes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from mizan.estimate.amounts import Size
from mizan.estimate.bills import bills_of, in_cash
from mizan.estimate.running import as_expected, at_maximum
from mizan.estimate.tariff import Tariff
from mizan.plan import PoolPlan


@dataclass(frozen=True, kw_only=True)
class Smaller:
    """A pool of which there is less.

    Attributes:
        change: what was changed, such as `maxNodes of spot 4 -> 2`.
    """

    pool: PoolPlan
    change: str


def cash_of(pool: PoolPlan, size: Size, tariff: Tariff) -> Decimal:
    """Return what a pool costs beside what is paid in advance anyway, US dollars a month."""
    running = as_expected(pool) if size is Size.EXPECTED else at_maximum(pool)
    return in_cash(bills_of(pool, running, tariff))


def with_nodes(pool: PoolPlan, nodes: Mapping[str, int]) -> PoolPlan:
    """Return the pool with other sizes of some offers, by name; an offer of 0 nodes is gone."""
    offers = (replace(offer, max_nodes=nodes.get(offer.name, offer.max_nodes)) for offer in pool.offers)
    return replace(pool, offers=tuple(offer for offer in offers if offer.max_nodes))


def scaled(pool: PoolPlan, percent: int) -> PoolPlan:
    """Return the pool with so much of every offer, rounded down; what is paid in advance stays."""
    nodes = {offer.name: offer.max_nodes * percent // 100 for offer in pool.offers if not offer.is_committed}
    return with_nodes(pool, nodes)


def fewer_nodes(pool: PoolPlan, fits: Callable[[PoolPlan], bool]) -> list[Smaller]:
    """Return for each capacity type by itself the most nodes with which the pool fits.

    Where none is enough by itself, the last capacity types go first, until the pool fits.
    """
    found = []
    for offer in pool.offers:
        if offer.is_committed:
            continue
        # Fewer nodes of spot can mean more of on-demand, so that not every smaller number is cheaper: each is tried.
        tried = (with_nodes(pool, {offer.name: nodes}) for nodes in range(offer.max_nodes - 1, -1, -1))
        fitting = next((each for each in tried if fits(each)), None)
        if fitting is not None:
            found.append(Smaller(pool=fitting, change=_nodes_changed(pool, fitting)))
    if not found:
        fitting = next((each for each in _from_the_end(pool) if fits(each)), None)
        if fitting is not None:
            found.append(Smaller(pool=fitting, change=_nodes_changed(pool, fitting)))
    return found


def less_use(pool: PoolPlan, fits: Callable[[PoolPlan], bool]) -> list[Smaller]:
    """Return the most utilisation, and the most hours a week, with which the pool fits."""
    use = pool.expected_use

    def utilised(percent: int) -> PoolPlan:
        return replace(pool, expected_use=use.model_copy(update={"utilisation_percent": percent}))

    def running(hours: int) -> PoolPlan:
        return replace(pool, expected_use=use.model_copy(update={"hours_per_week": hours}))

    percent = most_that_fits(lambda percent: fits(utilised(percent)), range(use.utilisation_percent))
    hours = most_that_fits(lambda hours: fits(running(hours)), range(1, use.hours_per_week))
    found = []
    if percent is not None:
        change = f"utilisationPercent {use.utilisation_percent} -> {percent}"
        found.append(Smaller(pool=utilised(percent), change=change))
    if hours is not None:
        found.append(Smaller(pool=running(hours), change=f"hoursPerWeek {use.hours_per_week} -> {hours}"))
    return found


def most_that_fits(fits: Callable[[int], bool], candidates: range) -> int | None:
    """Return the most of some numbers in ascending order that fits; None where not even the least does.

    Where a number fits, all below it are taken to fit too; the one returned has been tried.
    """
    if not candidates or not fits(candidates[0]):
        return None
    low, high = 0, len(candidates)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(candidates[middle]) else (low, middle)
    return candidates[low]


def _from_the_end(pool: PoolPlan) -> Iterator[PoolPlan]:
    """Yield the pool with one node less each time, taken from the offer that is tried last."""
    nodes: dict[str, int] = {}
    for offer in reversed(pool.offers):
        if not offer.is_committed:
            for left in range(offer.max_nodes - 1, -1, -1):
                nodes[offer.name] = left
                yield with_nodes(pool, nodes)


def _nodes_changed(before: PoolPlan, after: PoolPlan) -> str:
    """Return the change as the stack file has it, where committed nodes are part of on-demand."""
    if not after.offers:
        return "left out"
    was, now = _by_capacity_type(before), _by_capacity_type(after)
    changes = [
        f"maxNodes of {kind} {was[kind]} -> {now[kind]}" if now[kind] else f"without {kind}"
        for kind in was
        if was[kind] != now[kind]
    ]
    return " and ".join(changes)


def _by_capacity_type(pool: PoolPlan) -> Counter[str]:
    found: Counter[str] = Counter()
    for offer in pool.offers:
        found[offer.capacity_type.value] += offer.max_nodes
    return found
