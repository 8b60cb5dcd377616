"""What an hour of a node costs, and which part of it is paid for the GPU.

The host part of a machine is what its vCPUs and memory cost in a machine without GPU of the same provider and region;
the GPU part is the rest of its on-demand price. Spot, flex-start and committed nodes are cut in the same proportion,
since no list tells the two apart there. Where no on-demand price is known the offer's own price stands in; where the
host would cost more than the machine the GPU part is 0.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from mizan.catalogue import Machine
from mizan.estimate.derived import Derived
from mizan.estimate.running import HOURS_PER_WEEK
from mizan.plan import CommitmentPlan, Offer, PoolPlan
from mizan.prices import HOURS_PER_MONTH, Price
from mizan.prices.hosts import HostRate

CENT = Decimal("0.01")
# A savings plan's last dollars buy no round part of a node; this gives them back as they were.
DOLLAR_DIGITS = Decimal("1e-9")


def cents(amount: Decimal) -> Decimal:
    """Return an amount in whole cents, halves up, as on an invoice."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def monthly(nodes: Decimal, usd_per_hour: Decimal, hours_per_week: int = HOURS_PER_WEEK) -> Decimal:
    """Return what nodes cost in a month in so many hours of each week, not rounded."""
    # The division comes last: 730 x 84 / 168 is whole, 84 / 168 x 730 need not be.
    return nodes * usd_per_hour * HOURS_PER_MONTH * hours_per_week / HOURS_PER_WEEK


@dataclass(frozen=True, kw_only=True)
class Covered:
    """Node hours that one commitment pays for.

    Attributes:
        nodes: while the pool runs.
        usd_per_hour: of its dollars that go into all of them.
        used: US dollars a month, in whole cents.
        is_derived: they stand on a computed price: of the commitment or, with a discount, on-demand.
    """

    commitment: str
    nodes: Decimal
    usd_per_hour: Decimal
    used: Decimal
    is_derived: bool


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """The rates of one stack: hosts and disks of its region, and what is paid in advance, by name."""

    rate: HostRate
    commitments: Mapping[str, CommitmentPlan]

    def disk_usd_per_hour(self, pool: PoolPlan) -> Decimal:
        """Return what the boot disk of one running node costs."""
        return pool.disk_gib * self.rate.disk_usd_per_gib_month / HOURS_PER_MONTH

    def host_usd_per_hour(self, machine: Machine) -> Decimal:
        """Return what a machine of the same size costs without GPU."""
        return machine.vcpus * self.rate.usd_per_vcpu_hour + machine.memory_gib * self.rate.usd_per_gib_hour

    def gpu_share(self, pool: PoolPlan, offer: Offer) -> Decimal:
        """Return the share of a node's price that is paid for its GPUs, 0 to 1."""
        price = on_demand_price(pool, offer).usd_per_hour
        return max(Decimal(0), 1 - self.host_usd_per_hour(offer.machine) / price)

    def derived(self, pool: PoolPlan, offer: Offer) -> Derived:
        """Return which of an offer's dollars a derived figure is in."""
        on_demand, disk = on_demand_price(pool, offer), self.rate.is_borrowed
        terms = [self.commitments[name] for name in offer.commitments]
        node = any(self._is_derived(each.name, on_demand=on_demand.is_derived) for each in terms)
        is_at_on_demand = all(each.discount is not None for each in terms)
        if sum(offer.commitments.values()) < offer.max_nodes:
            node |= offer.price.is_derived
            is_at_on_demand &= offer.price == on_demand
        if self.gpu_share(pool, offer) == 0:
            # All of the node is host, whatever a host costs.
            return Derived(node=node, host=node, disk=disk)
        gpu = node or on_demand.is_derived or self.rate.is_derived
        # A node at on-demand has a host at the host's rates: its price x rate / on-demand.
        host = self.rate.is_derived if is_at_on_demand else gpu
        return Derived(node=node, gpu=gpu, host=host, disk=disk)

    def covered(self, pool: PoolPlan, offer: Offer, nodes: Decimal, hours_per_week: int) -> Iterator[Covered]:
        """Yield what each commitment of an offer pays for; the one named first is used up first.

        Dollars are rounded down, as is what is paid, so that the parts used never pass the whole.
        """
        left, on_demand = nodes, on_demand_price(pool, offer)
        for name, most in offer.commitments.items():
            taken = min(left, most)
            usd_per_hour = self._committed(name, taken, on_demand.usd_per_hour)
            used = monthly(Decimal(1), usd_per_hour, hours_per_week).quantize(CENT, ROUND_DOWN)
            yield Covered(
                commitment=name,
                nodes=taken,
                usd_per_hour=usd_per_hour,
                used=used,
                is_derived=self._is_derived(name, on_demand=on_demand.is_derived),
            )
            left -= taken

    def _committed(self, name: str, nodes: Decimal, on_demand: Decimal) -> Decimal:
        commitment = self.commitments[name]
        if commitment.discount is not None:
            return (nodes * on_demand * (1 - commitment.discount)).quantize(DOLLAR_DIGITS)
        return nodes * commitment.usd_per_hour / (commitment.nodes or 1)

    def _is_derived(self, name: str, *, on_demand: bool) -> bool:
        """Return whether the nodes of a commitment cost what was computed; a discount is taken off on-demand."""
        commitment = self.commitments[name]
        return on_demand if commitment.discount is not None else commitment.is_derived


def beyond(nodes: Decimal, covered: Iterable[Covered]) -> Decimal:
    """Return the nodes of those that run that no commitment pays for."""
    return nodes - sum((each.nodes for each in covered), Decimal(0))


def paid_in_advance(commitment: CommitmentPlan) -> Decimal:
    """Return what a commitment costs in a month, used or not."""
    return monthly(Decimal(1), commitment.usd_per_hour).quantize(CENT, ROUND_DOWN)


def on_demand_price(pool: PoolPlan, offer: Offer) -> Price:
    """Return what an offer's machine costs on-demand; its own price where that is unknown."""
    return pool.on_demand or offer.price
