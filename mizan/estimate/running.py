"""How many nodes of each offer run: at the maximum, and for the work that is expected.

Expected work is `utilisationPercent` of all `maxNodes` of a pool, those of left-out capacity types too, in
`hoursPerWeek` of the 168 hours. It fills the offers in the order in which they are tried. An offer that loses the share
f of its time to interruptions needs 1 / (1 - f) of the nodes for the same work, but never has more than its
`maxNodes`; what does not fit goes to the next offer, as the autoscaler does it, and past the last one stays undone. So
no expected bill is above the maximum one.
"""

from dataclasses import dataclass
from decimal import Decimal

from mizan.plan import Offer, PoolPlan

HOURS_PER_WEEK = 168


@dataclass(frozen=True, kw_only=True)
class Running:
    """Nodes that run at one size.

    Attributes:
        nodes: of each offer, while the pool runs.
        hours_per_week: in which it runs.
        undone: work, counted in nodes, for which there is no node.
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
    use = pool.expected_use
    left = demand(pool)
    nodes = []
    for offer in pool.offers:
        useful = 1 - lost_share(offer) if with_losses else Decimal(1)
        taken = min(Decimal(offer.max_nodes), left / useful)
        nodes.append(taken)
        left = max(Decimal(0), left - taken * useful)
    # Dividing by the useful share and multiplying again leaves a digit in the last place.
    undone = left.quantize(Decimal("1e-9")).normalize() + 0
    return Running(nodes=tuple(nodes), hours_per_week=use.hours_per_week, undone=undone)


def demand(pool: PoolPlan) -> Decimal:
    """Return the expected work in nodes, while the pool runs; leaving a capacity type out makes no work less."""
    nodes = pool.left_out_nodes + sum(offer.max_nodes for offer in pool.offers)
    return Decimal(nodes * pool.expected_use.utilisation_percent) / 100


def lost_share(offer: Offer) -> Decimal:
    """Return the share of an offer's time that is paid without work.

    On an offer that is not feasible no work gets done at all, so no number of hours is enough: its nodes are counted
    as they are paid, once.
    """
    return offer.worth.lost_share if is_feasible(offer) else Decimal(0)


def is_feasible(offer: Offer) -> bool:
    """Return whether work is expected to get done on it."""
    return offer.worth.usd_per_useful_hour is not None
