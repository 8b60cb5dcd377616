"""How many nodes of each offer run: at the maximum, and for the work that is expected.

Expected work is `utilisationPercent` of the nodes for which there is quota (of all `maxNodes` where no queue counts the
pool; those of left-out capacity types too), in `hoursPerWeek` of the 168 hours. It fills the offers in the order in
which they are tried. An offer that loses the share f of its time to interruptions needs 1 / (1 - f) of the nodes for
the same work, but never has more than its `maxNodes` or its quota; what does not fit goes to the next offer, and past
the last one stays undone. So no expected bill is above the maximum one.
"""

from dataclasses import dataclass
from decimal import Decimal

from mizan.estimate.filling import filled, usable_nodes
from mizan.plan import Offer, PoolPlan

HOURS_PER_WEEK = 168


@dataclass(frozen=True, kw_only=True)
class Running:
    """Nodes that run at one size.

    Attributes:
        nodes: of each offer, while the pool runs.
        hours_per_week: in which it runs.
        undone: work, counted in nodes, for which there is no node or no quota.
    """

    nodes: tuple[Decimal, ...]
    hours_per_week: int
    undone: Decimal = Decimal(0)

    def mean(self, index: int) -> Decimal:
        """Return the nodes of one offer that run on average over all hours."""
        return self.nodes[index] * self.hours_per_week / HOURS_PER_WEEK


def at_maximum(pool: PoolPlan) -> Running:
    """Return every node, all month; a bill of so many machines, whatever they lose to interruptions."""
    return Running(nodes=tuple(Decimal(offer.max_nodes) for offer in pool.offers), hours_per_week=HOURS_PER_WEEK)


def as_expected(pool: PoolPlan, *, with_losses: bool = True) -> Running:
    """Return what runs for the expected work.

    Args:
        pool: whose offers are filled.
        with_losses: False counts as if no node were ever taken back.
    """
    useful = [1 - lost_share(offer) if with_losses else Decimal(1) for offer in pool.offers]
    nodes, undone = filled(pool, demand(pool), useful)
    return Running(nodes=nodes, hours_per_week=pool.expected_use.hours_per_week, undone=undone)


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
