"""The way of one pool from all on-demand, running always, down to what is expected.

Every step is a whole bill, rounded to cents offer by offer; a line is the difference of two such bills. So the lines
lead from the first to the last to the cent, whatever the roundings were.
"""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.estimate.amounts import NOTHING, Savings, SavingsKind, SavingsLine
from mizan.estimate.bills import bills_of, sum_of
from mizan.estimate.running import Running, as_expected, at_maximum
from mizan.estimate.tariff import Tariff, cents, monthly, on_demand_usd_per_hour
from mizan.plan import Offer, PoolPlan


def savings_of(pool: PoolPlan, expected: Decimal, tariff: Tariff) -> Savings:
    """Return the steps of one pool; control plane and unused commitments are not a pool's.

    Args:
        pool: with its offers.
        expected: where the steps lead to, US dollars a month.
        tariff: of its stack.
    """
    baseline, *steps = _levels(pool, expected, tariff)
    lines, before = [], baseline
    for kind, after in zip(SavingsKind, [*steps, expected], strict=True):
        lines.append(SavingsLine(kind=kind, usd_per_month=after - before))
        before = after
    return Savings(baseline=baseline, lines=tuple(lines))


def added(savings: Iterable[Savings], baseline: Decimal, unused: Decimal) -> Savings:
    """Return the steps of many pools as one.

    Args:
        savings: of each pool.
        baseline: what is in every level beside the pools: the control planes.
        unused: what is paid in advance for nothing.
    """
    every = tuple(savings)
    sums = dict.fromkeys(SavingsKind, NOTHING) | {SavingsKind.UNUSED_COMMITMENTS: unused}
    for each in every:
        for line in each.lines:
            sums[line.kind] += line.usd_per_month
    return Savings(
        baseline=sum((each.baseline for each in every), baseline),
        lines=tuple(SavingsLine(kind=kind, usd_per_month=usd) for kind, usd in sums.items()),
    )


def _levels(pool: PoolPlan, expected: Decimal, tariff: Tariff) -> Iterator[Decimal]:
    """Yield the bill before the first step and after each but the last, in the order of `SavingsKind`."""
    maximum, undisturbed = at_maximum(pool), as_expected(pool, with_losses=False)
    on_demand = [on_demand_usd_per_hour(pool, offer) for offer in pool.offers]
    hours = pool.expected_use.hours_per_week

    def bill(running: Running, prices: Sequence[Decimal]) -> Decimal:
        return _bill(running, prices, tariff.disk_usd_per_hour(pool))

    yield bill(Running(nodes=tuple(map(_whole_gpus, pool.offers)), hours_per_week=maximum.hours_per_week), on_demand)
    yield bill(maximum, on_demand)
    yield bill(Running(nodes=maximum.nodes, hours_per_week=hours), on_demand)
    yield bill(undisturbed, on_demand)
    yield bill(undisturbed, _priced(pool, on_demand, CapacityType.SPOT))
    yield bill(undisturbed, _priced(pool, on_demand, CapacityType.SPOT, CapacityType.FLEX_START))
    yield sum_of(bills_of(pool, undisturbed, tariff))
    yield expected


def _bill(running: Running, prices: Sequence[Decimal], disk: Decimal) -> Decimal:
    hours = running.hours_per_week
    return sum(
        (
            cents(monthly(nodes, price, hours)) + cents(monthly(nodes, disk, hours))
            for nodes, price in zip(running.nodes, prices, strict=True)
        ),
        NOTHING,
    )


def _priced(pool: PoolPlan, on_demand: Sequence[Decimal], *kinds: CapacityType) -> list[Decimal]:
    """Return each offer's price: its own for those capacity types, on-demand for all others."""
    return [
        offer.price.usd_per_hour if offer.capacity_type in kinds else price
        for offer, price in zip(pool.offers, on_demand, strict=True)
    ]


def _whole_gpus(offer: Offer) -> Decimal:
    """Return the nodes that it takes to give each unit of an offer a GPU of its own."""
    return Decimal(offer.max_nodes * offer.units_per_node) / offer.machine.gpus
