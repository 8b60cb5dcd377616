"""How far what is bought in advance is used.

A commitment is paid 730 hours a month. mizan/estimate/coverage.py says which running nodes it pays for; what they use
of it is in their pool's dollars, the rest is a line of its own. So a commitment is counted once, whatever runs.
"""

from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.config.schedules import HOURS_PER_WEEK
from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.bills import OfferBill
from mizan.estimate.commitment_model import CommitmentCost, CommitmentUse
from mizan.estimate.pool_costs import NODE_DIGITS, Priced
from mizan.estimate.running import Running, at_maximum
from mizan.estimate.tariff import Covered, cents, covers, monthly, paid_in_advance
from mizan.plan import CommitmentPlan
from mizan.plan.node_parts import on_demand_price
from mizan.prices import Price

# A hundredth of a per cent.
SHARE_DIGITS = Decimal("0.0001")


def cost_of_commitment(
    stack: str,
    commitment: CommitmentPlan,
    pools: Sequence[Priced],
    left_derived: Mapping[Size, Container[str]],
    today: date,
) -> CommitmentCost:
    """Return what a commitment costs and how far the pools use it.

    Args:
        stack: that it belongs to.
        commitment: of the stack.
        pools: of the stack.
        left_derived: by size the commitments of which what is left over depends on a derived price.
        today: the day that the age of its price is counted to.
    """
    return CommitmentCost(
        stack=stack,
        name=commitment.name,
        kind=commitment.kind,
        machine=commitment.machine.name if commitment.machine else None,
        nodes=commitment.nodes,
        usd_per_hour=commitment.usd_per_hour,
        discount=commitment.discount,
        source=commitment.source,
        as_of=commitment.as_of,
        basis=commitment.basis,
        is_stale=commitment.is_stale(today),
        until=commitment.until,
        paid=paid_in_advance(commitment),
        expected=_use(commitment, pools, Size.EXPECTED, is_left_derived=commitment.name in left_derived[Size.EXPECTED]),
        maximum=_use(commitment, pools, Size.MAXIMUM, is_left_derived=commitment.name in left_derived[Size.MAXIMUM]),
    )


def _use(commitment: CommitmentPlan, pools: Sequence[Priced], size: Size, *, is_left_derived: bool) -> CommitmentUse:
    node_hours = usd = on_demand = Decimal(0)
    used = NOTHING
    for price, covered in _covered(commitment, pools, size):
        node_hours += covered.node_hours
        usd += covered.usd
        on_demand += monthly(covered.node_hours, price.usd_per_hour, 1)
        used += covered.used
    is_used_derived = is_left_derived or (commitment.is_derived and used > 0)
    could = [(price, usd) for price, usd in _eligible(commitment, pools, size) if usd]
    eligible = sum((usd for _, usd in could), Decimal(0))
    paid = paid_in_advance(commitment)
    return CommitmentUse(
        nodes=(node_hours / HOURS_PER_WEEK).quantize(NODE_DIGITS, ROUND_HALF_UP),
        used=used,
        unused=paid - used,
        on_demand=cents(on_demand),
        coverage=_share(on_demand / eligible) if eligible else None,
        utilisation=_share(usd / HOURS_PER_WEEK / commitment.usd_per_hour),
        is_used_derived=is_used_derived,
        # What is used of a price that was agreed on may be computed: what a discount leaves of on-demand.
        is_unused_derived=paid != used if commitment.is_derived else is_used_derived,
        is_on_demand_derived=any(price.is_derived for price, _ in could),
    )


def _covered(commitment: CommitmentPlan, pools: Sequence[Priced], size: Size) -> Iterator[tuple[Price, Covered]]:
    """Yield what the commitment pays for in each pool, with its on-demand price."""
    for pool in pools:
        _, bills = _at(pool, size)
        for offer, bill in zip(pool.plan.offers, bills, strict=True):
            for covered in bill.covered:
                if covered.commitment == commitment.name:
                    yield on_demand_price(pool.plan, offer), covered


def _eligible(commitment: CommitmentPlan, pools: Sequence[Priced], size: Size) -> Iterator[tuple[Price, Decimal]]:
    """Yield on-demand price and dollars a month of what the commitment could cover: no spot, no flex-start."""
    for pool in pools:
        running, _ = _at(pool, size)
        for offer, nodes in zip(pool.plan.offers, running.nodes, strict=True):
            if offer.capacity_type is CapacityType.ON_DEMAND and covers(commitment, pool.plan.machine):
                price = on_demand_price(pool.plan, offer)
                yield price, monthly(nodes, price.usd_per_hour, running.hours_per_week)


def _at(pool: Priced, size: Size) -> tuple[Running, tuple[OfferBill, ...]]:
    return (pool.running, pool.expected) if size is Size.EXPECTED else (at_maximum(pool.plan), pool.maximum)


def _share(ratio: Decimal) -> Decimal:
    return ratio.quantize(SHARE_DIGITS, ROUND_HALF_UP)
