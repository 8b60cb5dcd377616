"""What an hour of a node costs, which part of it is paid for the GPU, and what is paid in advance."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from functools import cached_property

from mizan.catalogue import Machine
from mizan.config.schedules import HOURS_PER_WEEK
from mizan.plan import CommitmentPlan, Offer, PoolPlan
from mizan.plan.node_parts import gpu_share, host_usd_per_hour
from mizan.prices import HOURS_PER_MONTH
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
    """Nodes of one offer that one commitment pays for.

    Attributes:
        node_hours: of a week.
        usd: of its dollars that go into all of them, a week.
        used: US dollars a month, in whole cents.
        is_derived: a derived price is in what is used: its own, or those that say how much is.
        last_hours: those node hours that took all dollars that were left; another price makes other nodes of them, and
            what they save stays the same.
    """

    commitment: str
    node_hours: Decimal
    usd: Decimal
    used: Decimal
    is_derived: bool
    last_hours: Decimal = Decimal(0)


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
        return host_usd_per_hour(machine, self.rate)

    def gpu_share(self, pool: PoolPlan, offer: Offer) -> Decimal:
        """Return the share of a node's price that is paid for its GPUs, 0 to 1."""
        return gpu_share(pool, offer, self.rate)

    @cached_property
    def floating(self) -> tuple[CommitmentPlan, ...]:
        """Return the commitments that keep no nodes, in the order they are used up; those of one machine come first."""
        found = (commitment for commitment in self.commitments.values() if not commitment.keeps_nodes)
        return tuple(sorted(found, key=lambda commitment: commitment.machine is None))

    def floating_on(self, machine: Machine) -> tuple[CommitmentPlan, ...]:
        """Return those of them that are for a machine."""
        if machine.name not in self._floating_on:
            self._floating_on[machine.name] = tuple(each for each in self.floating if covers(each, machine))
        return self._floating_on[machine.name]

    @cached_property
    def _floating_on(self) -> dict[str, tuple[CommitmentPlan, ...]]:
        return {}

    def covered(self, offer: Offer, nodes: Decimal, hours_per_week: int) -> Iterator[Covered]:
        """Yield what each commitment that keeps nodes of an offer pays for; the one named first is used up first.

        Dollars are rounded down, as is what is paid, so that the parts used never pass the whole.
        """
        left = nodes
        for name, most in offer.commitments.items():
            commitment = self.commitments[name]
            if not commitment.keeps_nodes:
                continue
            taken = min(left, most)
            usd_per_hour = taken * commitment.usd_per_hour / (commitment.nodes or 1)
            yield Covered(
                commitment=name,
                node_hours=taken * hours_per_week,
                usd=usd_per_hour * hours_per_week,
                used=monthly(Decimal(1), usd_per_hour, hours_per_week).quantize(CENT, ROUND_DOWN),
                is_derived=commitment.is_derived,
            )
            left -= taken


def covers(commitment: CommitmentPlan, machine: Machine) -> bool:
    """Return whether a commitment is for a machine."""
    return machine == commitment.machine if commitment.machine else machine.provider == commitment.provider


def kept_nodes(offer: Offer, tariff: Tariff) -> Decimal:
    """Return how many nodes of an offer are kept for it by what is paid in advance."""
    kept = (nodes for name, nodes in offer.commitments.items() if tariff.commitments[name].keeps_nodes)
    return sum(kept, Decimal(0))


def beyond(node_hours: Decimal, covered: Iterable[Covered]) -> Decimal:
    """Return the node hours of those that run that no commitment pays for."""
    return node_hours - sum((each.node_hours for each in covered), Decimal(0))


def paid_in_advance(commitment: CommitmentPlan) -> Decimal:
    """Return what a commitment costs in a month, used or not."""
    return monthly(Decimal(1), commitment.usd_per_hour).quantize(CENT, ROUND_DOWN)
