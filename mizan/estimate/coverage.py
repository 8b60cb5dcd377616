"""Which running nodes each commitment pays for, and how many that are warm and idle.

A reservation keeps machines: it pays for the nodes that the Plan gave it to and no others. A committed use or a savings
plan is billed on whatever eligible on-demand nodes run. Weeks begin together: a pool of h hours runs in the first h of
168, so that between two neighbouring ends the same pools run. In each such span every such commitment pays as far as it
reaches: those of one machine before those of all, each first for the nodes that the Plan gave it to, then for others in
the stack's order. So what one pool leaves over is used by the next, and pools in another order change no total.
Source: https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html, read 2026-11-23.

What is left in a span pays for kept nodes that nobody uses. It stays unused all the same, as no work uses it.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

from mizan.capacity import CapacityType
from mizan.estimate.idle import idle_ends, idle_nodes
from mizan.estimate.running import Running
from mizan.estimate.tariff import CENT, DOLLAR_DIGITS, Covered, Tariff, kept_nodes, monthly
from mizan.plan import CommitmentPlan, Offer, PoolPlan
from mizan.plan.node_parts import on_demand_price

# A pool's place in the stack and an offer's in its pool.
Place = tuple[int, int]


@dataclass(frozen=True, kw_only=True)
class Paid:
    """How the nodes of one offer are paid for.

    Attributes:
        covered: what commitments pay.
        idle_bought: node hours a week of kept and idle nodes that nothing bought in advance pays for.
        is_share_derived: how many nodes commitments pay for depends on a derived price.
    """

    covered: tuple[Covered, ...] = ()
    idle_bought: Decimal = Decimal(0)
    is_share_derived: bool = False


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What runs of a pool at one size, and how each of its offers is paid for."""

    running: Running
    paid: tuple[Paid, ...]


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """What commitments pay for in the pools of one stack at one size.

    Attributes:
        pools: in the stack's order.
        left_derived: commitments of which what is left over depends on a derived price.
    """

    pools: tuple[Settled, ...]
    left_derived: frozenset[str] = frozenset()


def is_shared(pool: PoolPlan, tariff: Tariff) -> bool:
    """Return whether what a pool pays can depend on what other pools of its stack run."""
    is_on_demand = any(offer.capacity_type is CapacityType.ON_DEMAND for offer in pool.offers)
    return is_on_demand and bool(tariff.floating_on(pool.machine))


def covered_by(pools: Sequence[PoolPlan], running: Sequence[Running], tariff: Tariff) -> Coverage:
    """Return what commitments pay for.

    Args:
        pools: of one stack, in its order.
        running: of each pool, at one size.
        tariff: of the stack.
    """
    kept = [
        [
            Paid(
                covered=tuple(tariff.covered(offer, nodes, at.hours_per_week)),
                idle_bought=at.idle_at(index).bought,
            )
            for index, (offer, nodes) in enumerate(zip(pool.offers, at.nodes, strict=True))
        ]
        for pool, at in zip(pools, running, strict=True)
    ]
    billing = _Billing(pools, running, tariff)
    billing.bill()
    for pool, offer in billing.places:
        kept[pool][offer] = billing.paid((pool, offer), kept[pool][offer])
    return Coverage(
        pools=tuple(Settled(running=at, paid=tuple(paid)) for at, paid in zip(running, kept, strict=True)),
        left_derived=frozenset(billing.left_derived),
    )


@dataclass(kw_only=True)
class _Amount:
    """Nodes or dollars an hour that are still there, and whether they depend on a derived price."""

    value: Decimal
    is_derived: bool = False


@dataclass(kw_only=True)
class _Part:
    """What a commitment pays for of one offer in a week: node hours, and node hours or dollars of its own."""

    node_hours: Decimal = Decimal(0)
    last_hours: Decimal = Decimal(0)
    amount: Decimal = Decimal(0)
    is_derived: bool = False


@dataclass(kw_only=True)
class _Spent:
    """What an offer's commitments that keep no nodes pay for in a week."""

    parts: defaultdict[str, _Part] = field(default_factory=lambda: defaultdict(_Part))
    idle_bought: Decimal = Decimal(0)
    is_share_derived: bool = False


class _Billing:
    """A week of a stack, billed span by span.

    Attributes:
        places: offers that a commitment without nodes of its own can pay for, with what is spent on them.
        left_derived: as in `Coverage`.
    """

    def __init__(self, pools: Sequence[PoolPlan], running: Sequence[Running], tariff: Tariff) -> None:
        """Begin with nothing paid.

        Args:
            pools: of one stack, in its order.
            running: of each pool.
            tariff: of the stack.
        """
        self._pools = pools
        self._running = running
        self._tariff = tariff
        self.places: dict[Place, _Spent] = {}
        # By machine; None is all of them, as a stack has one provider.
        self._on: defaultdict[str | None, list[Place]] = defaultdict(list)
        self._given: dict[str, list[tuple[Place, Decimal]]] = {each.name: [] for each in tariff.floating}
        for index, pool in enumerate(pools):
            if tariff.floating_on(pool.machine):
                for position, offer in enumerate(pool.offers):
                    if offer.capacity_type is CapacityType.ON_DEMAND:
                        self._add((index, position), offer)
        self.left_derived: set[str] = set()

    def _add(self, place: Place, offer: Offer) -> None:
        self.places[place] = _Spent()
        for machine in (offer.machine.name, None):
            self._on[machine].append(place)
        for name, nodes in offer.commitments.items():
            if name in self._given:
                self._given[name].append((place, nodes))

    def _eligible(self, commitment: CommitmentPlan) -> Sequence[Place]:
        return self._on[commitment.machine.name if commitment.machine else None]

    def bill(self) -> None:
        """Pay for the whole week."""
        pools = {pool for pool, _ in self.places}
        ends = {Decimal(self._running[pool].hours_per_week) for pool in pools}
        ends |= {end for pool in pools if self._running[pool].idle for end in idle_ends(self._pools[pool])}
        for start, end in pairwise(sorted({Decimal(0), *ends})):
            self._bill_span(start, end - start)

    def paid(self, place: Place, kept: Paid) -> Paid:
        """Return how an offer is paid for.

        Args:
            place: of the offer.
            kept: what commitments that keep nodes pay of it.
        """
        spent = self.places[place]
        covered = (self._covered(name, part) for name, part in spent.parts.items())
        return Paid(
            covered=(*kept.covered, *covered),
            idle_bought=spent.idle_bought,
            is_share_derived=spent.is_share_derived,
        )

    def _covered(self, name: str, part: _Part) -> Covered:
        commitment = self._tariff.commitments[name]
        usd = part.amount * commitment.usd_per_hour / commitment.nodes if commitment.nodes else part.amount
        return Covered(
            commitment=name,
            node_hours=part.node_hours,
            usd=usd,
            used=monthly(Decimal(1), usd, 1).quantize(CENT, ROUND_DOWN),
            is_derived=part.is_derived or commitment.is_derived,
            last_hours=part.last_hours,
        )

    def _bill_span(self, start: Decimal, hours: Decimal) -> None:
        at_work = {place: _Amount(value=nodes) for place, nodes in self._at_work(start)}
        idle = dict(self._idle(start)) if any(running.idle for running in self._running) else {}
        left = {each.name: _Amount(value=Decimal(each.nodes or each.usd_per_hour)) for each in self._tariff.floating}
        for each in self._tariff.floating:
            for place, most in self._turns(each):
                if not left[each.name].value:
                    break
                if at_work[place].value:
                    self._take(each, place, most, at_work[place], left[each.name], hours)
            if left[each.name].value and left[each.name].is_derived:
                self.left_derived.add(each.name)
        if idle:
            self._keep_warm(idle, left, hours)

    def _keep_warm(self, idle: dict[Place, Decimal], left: Mapping[str, _Amount], hours: Decimal) -> None:
        """Pay for idle nodes with what work leaves of the commitments, and buy the others."""
        for each in self._tariff.floating:
            for place in self._eligible(each):
                nodes, amount = self._reach(each, place, idle[place], left[each.name].value)
                idle[place] -= nodes
                left[each.name].value -= amount
        for place, nodes in idle.items():
            self.places[place].idle_bought += nodes * hours

    def _turns(self, commitment: CommitmentPlan) -> Iterator[tuple[Place, Decimal | None]]:
        """Yield the offers that a commitment pays for, each with the most nodes; None is all of them."""
        yield from self._given[commitment.name]
        yield from ((place, None) for place in self._eligible(commitment))

    def _take(
        self,
        commitment: CommitmentPlan,
        place: Place,
        most: Decimal | None,
        free: _Amount,
        left: _Amount,
        hours: Decimal,
    ) -> None:
        """Pay for free nodes of an offer with what is left of a commitment, and say what depends on derived prices."""
        wanted = free.value if most is None else min(most, free.value)
        nodes, amount = self._reach(commitment, place, wanted, left.value)
        is_price_derived = commitment.discount is not None and self._price_is_derived(place)
        is_last = amount == left.value
        # What is spent is one of two: all that is left, or what so many nodes cost.
        is_amount_derived = left.is_derived if is_last else is_price_derived or (most is None and free.is_derived)
        spent = self.places[place]
        part = spent.parts[commitment.name]
        part.node_hours += nodes * hours
        part.amount += amount * hours
        part.is_derived |= is_amount_derived
        if is_last:
            part.last_hours += nodes * hours if commitment.discount is not None else Decimal(0)
            free.is_derived |= is_price_derived or left.is_derived
            spent.is_share_derived |= free.is_derived
        free.value -= nodes
        left.value -= amount
        left.is_derived |= is_amount_derived

    def _reach(
        self, commitment: CommitmentPlan, place: Place, nodes: Decimal, left: Decimal
    ) -> tuple[Decimal, Decimal]:
        """Return how many of some nodes of an offer a commitment pays for, and what it spends on them."""
        if commitment.discount is None:
            taken = min(nodes, left)
            return taken, taken
        pool, offer = self._pools[place[0]], self._offer(place)
        usd_per_hour = on_demand_price(pool, offer).usd_per_hour * (1 - commitment.discount)
        dollars = (nodes * usd_per_hour).quantize(DOLLAR_DIGITS)
        return (nodes, dollars) if dollars <= left else (left / usd_per_hour, left)

    def _price_is_derived(self, place: Place) -> bool:
        return on_demand_price(self._pools[place[0]], self._offer(place)).is_derived

    def _offer(self, place: Place) -> Offer:
        return self._pools[place[0]].offers[place[1]]

    def _at_work(self, start: Decimal) -> Iterator[tuple[Place, Decimal]]:
        """Yield the nodes of each offer on which jobs run from an hour of the week on; none that are kept."""
        for pool, offer in self.places:
            running = self._running[pool]
            nodes = running.nodes[offer] if start < running.hours_per_week else Decimal(0)
            yield (pool, offer), max(Decimal(0), nodes - kept_nodes(self._offer((pool, offer)), self._tariff))

    def _idle(self, start: Decimal) -> Iterator[tuple[Place, Decimal]]:
        """Yield the nodes of each offer that are warm and idle from an hour of the week on; none that are kept."""
        for pool, offer in self.places:
            plan, running = self._pools[pool], self._running[pool]
            nodes = running.nodes if start < running.hours_per_week else (Decimal(0),) * len(plan.offers)
            warm = idle_nodes(plan, nodes, start)[offer] if running.idle else Decimal(0)
            kept = max(Decimal(0), kept_nodes(plan.offers[offer], self._tariff) - nodes[offer])
            yield (pool, offer), max(Decimal(0), warm - kept)
