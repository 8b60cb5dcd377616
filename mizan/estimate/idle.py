"""What warm nodes cost beside those on which jobs run: the hours in which they are there and nobody uses them.

Expected work is taken to fall into the hours of the schedule as far as it can, and to run on so many nodes all the
time. In those hours only the nodes that jobs leave over are idle, in the others all warm nodes are. They take the
offers in the order in which the pool tries them, as far as these have room. An idle node that is paid for in advance
costs its disk and nothing else: what it uses of a commitment stays unused, as no work uses it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from mizan.config.schedules import starts_of
from mizan.plan import Offer, PoolPlan


@dataclass(frozen=True, kw_only=True)
class Idle:
    """Node hours of a week in which nodes of one offer are warm and idle.

    Attributes:
        hours: all of them.
        bought: those that nobody has paid in advance.
    """

    hours: Decimal = Decimal(0)
    bought: Decimal = Decimal(0)


def warm_hours_per_week(pool: PoolPlan) -> Decimal:
    """Return how much of a mean week the schedule of a pool covers; 0 where it keeps nothing warm."""
    return Decimal(0) if pool.warm is None else starts_of(pool.warm.schedule).hours_per_week(pool.warm.hours)


def idle_of(pool: PoolPlan, nodes: Sequence[Decimal], hours_per_week: int) -> tuple[Idle, ...]:
    """Return for each offer of a pool what it is idle.

    Args:
        pool: with its offers in order.
        nodes: of each offer on which jobs run, while the pool runs.
        hours_per_week: in which it runs.
    """
    if pool.warm is None:
        return (Idle(),) * len(pool.offers)
    hours = warm_hours_per_week(pool)
    beside = min(hours, Decimal(hours_per_week))
    nobody = (Decimal(0),) * len(nodes)
    found = [
        (span, running, idle_nodes(pool, running)) for span, running in ((beside, nodes), (hours - beside, nobody))
    ]
    return tuple(
        Idle(
            hours=sum((span * idle[index] for span, _, idle in found), Decimal(0)),
            bought=sum(
                (span * _bought(offer, running[index], idle[index]) for span, running, idle in found), Decimal(0)
            ),
        )
        for index, offer in enumerate(pool.offers)
    )


def idle_nodes(pool: PoolPlan, running: Sequence[Decimal]) -> tuple[Decimal, ...]:
    """Return for each offer of a pool that keeps nodes warm how many are idle beside those on which jobs run."""
    return tuple(_left_over(pool, running))


def _left_over(pool: PoolPlan, running: Sequence[Decimal]) -> Iterator[Decimal]:
    warm = 0 if pool.warm is None else pool.warm.nodes
    left = max(Decimal(0), warm - sum(running, Decimal(0)))
    for offer, nodes in zip(pool.offers, running, strict=True):
        idle = min(left, offer.max_nodes - nodes)
        yield idle
        left -= idle


def _bought(offer: Offer, nodes: Decimal, idle: Decimal) -> Decimal:
    """Return how many idle nodes nobody has paid in advance."""
    committed = sum(offer.commitments.values(), Decimal(0))
    return max(Decimal(0), nodes + idle - committed) - max(Decimal(0), nodes - committed)
