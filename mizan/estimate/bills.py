"""What a pool's nodes cost at one size: each offer's bill, and all of it with what commitments pay."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mizan.estimate.amounts import NOTHING
from mizan.estimate.coverage import Settled
from mizan.estimate.derived import Derived
from mizan.estimate.tariff import Covered, Tariff, beyond, cents, monthly
from mizan.plan import Offer, PoolPlan
from mizan.plan.node_parts import on_demand_price

# Dividing dollars by a price and multiplying again leaves a digit in the last place: no node hour.
NEGLIGIBLE = Decimal("1e-9")


@dataclass(frozen=True, kw_only=True)
class OfferBill:
    """A month of one offer at one size, in whole cents.

    Attributes:
        nodes: price of its nodes, GPUs and hosts, with what commitments pay of it.
        disks: of its running nodes; no commitment pays for them.
        bought_hours: node hours a week at the offer's own price, idle ones too.
        covered: what commitments pay.
        is_share_derived: how many nodes they pay for depends on a derived price.
    """

    nodes: Decimal
    disks: Decimal
    bought_hours: Decimal
    covered: tuple[Covered, ...] = ()
    is_share_derived: bool = False

    @property
    def total(self) -> Decimal:
        """Return nodes and disks."""
        return self.nodes + self.disks

    @property
    def in_cash(self) -> Decimal:
        """Return what is paid beside what is paid in advance."""
        return self.total - self._used

    @property
    def without_commitments(self) -> "OfferBill":
        """Return the bill of what is not paid in advance."""
        return replace(self, nodes=self.nodes - self._used, covered=())

    @property
    def _used(self) -> Decimal:
        return sum((each.used for each in self.covered), NOTHING)


def bills_of(pool: PoolPlan, settled: Settled, tariff: Tariff) -> tuple[OfferBill, ...]:
    """Return the bill of each offer of a pool."""
    disk, running = tariff.disk_usd_per_hour(pool), settled.running
    bills = []
    for index, (offer, nodes, paid) in enumerate(zip(pool.offers, running.nodes, settled.paid, strict=True)):
        disks = cents(monthly(nodes, disk, running.hours_per_week) + monthly(running.idle_at(index).hours, disk, 1))
        used = sum((each.used for each in paid.covered), NOTHING)
        hours = beyond(nodes * running.hours_per_week, paid.covered) + paid.idle_bought
        bills.append(
            OfferBill(
                nodes=used + cents(monthly(hours, offer.price.usd_per_hour, 1)),
                disks=disks,
                bought_hours=hours,
                covered=paid.covered,
                is_share_derived=paid.is_share_derived,
            )
        )
    return tuple(bills)


def derived_in(pool: PoolPlan, offer: Offer, bills: Sequence[OfferBill], tariff: Tariff) -> Derived:
    """Return which of an offer's dollars a derived figure is in.

    Args:
        pool: of the offer.
        offer: of the pool.
        bills: of that offer, one for each size.
        tariff: of the stack.
    """
    on_demand, disk = on_demand_price(pool, offer), tariff.rate.is_borrowed
    covered = [each for bill in bills for each in bill.covered if each.node_hours]
    is_bought = any(bill.bought_hours > NEGLIGIBLE for bill in bills)
    is_share_derived = any(bill.is_share_derived for bill in bills)
    node = is_share_derived or any(each.is_derived for each in covered) or (is_bought and offer.price.is_derived)
    if tariff.gpu_share(pool, offer) == 0:
        # All of the node is host, whatever a host costs.
        return Derived(node=node, host=node, disk=disk)
    gpu = node or on_demand.is_derived or tariff.rate.is_derived
    is_at_on_demand = all(tariff.commitments[each.commitment].discount is not None for each in covered)
    is_at_on_demand &= not is_bought or offer.price == on_demand
    # A node at on-demand has a host at the host's rates: its price x rate / on-demand.
    host = tariff.rate.is_derived if is_at_on_demand and not is_share_derived else gpu
    return Derived(node=node, gpu=gpu, host=host, disk=disk)


def sum_of(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost together."""
    return sum((bill.total for bill in bills), NOTHING)


def in_cash(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost beside what is paid in advance; what a smaller pool could save."""
    return sum((bill.in_cash for bill in bills), NOTHING)
