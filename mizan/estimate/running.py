"""How many nodes of each offer run: at the maximum, and for the work that is expected.

Expected work is `utilisationPercent` of the nodes for which there is quota, whole ones (of all `maxNodes` where no
queue counts the pool; those of left-out capacity types too), in `hoursPerWeek` of the 168 hours. It fills the offers in
the order in which they are tried. An offer that loses the share f of its time to interruptions needs 1 / (1 - f) of the
nodes for the same work, but never has more than its `maxNodes` or its quota; what does not fit goes to the next offer,
and past the last one stays undone. So no expected bill is above the maximum one.

Nodes that a pool keeps, by a schedule or always, run beside them as far as no job does on them
(mizan/estimate/idle.py).
"""

from dataclasses import dataclass
from decimal import Decimal

from mizan.config.schedules import HOURS_PER_WEEK
from mizan.estimate.filling import filled, usable_nodes
from mizan.estimate.idle import Idle, idle_of, keeps_nodes
from mizan.plan import Offer, PoolPlan


@dataclass(frozen=True, kw_only=True)
class Running:
    """Nodes that run at one size.

    Attributes:
        nodes: of each offer, while the pool runs.
        hours_per_week: in which it runs.
        undone: work, counted in nodes, for which there is no node or no quota, or that never gets done where it runs.
        idle: of each offer, what is kept and idle; empty where nothing is kept.
    """

    nodes: tuple[Decimal, ...]
    hours_per_week: int
    undone: Decimal = Decimal(0)
    idle: tuple[Idle, ...] = ()

    def mean(self, index: int) -> Decimal:
        """Return the nodes of one offer that run on average over all hours, idle ones too."""
        return (self.nodes[index] * self.hours_per_week + self.idle_at(index).hours) / HOURS_PER_WEEK

    def idle_at(self, index: int) -> Idle:
        """Return what is kept and idle of one offer."""
        return self.idle[index] if self.idle else Idle()


def at_maximum(pool: PoolPlan) -> Running:
    """Return every node, all month; a bill of so many machines, whatever they lose to interruptions."""
    return Running(nodes=tuple(Decimal(offer.max_nodes) for offer in pool.offers), hours_per_week=HOURS_PER_WEEK)


def at_minimum(pool: PoolPlan) -> Running:
    """Return what is there when nobody works: the nodes that are kept."""
    nobody = (Decimal(0),) * len(pool.offers)
    idle = idle_of(pool, nobody, HOURS_PER_WEEK) if keeps_nodes(pool) else ()
    return Running(nodes=nobody, hours_per_week=HOURS_PER_WEEK, idle=idle)


def as_expected(pool: PoolPlan, *, with_losses: bool = True, with_warm: bool = True) -> Running:
    """Return what runs for the expected work, and what is kept warm beside it.

    Args:
        pool: whose offers are filled.
        with_losses: False counts as if no node were ever taken back.
        with_warm: False counts as if no node were kept for jobs to come.
    """
    useful = [1 - lost_share(offer) if with_losses else Decimal(1) for offer in pool.offers]
    nodes, undone = filled(pool, demand(pool), useful)
    vain = sum((taken for taken, offer in zip(nodes, pool.offers, strict=True) if not is_feasible(offer)), Decimal(0))
    hours = pool.expected_use.hours_per_week
    idle = idle_of(pool, nodes, hours) if with_warm and keeps_nodes(pool) else ()
    return Running(nodes=nodes, hours_per_week=hours, undone=undone + vain, idle=idle)


def demand(pool: PoolPlan) -> Decimal:
    """Return the expected work in nodes, while the pool runs; leaving a capacity type out makes no work less."""
    return usable_nodes(pool) * pool.expected_use.utilisation_percent / 100


def lost_share(offer: Offer) -> Decimal:
    """Return the share of an offer's time that is paid without work.

    On an offer that is not feasible no work gets done at all, so no number of hours is enough: its nodes are counted
    as they are paid, once.
    """
    return offer.worth.lost_share if is_feasible(offer) else Decimal(0)


def is_feasible(offer: Offer) -> bool:
    """Return whether work is expected to get done on it."""
    return offer.worth.usd_per_useful_hour is not None
