"""What a pool's nodes cost at one size: each offer's bill, and all of it with what commitments pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mizan.estimate.amounts import NOTHING
from mizan.estimate.running import Running
from mizan.estimate.tariff import Covered, Tariff, beyond, cents, monthly
from mizan.plan import PoolPlan


@dataclass(frozen=True, kw_only=True)
class OfferBill:
    """A month of one offer at one size, in whole cents.

    Attributes:
        nodes: price of its nodes, GPUs and hosts, with what commitments pay of it.
        disks: of its running nodes; no commitment pays for them.
        covered: what commitments pay.
    """

    nodes: Decimal
    disks: Decimal
    covered: tuple[Covered, ...] = ()

    @property
    def total(self) -> Decimal:
        """Return nodes and disks."""
        return self.nodes + self.disks

    @property
    def in_cash(self) -> Decimal:
        """Return what is paid beside what is paid in advance."""
        return self.total - sum((each.used for each in self.covered), NOTHING)


def bills_of(pool: PoolPlan, running: Running, tariff: Tariff) -> tuple[OfferBill, ...]:
    """Return the bill of each offer of a pool."""
    disk = tariff.disk_usd_per_hour(pool)
    bills = []
    for index, (offer, nodes) in enumerate(zip(pool.offers, running.nodes, strict=True)):
        idle = running.idle_at(index)
        disks = cents(monthly(nodes, disk, running.hours_per_week) + monthly(idle.hours, disk, 1))
        covered = tuple(tariff.covered(pool, offer, nodes, running.hours_per_week))
        used = sum((each.used for each in covered), NOTHING)
        usd_per_hour = offer.price.usd_per_hour
        at_work = monthly(beyond(nodes, covered), usd_per_hour, running.hours_per_week)
        bought = cents(at_work + monthly(idle.bought, usd_per_hour, 1))
        bills.append(OfferBill(nodes=used + bought, disks=disks, covered=covered))
    return tuple(bills)


def sum_of(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost together."""
    return sum((bill.total for bill in bills), NOTHING)


def in_cash(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost beside what is paid in advance; what a smaller pool could save."""
    return sum((bill.in_cash for bill in bills), NOTHING)
