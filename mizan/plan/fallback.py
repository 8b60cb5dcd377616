"""In which order a pool's capacity types are tried, from dated prices, with the reason for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.config import Order, Workload, WorkloadKind
from mizan.plan.worth import Loss, loss
from mizan.prices import Price, Uptime, derived_mark

# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/dws, read 2026-11-22.
FLEX_START_HOURS = 168


@dataclass(frozen=True, kw_only=True)
class Worth:
    """What an hour of useful work costs on one capacity type, and why.

    Attributes:
        usd_per_useful_hour: of one node; None where it is not feasible.
        lost_share: of the time that interruptions cost, 0 where there are none.
        uptime: of one node; None where it is not taken back.
        reason: in words and numbers.
    """

    usd_per_useful_hour: Decimal | None
    lost_share: Decimal
    uptime: Uptime | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A capacity type that a pool may buy, weighed.

    Attributes:
        left_out: why a pool in order of price does without it, None where it is taken.
    """

    capacity_type: CapacityType
    price: Price
    worth: Worth
    left_out: str | None


@dataclass(frozen=True, kw_only=True)
class Market:
    """What the offers of one pool are weighed by.

    Attributes:
        on_demand: the price that savings are told against, None where it is unknown.
        uptime: of a spot node.
        notice_seconds: that a pod has before a spot node goes.
        min_savings_percent: below which spot is left out.
        workloads: of the queues that use the pool; the one that loses most counts.
    """

    machine: Machine
    on_demand: Price | None
    uptime: Uptime
    notice_seconds: int
    min_savings_percent: int
    workloads: tuple[Workload, ...]


def ordered(candidates: Sequence[Candidate], order: Order) -> tuple[Candidate, ...]:
    """Return the candidates in the order they are tried; by price the cheapest useful hour first, listed as they are.

    Of two that cost the same the one listed first is tried first; what is not feasible comes last.
    """
    if order is Order.LISTED:
        return tuple(candidates)
    return tuple(sorted(candidates, key=_cost))


def _cost(candidate: Candidate) -> tuple[bool, Decimal]:
    cost = candidate.worth.usd_per_useful_hour
    return (cost is None, cost or Decimal(0))


def weigh(price: Price, market: Market) -> Candidate:
    """Return what a useful hour costs at a price, and whether a pool in order of price takes it."""
    if price.capacity_type is CapacityType.SPOT:
        return _weigh_spot(price, market)
    if price.capacity_type is CapacityType.FLEX_START:
        return _weigh_flex_start(price, market)
    worth = _undisturbed(price, f"{_hourly(price)}, never taken back")
    return Candidate(capacity_type=price.capacity_type, price=price, worth=worth, left_out=None)


def savings_percent(price: Price, on_demand: Price | None) -> Decimal | None:
    """Return how much less than on-demand a price is, in per cent; None where on-demand is unknown."""
    return None if on_demand is None else price.saving(on_demand) * 100


def _weigh_spot(price: Price, market: Market) -> Candidate:
    loss_of_worst, workload = max(
        ((spot_loss(market, workload), workload) for workload in market.workloads), key=lambda pair: pair[0].share
    )
    savings = savings_percent(price, market.on_demand)
    told = "no on-demand price to compare" if savings is None else _saving(savings, price, market)
    where = f"mean up-time {_hours(market.uptime.hours)} ({market.uptime.words})"
    if not loss_of_worst.is_feasible:
        reason = (
            f"{_hourly(price)}, not feasible: {workload.nodes} {_nodes(workload)} with {where} stay up "
            f"{_hours(loss_of_worst.uptime_hours)}, and checkpoints of {workload.checkpoint_write_seconds} s with "
            f"restarts of {workload.restart_seconds} s leave no time for work"
        )
        worth = Worth(usd_per_useful_hour=None, lost_share=loss_of_worst.share, uptime=market.uptime, reason=reason)
        return Candidate(capacity_type=price.capacity_type, price=price, worth=worth, left_out=reason)
    useful = price.usd_per_hour / (1 - loss_of_worst.share)
    reason = (
        f"{_hourly(price)}, ${_cents(useful)} a useful hour: {_percent(loss_of_worst.share * 100)} is lost to "
        f"interruptions of {workload.nodes} {_nodes(workload)} with {where} and a checkpoint every "
        f"{_whole(loss_of_worst.interval_seconds)} s; {told}"
    )
    worth = Worth(usd_per_useful_hour=useful, lost_share=loss_of_worst.share, uptime=market.uptime, reason=reason)
    too_little = savings is not None and savings < market.min_savings_percent
    left_out = f"{told}, less than the {market.min_savings_percent} % of `minSavingsPercent`" if too_little else None
    return Candidate(capacity_type=price.capacity_type, price=price, worth=worth, left_out=left_out)


def _weigh_flex_start(price: Price, market: Market) -> Candidate:
    services = any(workload.kind is WorkloadKind.SERVICE for workload in market.workloads)
    longest = max((workload.max_run_hours for workload in market.workloads), default=0)
    if services or longest > FLEX_START_HOURS:
        who = "a service" if services else f"a run of {longest} h"
        reason = f"{_hourly(price)}, not feasible: flex-start ends after {FLEX_START_HOURS} h, which {who} outlives"
        worth = Worth(usd_per_useful_hour=None, lost_share=Decimal(0), uptime=None, reason=reason)
        return Candidate(capacity_type=price.capacity_type, price=price, worth=worth, left_out=reason)
    savings = savings_percent(price, market.on_demand)
    told = "" if savings is None else f"; {_saving(savings, price, market)}"
    reason = f"{_hourly(price)}, waits for its nodes, then never taken back within {FLEX_START_HOURS} h{told}"
    return Candidate(capacity_type=price.capacity_type, price=price, worth=_undisturbed(price, reason), left_out=None)


def spot_loss(market: Market, workload: Workload) -> Loss:
    """Return what interruptions cost a workload on the spot nodes of a pool."""
    return loss(
        nodes=workload.nodes,
        uptime_hours=market.uptime.hours,
        write_seconds=workload.checkpoint_write_seconds,
        restart_seconds=workload.restart_seconds,
        notice_seconds=market.notice_seconds,
        interval_seconds=workload.checkpoint_interval_seconds,
    )


def _undisturbed(price: Price, reason: str) -> Worth:
    return Worth(usd_per_useful_hour=price.usd_per_hour, lost_share=Decimal(0), uptime=None, reason=reason)


def _hourly(price: Price) -> str:
    return f"${_cents(price.usd_per_hour)} an hour{derived_mark(is_derived=price.is_derived)}"


def _saving(percent: Decimal, price: Price, market: Market) -> str:
    """Return what a price saves, marked where it or the on-demand price was computed."""
    is_derived = any(each is not None and each.is_derived for each in (price, market.on_demand))
    return f"saves {_percent(percent)}{derived_mark(is_derived=is_derived)} against on-demand"


def _nodes(workload: Workload) -> str:
    return "node" if workload.nodes == 1 else "nodes"


def _cents(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _percent(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def _hours(amount: Decimal) -> str:
    value, unit = (amount, "h") if amount >= 1 else (amount * 60, "min")
    return f"{value.quantize(Decimal('0.1'), ROUND_HALF_UP)} {unit}"


def _whole(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal(1), ROUND_HALF_UP):,}"
