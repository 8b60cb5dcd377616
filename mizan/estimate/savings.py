"""The way of one pool from all on-demand, running always, down to what is expected.

Every step is a whole bill, rounded to cents offer by offer; a line is the difference of two such bills. So the lines
lead from the first to the last to the cent, whatever the roundings were. A bill says for how many node hours each
derived figure stands in it; where two bills differ in that, it is in their difference.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.estimate.amounts import NOTHING, Parts, Savings, SavingsKind, SavingsLine
from mizan.estimate.bills import bills_of, sum_of
from mizan.estimate.coverage import Settled
from mizan.estimate.running import Running, at_maximum, is_feasible
from mizan.estimate.tariff import Tariff, beyond, cents, monthly
from mizan.plan import Offer, PoolPlan
from mizan.plan.node_parts import on_demand_price
from mizan.prices import Price
from mizan.prices.hosts import HostRate

# Dividing by a useful share and multiplying again leaves a digit in the last place: no node, and no price.
NEGLIGIBLE = Decimal("1e-9")

# A price row, a region's rate of disks, or the price of a commitment by its name.
Figure = Price | HostRate | str


@dataclass(frozen=True, kw_only=True)
class _Level:
    """A bill on the way down.

    Attributes:
        usd: US dollars a month.
        derived: node hours a week for which each derived figure is paid; none of 0.
    """

    usd: Decimal
    derived: Mapping[Figure, Decimal]


def savings_of(pool: PoolPlan, expected: Settled, undisturbed: Settled, tariff: Tariff) -> Savings:
    """Return the steps of one pool; control plane and unused commitments are not a pool's.

    Args:
        pool: with its offers.
        expected: what runs, and how it is paid for; where the steps lead to.
        undisturbed: the same, if no node were taken back or kept warm.
        tariff: of its stack.
    """
    cold = tuple(replace(paid, idle_bought=Decimal(0)) for paid in expected.paid)
    at_work = Settled(running=replace(expected.running, idle=()), paid=cold)
    unwarmed = _Level(
        usd=sum_of(bills_of(pool, at_work, tariff)),
        derived=_hours(_paid_of_own(pool, at_work), at_work.running, tariff),
    )
    idle = tuple(_idle(pool, expected, tariff))
    last = _Level(
        usd=sum_of(bills_of(pool, expected, tariff)),
        derived=_hours(_paid_of_own(pool, expected), expected.running, tariff, idle),
    )
    baseline, *steps = _levels(pool, undisturbed, tariff)
    lines, before = [], baseline
    # Nothing is unused in a pool: its last two levels are the same.
    for kind, after in zip(SavingsKind, [*steps, unwarmed, last, last], strict=True):
        lines.append(
            SavingsLine(
                kind=kind,
                usd_per_month=after.usd - before.usd,
                is_derived=after.derived != before.derived,
                is_left_derived=bool(after.derived),
            )
        )
        before = after
    return Savings(
        baseline=baseline.usd,
        lines=tuple(lines),
        is_baseline_derived=bool(baseline.derived),
        is_saved_derived=last.derived != baseline.derived,
    )


def added(savings: Iterable[Savings], shared: Parts, *, is_unused_derived: bool) -> Savings:
    """Return the steps of many pools as one.

    Args:
        savings: of each pool.
        shared: control planes and disks of Prometheus, which are in every level, and unused commitments, which come
            with the last step.
        is_unused_derived: a derived figure is in what is expected to be unused.
    """
    every = tuple(savings)
    is_fee_derived = shared.derived.of_clusters
    fees = shared.control_plane + shared.prometheus_disk
    *lines, last = (
        _line(kind, [each.lines[index] for each in every], is_fee_derived=is_fee_derived)
        for index, kind in enumerate(SavingsKind)
    )
    last = replace(
        last,
        usd_per_month=last.usd_per_month + shared.unused_commitments.expected,
        is_derived=last.is_derived or is_unused_derived,
        is_left_derived=last.is_left_derived or is_unused_derived,
    )
    return Savings(
        baseline=sum((each.baseline for each in every), fees.expected),
        lines=(*lines, last),
        is_baseline_derived=is_fee_derived or any(each.is_baseline_derived for each in every),
        is_saved_derived=is_unused_derived or any(each.is_saved_derived for each in every),
    )


def _line(kind: SavingsKind, of_pools: Sequence[SavingsLine], *, is_fee_derived: bool) -> SavingsLine:
    return SavingsLine(
        kind=kind,
        usd_per_month=sum((line.usd_per_month for line in of_pools), NOTHING),
        is_derived=any(line.is_derived for line in of_pools),
        is_left_derived=is_fee_derived or any(line.is_left_derived for line in of_pools),
    )


def _levels(pool: PoolPlan, settled: Settled, tariff: Tariff) -> Iterator[_Level]:
    """Yield the bill before the first step and after each but the last three, in the order of `SavingsKind`."""
    maximum, undisturbed = at_maximum(pool), settled.running
    # Where no work gets done nothing is saved, however cheap it is.
    on_demand = [on_demand_price(pool, offer) if is_feasible(offer) else offer.price for offer in pool.offers]
    hours = pool.expected_use.hours_per_week

    def bill(running: Running, prices: Sequence[Price]) -> _Level:
        return _Level(
            usd=_bill(running, prices, tariff.disk_usd_per_hour(pool)),
            derived=_hours(_paid(running, prices), running, tariff),
        )

    yield bill(Running(nodes=tuple(map(_whole_gpus, pool.offers)), hours_per_week=maximum.hours_per_week), on_demand)
    yield bill(maximum, on_demand)
    yield bill(Running(nodes=maximum.nodes, hours_per_week=hours), on_demand)
    yield bill(undisturbed, on_demand)
    yield bill(undisturbed, _priced(pool, on_demand, CapacityType.SPOT))
    yield bill(undisturbed, _priced(pool, on_demand, CapacityType.SPOT, CapacityType.FLEX_START))
    yield _Level(
        usd=sum_of(bills_of(pool, settled, tariff)),
        derived=_hours(_paid_of_own(pool, settled), undisturbed, tariff),
    )


def _bill(running: Running, prices: Sequence[Price], disk: Decimal) -> Decimal:
    hours = running.hours_per_week
    return sum(
        (
            cents(monthly(nodes, price.usd_per_hour, hours)) + cents(monthly(nodes, disk, hours))
            for nodes, price in zip(running.nodes, prices, strict=True)
        ),
        NOTHING,
    )


def _hours(
    paid: Iterable[tuple[Figure, Decimal]],
    running: Running,
    tariff: Tariff,
    idle: Iterable[tuple[Figure, Decimal]] = (),
) -> dict[Figure, Decimal]:
    """Return the node hours a week of each derived figure.

    Args:
        paid: node hours a week that a derived price is paid for.
        running: nodes with their disks.
        tariff: whose rate of disks may be derived.
        idle: node hours a week of warm nodes that nobody uses.
    """
    disks: list[tuple[Figure, Decimal]] = []
    if tariff.rate.is_borrowed:
        disks = [(tariff.rate, sum(running.nodes, Decimal(0)) * running.hours_per_week)]
    found: defaultdict[Figure, Decimal] = defaultdict(Decimal)
    for figure, hours in (*paid, *disks, *idle):
        found[figure] += hours
    rounded = {figure: hours.quantize(NEGLIGIBLE) for figure, hours in found.items()}
    return {figure: hours for figure, hours in rounded.items() if hours}


def _paid(running: Running, prices: Sequence[Price]) -> Iterator[tuple[Figure, Decimal]]:
    """Yield the node hours that each derived price is paid for, where each offer has one price."""
    hours = running.hours_per_week
    return ((price, nodes * hours) for nodes, price in zip(running.nodes, prices, strict=True) if price.is_derived)


def _paid_of_own(pool: PoolPlan, settled: Settled) -> Iterator[tuple[Figure, Decimal]]:
    """Yield the node hours that each derived price is paid for, where commitments pay for theirs."""
    running = settled.running
    for offer, nodes, paid in zip(pool.offers, running.nodes, settled.paid, strict=True):
        if offer.price.is_derived:
            last = sum((each.last_hours for each in paid.covered), Decimal(0))
            yield offer.price, beyond(nodes * running.hours_per_week, paid.covered) + last
        for each in paid.covered:
            if each.is_derived:
                yield each.commitment, each.node_hours


def _idle(pool: PoolPlan, settled: Settled, tariff: Tariff) -> Iterator[tuple[Figure, Decimal]]:
    """Yield the node hours that each derived figure is paid for while nodes are warm and idle."""
    for index, (offer, paid) in enumerate(zip(pool.offers, settled.paid, strict=True)):
        if offer.price.is_derived:
            yield offer.price, paid.idle_bought
        if tariff.rate.is_borrowed:
            yield tariff.rate, settled.running.idle_at(index).hours


def _priced(pool: PoolPlan, on_demand: Sequence[Price], *kinds: CapacityType) -> list[Price]:
    """Return each offer's price: its own for those capacity types, on-demand for all others."""
    return [
        offer.price if offer.capacity_type in kinds else price
        for offer, price in zip(pool.offers, on_demand, strict=True)
    ]


def _whole_gpus(offer: Offer) -> Decimal:
    """Return the nodes that it takes to give each part of a GPU a GPU of its own."""
    return Decimal(offer.max_nodes * offer.sharing.parts_per_gpu)
