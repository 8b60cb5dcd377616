"""A pool of a Plan in dollars at every size."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from mizan.estimate.amounts import NOTHING, Dollars, Parts
from mizan.estimate.bills import OfferBill, bills_of, derived_in
from mizan.estimate.coverage import Settled
from mizan.estimate.pool_model import LeftOut, OfferCost, PoolCost
from mizan.estimate.running import Running, is_feasible, lost_share
from mizan.estimate.savings import savings_of
from mizan.estimate.tariff import Tariff, cents
from mizan.plan import Offer, PoolPlan

# A thousandth of a node is nine hours of a year.
NODE_DIGITS = Decimal("0.001")


@dataclass(frozen=True, kw_only=True)
class Priced:
    """A pool's cost beside the bills that it was made from, which commitments are told from.

    Attributes:
        expected: bill of each offer.
        maximum: bill of each offer.
    """

    plan: PoolPlan
    cost: PoolCost
    running: Running
    expected: tuple[OfferBill, ...]
    maximum: tuple[OfferBill, ...]


@dataclass(frozen=True, kw_only=True)
class AtSizes:
    """What runs of a pool, and how it is paid for.

    Attributes:
        minimum: the nodes that are kept whether anybody works or not.
        undisturbed: expected, if no node were taken back or kept warm.
    """

    minimum: Settled
    expected: Settled
    undisturbed: Settled
    maximum: Settled


def price_pool(stack: str, pool: PoolPlan, at: AtSizes, tariff: Tariff, today: date) -> Priced:
    """Return what a pool costs.

    Args:
        stack: that the pool belongs to.
        pool: with its offers in order.
        at: each size what runs of it.
        tariff: of the stack.
        today: the day that the age of prices is counted to.
    """
    running = at.expected.running
    expected, maximum = bills_of(pool, at.expected, tariff), bills_of(pool, at.maximum, tariff)
    # At the minimum all that is paid in advance is a line of its own: no work uses it.
    minimum = tuple(bill.without_commitments for bill in bills_of(pool, at.minimum, tariff))
    offers = tuple(
        OfferCost(
            name=offer.name,
            capacity_type=offer.capacity_type,
            price=offer.price,
            commitments=dict(offer.commitments),
            is_committed=offer.is_committed,
            max_nodes=offer.max_nodes,
            expected_nodes=running.mean(index).quantize(NODE_DIGITS, ROUND_HALF_UP),
            lost_share=lost_share(offer),
            is_feasible=is_feasible(offer),
            parts=_parts(pool, offer, AtEach(minimum[index], expected[index], maximum[index]), tariff),
            is_stale=offer.price.is_stale(today),
            min_nodes=offer.min_nodes,
        )
        for index, offer in enumerate(pool.offers)
    )
    cost = PoolCost(
        stack=stack,
        name=pool.name,
        machine=pool.machine.name,
        gpu=pool.machine.gpu.name,
        gpus_per_node=pool.machine.gpus,
        hours_per_week=pool.expected_use.hours_per_week,
        utilisation_percent=pool.expected_use.utilisation_percent,
        disk_gib=pool.disk_gib,
        undone_nodes=running.undone.quantize(NODE_DIGITS, ROUND_HALF_UP),
        offers=offers,
        on_demand=pool.on_demand,
        is_on_demand_stale=pool.on_demand is not None and pool.on_demand.is_stale(today),
        savings=savings_of(pool, at.expected, at.undisturbed, tariff),
        left_out=tuple(
            LeftOut(capacity_type=each.capacity_type, reason=each.left_out or each.worth.reason)
            for each in pool.left_out
        ),
        is_minimum_derived=any(
            bill.total and derived_in(pool, offer, (bill,), tariff).total
            for offer, bill in zip(pool.offers, minimum, strict=True)
        ),
        warm=pool.warm,
    )
    return Priced(plan=pool, cost=cost, running=running, expected=expected, maximum=maximum)


def parts_of(pool: PoolPlan, expected: Settled, maximum: Settled, tariff: Tariff) -> Parts:
    """Return what a pool costs by what it is paid for, expected and at the maximum, and nothing else."""
    bills = zip(bills_of(pool, expected, tariff), bills_of(pool, maximum, tariff), strict=True)
    return sum(
        (_parts(pool, offer, AtEach(None, *both), tariff) for offer, both in zip(pool.offers, bills, strict=True)),
        Parts(),
    )


class AtEach(NamedTuple):
    """The bill of an offer at each size; None where it is not asked for."""

    minimum: OfferBill | None
    expected: OfferBill
    maximum: OfferBill

    def dollars(self, amount: Callable[[OfferBill], Decimal]) -> Dollars:
        """Return an amount of each bill."""
        minimum = NOTHING if self.minimum is None else amount(self.minimum)
        return Dollars(minimum=minimum, expected=amount(self.expected), maximum=amount(self.maximum))


def _parts(pool: PoolPlan, offer: Offer, bills: AtEach, tariff: Tariff) -> Parts:
    """Return an offer's dollars by what they are paid for; GPU and host make up the node's price to the cent."""
    gpu_share = tariff.gpu_share(pool, offer)
    gpu = bills.dollars(lambda bill: cents(bill.nodes * gpu_share))
    nodes = bills.dollars(lambda bill: bill.nodes)
    disk = bills.dollars(lambda bill: bill.disks)
    asked = [bill for bill in bills if bill is not None]
    return Parts(gpu=gpu, host=nodes - gpu, disk=disk, derived=derived_in(pool, offer, asked, tariff))
