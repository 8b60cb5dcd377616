"""How far what is bought in advance is used.

A commitment is paid 730 hours a month. The Plan says which nodes it pays for (`Offer.commitments`), and these run
first; what they use of it is in their pool's dollars, the rest is a line of its own. So a commitment is counted once,
whatever runs. Hours of different pools are not moved between them: where a pool runs 50 hours a week, its committed
nodes use their commitment 50 hours a week.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.bills import OfferBill
from mizan.estimate.model import CommitmentCost, CommitmentUse
from mizan.estimate.pool_costs import NODE_DIGITS, Priced
from mizan.estimate.running import HOURS_PER_WEEK, Running, at_maximum
from mizan.estimate.tariff import cents, monthly, on_demand_usd_per_hour, paid_in_advance
from mizan.plan import CommitmentPlan

# A hundredth of a per cent.
SHARE_DIGITS = Decimal("0.0001")


def cost_of_commitment(stack: str, commitment: CommitmentPlan, pools: Sequence[Priced]) -> CommitmentCost:
    """Return what a commitment costs and how far the pools use it."""
    return CommitmentCost(
        stack=stack,
        name=commitment.name,
        kind=commitment.kind,
        machine=commitment.machine.name if commitment.machine else None,
        nodes=commitment.nodes,
        usd_per_hour=commitment.usd_per_hour,
        discount=commitment.discount,
        source=commitment.source,
        paid=paid_in_advance(commitment),
        expected=_use(commitment, pools, Size.EXPECTED),
        maximum=_use(commitment, pools, Size.MAXIMUM),
    )


def _use(commitment: CommitmentPlan, pools: Sequence[Priced], size: Size) -> CommitmentUse:
    nodes = used_usd_per_hour = on_demand = eligible = Decimal(0)
    used = NOTHING
    for pool in pools:
        running, bills = _at(pool, size)
        eligible += _eligible(commitment, pool, running)
        for offer, bill in zip(pool.plan.offers, bills, strict=True):
            price = on_demand_usd_per_hour(pool.plan, offer)
            for covered in bill.covered:
                if covered.commitment == commitment.name:
                    hours = running.hours_per_week
                    nodes += covered.nodes * hours / HOURS_PER_WEEK
                    used_usd_per_hour += covered.usd_per_hour * hours / HOURS_PER_WEEK
                    on_demand += monthly(covered.nodes, price, hours)
                    used += covered.used
    return CommitmentUse(
        nodes=nodes.quantize(NODE_DIGITS, ROUND_HALF_UP),
        used=used,
        unused=paid_in_advance(commitment) - used,
        on_demand=cents(on_demand),
        coverage=_share(on_demand / eligible) if eligible else None,
        utilisation=_share(used_usd_per_hour / commitment.usd_per_hour),
    )


def _eligible(commitment: CommitmentPlan, pool: Priced, running: Running) -> Decimal:
    """Return the on-demand dollars a month of what the commitment could cover in a pool: no spot, no flex-start."""
    machine = pool.plan.machine
    covers = machine == commitment.machine if commitment.machine else machine.provider == commitment.provider
    if not covers:
        return Decimal(0)
    return sum(
        (
            monthly(nodes, on_demand_usd_per_hour(pool.plan, offer), running.hours_per_week)
            for offer, nodes in zip(pool.plan.offers, running.nodes, strict=True)
            if offer.capacity_type is CapacityType.ON_DEMAND
        ),
        Decimal(0),
    )


def _at(pool: Priced, size: Size) -> tuple[Running, tuple[OfferBill, ...]]:
    return (pool.running, pool.expected) if size is Size.EXPECTED else (at_maximum(pool.plan), pool.maximum)


def _share(ratio: Decimal) -> Decimal:
    return ratio.quantize(SHARE_DIGITS, ROUND_HALF_UP)
