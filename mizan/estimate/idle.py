"""What nodes cost that are kept whether jobs run on them or not: the hours in which nobody uses them.

The fewest nodes of an offer (`minNodes`) are there in all hours, warm nodes in those of their schedule; where a pool
has both, the larger number counts and not the sum. Expected work fills the offers in the plan's order all the same: a
job that takes an idle node of a later offer costs less than is told.

Expected work is taken to fall into the hours of the schedule as far as it can, and to run on so many nodes all the
time. In those hours only the nodes that jobs leave over are idle, in the others all warm nodes are. Warm nodes take the
offers in the order in which the pool tries them, as far as these have room. An idle node that is paid for in advance
costs its disk and nothing else: what it uses of a commitment stays unused, as no work uses it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from mizan.config.schedules import HOURS_PER_WEEK, starts_of
from mizan.plan import Offer, PoolPlan


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Node hours of a week in which nodes of one offer are kept and idle.

    Attributes:
        hours: all of them.
        bought: those that nobody has paid in advance.
    """

    hours: Decimal = Decimal(0)
    bought: Decimal = Decimal(0)


def warm_hours_per_week(pool: PoolPlan) -> Decimal:
    """Return how much of a mean week the schedule of a pool covers; 0 where it keeps nothing warm."""
    return Decimal(0) if pool.warm is None else starts_of(pool.warm.schedule).hours_per_week(pool.warm.hours)


def keeps_nodes(pool: PoolPlan) -> bool:
    """Return whether some of a pool's nodes are there whether anybody uses them or not."""
    return pool.warm is not None or any(offer.min_nodes for offer in pool.offers)


def idle_ends(pool: PoolPlan) -> tuple[Decimal, ...]:
    """Return the hours of the week at which other nodes of a pool are kept than before."""
    always = (Decimal(HOURS_PER_WEEK),) if any(offer.min_nodes for offer in pool.offers) else ()
    return (warm_hours_per_week(pool), *always)


def idle_of(pool: PoolPlan, nodes: Sequence[Decimal], hours_per_week: int) -> tuple[Idle, ...]:
    """Return for each offer of a pool what it is idle.

    Args:
        pool: with its offers in order.
        nodes: of each offer on which jobs run, while the pool runs.
        hours_per_week: in which it runs.
    """
    hours = [Decimal(0)] * len(pool.offers)
    bought = [Decimal(0)] * len(pool.offers)
    last = max(idle_ends(pool))
    ends = sorted({Decimal(0), *(end for end in (*idle_ends(pool), Decimal(hours_per_week)) if end <= last)})
    for start, end in pairwise(ends):
        running = nodes if start < hours_per_week else (Decimal(0),) * len(nodes)
        idle = idle_nodes(pool, running, start)
        for index, offer in enumerate(pool.offers):
            hours[index] += (end - start) * idle[index]
            bought[index] += (end - start) * _bought(offer, running[index], idle[index])
    return tuple(Idle(hours=each, bought=paid) for each, paid in zip(hours, bought, strict=True))


def idle_nodes(pool: PoolPlan, running: Sequence[Decimal], start: Decimal) -> tuple[Decimal, ...]:
    """Return for each offer how many of its nodes are idle beside those on which jobs run.

    Args:
        pool: with its offers in order.
        running: nodes of each offer on which jobs run.
        start: hour of the week; the schedule of warm nodes covers the first ones.
    """
    kept = [max(Decimal(0), offer.min_nodes - nodes) for offer, nodes in zip(pool.offers, running, strict=True)]
    is_warm = pool.warm is not None and start < warm_hours_per_week(pool)
    warm = Decimal(pool.warm.nodes) if pool.warm is not None and is_warm else Decimal(0)
    left = max(Decimal(0), warm - sum(running, Decimal(0)) - sum(kept, Decimal(0)))
    for index, offer in enumerate(pool.offers):
        more = min(left, offer.max_nodes - running[index] - kept[index])
        kept[index] += more
        left -= more
    return tuple(kept)


def _bought(offer: Offer, nodes: Decimal, idle: Decimal) -> Decimal:
    """Return how many idle nodes nobody has paid in advance."""
    committed = sum(offer.commitments.values(), Decimal(0))
    return max(Decimal(0), nodes + idle - committed) - max(Decimal(0), nodes - committed)
