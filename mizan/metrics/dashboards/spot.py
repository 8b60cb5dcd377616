"""Spot: how much of the cluster it is, what it saves, and how often it is taken back."""

from collections.abc import Iterator

from mizan.capacity import CapacityType
from mizan.metrics import names
from mizan.metrics.alerts.spot import interruptions
from mizan.metrics.alerts.watch import Watch
from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Section, Step, Unit, number
from mizan.metrics.dashboards.view import TEAM, View, view_of
from mizan.metrics.selector import equals, matches
from mizan.metrics.series import Series
from mizan.plan import Plan

UID = "mizan-gpu-spot"

_SPOT = equals("capacity_type", CapacityType.SPOT.value)


def spot(plan: Plan) -> Board:
    """Return the board of spot nodes."""
    view = view_of(plan)
    return Board(
        uid=UID,
        title="Spot GPUs",
        text="What spot saves against on-demand, and what it costs in interruptions and fallback.",
        sections=(
            Section(title="Share and saving", panels=(*_numbers(view, plan), *_shares(view), *_savings(view))),
            Section(title="Interruptions and fallback", panels=(*_interruptions(view, plan), *_fallback(view, plan))),
        ),
    )


def _numbers(view: View, plan: Plan) -> Iterator[Panel]:
    paid = f"sum({view.own(names.NODE_PRICE)})"
    taken = interruptions(Watch(plan=plan, source=view), "1d")
    yield number(
        "Dollars on spot",
        f"(sum({view.own(names.NODE_PRICE, _SPOT)}) or {paid} * 0) / {paid}",
        unit=Unit.RATIO,
        width=6,
        text="Of what all GPU nodes cost. Where it is low, see fallback below: spot may be out of stock.",
    )
    yield number(
        "Saved per hour",
        view.or_zero(f"sum({view.own(names.SAVING, _SPOT)})"),
        unit=Unit.USD,
        width=6,
        text="What spot nodes cost less than the same on-demand. Below 0 spot is dearer: buy on-demand in that pool.",
    )
    yield number(
        "Saved in the time shown",
        view.or_zero(f"{_added_up(view, names.SAVING_TOTAL)} - {_added_up(view, names.OVERPAID_TOTAL)}"),
        unit=Unit.USD,
        width=6,
        text="As it was added up, less what spot cost more than on-demand. Hold it against the work that interruptions "
        "have lost.",
    )
    yield number(
        "Interruptions in a day",
        view.or_zero(f"sum({taken})"),
        unit=Unit.COUNT,
        width=6,
        text="Spot nodes that were taken back in the last 24 hours. Where they are many, checkpoint more often, or "
        "allow more zones and machines.",
    )


def _added_up(view: View, total: Series) -> str:
    return f"sum(increase({view.own(total, _SPOT)}[$__range]))"


def _shares(view: View) -> Iterator[Panel]:
    bought = f"max by (cluster, node, capacity_type) ({view.own(names.NODE_PRICE, equals(names.PART, names.GPU))})"
    gpus = f"max by (cluster, node) ({view.own(names.NODE_GPUS)})"
    yield Panel(
        title="GPUs by how they are bought",
        text="GPUs of all nodes. On-demand that grows while spot falls is fallback: see below what it costs.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(
            Question(
                expr=f"sum by (capacity_type) ({bought} * 0 + on (cluster, node) group_left () {gpus})",
                legend="{{capacity_type}}",
            ),
        ),
        is_stacked=True,
        width=8,
    )
    yield Panel(
        title="Paid per hour by how it is bought",
        text="The price of all GPU nodes. A band that never changes is what a commitment would be cheaper for.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(
            Question(expr=f"sum by (capacity_type) ({view.own(names.NODE_PRICE)})", legend="{{capacity_type}}"),
        ),
        is_stacked=True,
        width=8,
    )
    cost = f"sum by (team) ({view.own(names.COST, TEAM)})"
    on_spot = f"sum by (team) ({view.own(names.COST, TEAM, _SPOT)})"
    yield Panel(
        title="Teams: dollars on spot",
        text="Of what each team's pods cost. A team without any may not allow spot: ask whether its jobs can be "
        "interrupted, and show what others save.",
        kind=Kind.BARS,
        unit=Unit.RATIO,
        questions=(Question(expr=f"({on_spot} or {cost} * 0) / {cost}", legend="{{team}}"),),
        most=1,
        width=8,
    )


def _savings(view: View) -> Iterator[Panel]:
    saving = view.own(names.SAVING)
    paid = f"sum by (cluster, pool, offer) ({view.own(names.NODE_PRICE)})"
    saved = f"sum by (cluster, pool, offer) ({saving})"
    yield Panel(
        title="Saving against on-demand, per hour",
        text="By offer. An offer at or below 0 costs as much as on-demand and is taken back besides: take it out of "
        "its pool.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=view.or_zero(f"sum by (pool, offer) ({saving})"), legend="{{offer}}"),),
    )
    yield Panel(
        title="Offers: paid and saved, per hour",
        text="What the nodes of each offer cost, and what they would cost more on-demand. Compare the part that is "
        "saved with the one of the estimate.",
        kind=Kind.TABLE,
        unit=Unit.USD,
        questions=(
            Question(expr=paid, legend="Paid"),
            Question(expr=f"{saved} or {paid} * 0", legend="Saved"),
            Question(
                expr=f"({saved} or {paid} * 0) / ({paid} + ({saved} or {paid} * 0))",
                legend="Part saved",
                unit=Unit.RATIO,
            ),
        ),
        columns=(("cluster", "Cluster"), ("pool", "Pool"), ("offer", "Offer")),
    )


def _interruptions(view: View, plan: Plan) -> Iterator[Panel]:
    watch = Watch(plan=plan, source=view)
    yield Panel(
        title="Interruptions in an hour, by offer",
        text="Spot nodes that were taken back. Where they come in waves, one zone or machine is short: allow others.",
        kind=Kind.LINES,
        unit=Unit.COUNT,
        questions=(Question(expr=view.or_zero(interruptions(watch, "1h")), legend="{{offer}}"),),
    )
    limit = plan.alerts.spot_interruptions_per_day
    yield Panel(
        title="Interruptions in a day, by offer",
        text=f"From {limit} a day on an alert is told. Compare the saving with the work that was lost; then checkpoint "
        "more often, or try on-demand first.",
        kind=Kind.BARS,
        unit=Unit.COUNT,
        questions=(Question(expr=view.or_zero(interruptions(watch, "1d")), legend="{{offer}}"),),
        steps=(Step(value=limit, colour=Colour.ACT),),
    )


def fallbacks(plan: Plan) -> tuple[str, ...]:
    """Return the offers that a pool falls back to from spot.

    On-demand nodes beside those that are paid for in advance look the same: such a pool has none.
    """
    return tuple(
        offer.name
        for pool in plan.pools
        if any(each.capacity_type is CapacityType.SPOT for each in pool.offers)
        and not any(each.is_committed for each in pool.offers)
        for offer in pool.offers
        if offer.capacity_type is not CapacityType.SPOT
    )


def _fallback(view: View, plan: Plan) -> Iterator[Panel]:
    offers = fallbacks(plan)
    if not offers:
        return
    of_offers = matches("offer", "|".join(offers))
    gpus = f"sum by (offer) ({view.own(names.NODE_GPUS, of_offers)})"
    paid = f"sum by (offer) ({view.own(names.NODE_PRICE, of_offers)})"
    yield Panel(
        title="GPU hours on fallback in the time shown",
        text="GPUs that ran on on-demand in pools that try spot first, added up every 5 minutes. Many hours mean that "
        "spot is out of stock: allow more zones, machines or regions, or plan with the higher price.",
        kind=Kind.BARS,
        unit=Unit.HOURS,
        questions=(Question(expr=view.or_zero(f"sum_over_time(({gpus})[$__range:5m]) / 12"), legend="{{offer}}"),),
    )
    yield Panel(
        title="Paid on fallback, per hour",
        text="What on-demand nodes of pools cost that try spot first. Work that can wait may wait for spot; work that "
        "cannot should be planned at this price.",
        kind=Kind.LINES,
        unit=Unit.USD,
        questions=(Question(expr=view.or_zero(paid), legend="{{offer}}"),),
    )
