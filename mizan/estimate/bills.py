"""What a pool's nodes cost at one size: each offer's bill, and all of it with what commitments pay."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mizan.estimate.amounts import NOTHING
from mizan.estimate.running import Running
from mizan.estimate.tariff import Covered, Tariff, cents, monthly
from mizan.plan import PoolPlan


@dataclass(frozen=True, kw_only=True)
class OfferBill:
    """A month of one offer at one size, in whole cents.

    Attributes:
        nodes: price of its nodes, GPUs and hosts; of committed nodes what their commitments pay.
        disks: of its running nodes; no commitment pays for them.
        covered: of committed nodes, by commitment.
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
        return self.disks if self.covered else self.total


def bills_of(pool: PoolPlan, running: Running, tariff: Tariff) -> tuple[OfferBill, ...]:
    """Return the bill of each offer of a pool."""
    disk = tariff.disk_usd_per_hour(pool)
    bills = []
    for offer, nodes in zip(pool.offers, running.nodes, strict=True):
        disks = cents(monthly(nodes, disk, running.hours_per_week))
        if offer.is_committed:
            covered = tuple(tariff.covered(pool, offer, nodes, running.hours_per_week))
            used = sum((each.used for each in covered), NOTHING)
            bills.append(OfferBill(nodes=used, disks=disks, covered=covered))
        else:
            price = cents(monthly(nodes, offer.price.usd_per_hour, running.hours_per_week))
            bills.append(OfferBill(nodes=price, disks=disks))
    return tuple(bills)


def sum_of(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost together."""
    return sum((bill.total for bill in bills), NOTHING)


def in_cash(bills: Sequence[OfferBill]) -> Decimal:
    """Return what all of them cost beside what is paid in advance; what a smaller pool could save."""
    return sum((bill.in_cash for bill in bills), NOTHING)
