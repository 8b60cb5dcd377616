"""What is bought in advance, resolved: what it costs an hour, and how many nodes of which pool it covers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.config import Cloud, Commitment, CommitmentKind, ConfigFault, StackConfig
from mizan.plan.model import CommitmentPlan
from mizan.prices import Basis, committed_uses

# Times any price it is less than the last digit of a dollar.
NODE_DIGITS = Decimal("1e-12")


@dataclass(frozen=True, kw_only=True)
class _Price:
    """What a commitment costs an hour: of one machine, or of a savings plan as a whole.

    Attributes:
        as_of: None where the stack states the price: it has no day, and was not computed from others.
        basis: as `as_of`.
    """

    usd_per_hour: Decimal
    source: str
    as_of: date | None = None
    basis: Basis | None = None


def commitments_of(config: StackConfig) -> tuple[CommitmentPlan, ...]:
    """Return every commitment of a stack that `parse` has checked, with what an hour of it costs."""
    return tuple(_commitment(each, config) for each in config.commitments)


def covered_nodes(
    commitments: Sequence[CommitmentPlan], on_demand: Mapping[str, tuple[str, Decimal, int]]
) -> dict[str, dict[str, Decimal]]:
    """Return by pool and commitment how many of the pool's on-demand nodes are paid for in advance.

    Each commitment goes to the pools in their order as far as it reaches: first those that count nodes, then savings
    plans, those of one machine before those of any; their dollars pay for nodes at the discounted price, for the last
    one in part.
    Source of that order: https://docs.aws.amazon.com/savingsplans/latest/userguide/sp-applying.html, read 2026-11-23.

    Args:
        commitments: in the order they are used up.
        on_demand: by pool its machine, that machine's on-demand price of an hour, and the most on-demand nodes; in the
            order of `savings_of_covered`.
    """
    left = {pool: Decimal(nodes) for pool, (_, _, nodes) in on_demand.items()}
    covered: dict[str, dict[str, Decimal]] = {pool: {} for pool in on_demand}
    for commitment in sorted(commitments, key=_breadth):
        nodes_left, dollars_left = Decimal(commitment.nodes or 0), commitment.usd_per_hour
        for pool, (machine, price, _) in on_demand.items():
            if commitment.machine is not None and commitment.machine.name != machine:
                continue
            if commitment.machine is None and machines()[machine].provider != commitment.provider:
                continue
            if commitment.discount is None:
                taken = min(left[pool], nodes_left)
                nodes_left -= taken
            else:
                rate = price * (1 - commitment.discount)
                taken = min(left[pool], (dollars_left / rate).quantize(NODE_DIGITS))
                dollars_left = max(Decimal(0), dollars_left - taken * rate)
            if taken:
                covered[pool][commitment.name] = taken
                left[pool] -= taken
    return covered


def _breadth(commitment: CommitmentPlan) -> tuple[bool, bool]:
    """Return where a commitment stands among others that could pay for the same nodes: the narrower goes first."""
    return commitment.discount is not None, commitment.machine is None


def savings_of_covered(hours_per_week: int, on_demand: Decimal, others: Iterable[Decimal | None]) -> Decimal:
    """Return how much a node that is paid for in advance saves a week, in hours of on-demand.

    It stands in for the cheapest node that would run instead, in the hours that its pool runs. So a commitment is of
    most use to the pool with the highest figure. Weeks are taken to begin together: while a pool runs, those with more
    hours run too, so that the hours that it leaves of its share are left by all.

    Args:
        hours_per_week: that the pool runs.
        on_demand: price of an hour of a node.
        others: what a useful hour costs on its other capacity types; None where no work gets done.
    """
    return hours_per_week * min([on_demand, *(price for price in others if price is not None)]) / on_demand


def told_apart(
    covered: Mapping[str, Decimal], on_demand: Decimal, others: Iterable[Decimal | None]
) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """Return of a pool's nodes that are paid for in advance those that are tried first, and the part that is not.

    The last node, paid for in part, is tried first where the rest of its price is less than a useful hour elsewhere.
    Else it is the first of the nodes that are bought on-demand. What pays for it beside others stays there too, so that
    a node pool needs no second reservation.

    Args:
        covered: nodes by commitment, in the order they are used up.
        on_demand: price of an hour of a node.
        others: what a useful hour costs on the pool's other capacity types; None where no work gets done.
    """
    whole, part = divmod(sum(covered.values(), Decimal(0)), 1)
    is_cheapest = all((1 - part) * on_demand < price for price in others if price is not None)
    if not part or (is_cheapest and len(covered) == 1):
        return dict(covered), {}
    first: dict[str, Decimal] = {}
    rest: dict[str, Decimal] = {}
    for name, nodes in covered.items():
        taken = min(nodes, whole)
        whole -= taken
        first |= {name: taken} if taken else {}
        rest |= {name: nodes - taken} if nodes > taken else {}
    return first, rest


def torn_pools(
    config: StackConfig, commitments: Sequence[CommitmentPlan], covered: Mapping[str, Mapping[str, Decimal]]
) -> Iterator[ConfigFault]:
    """Yield a fault for each pool on GKE that a reservation and another commitment pay for together.

    What is paid in advance is one node pool, and a node pool takes all its nodes from one reservation.

    Args:
        config: of the stack.
        commitments: of the stack.
        covered: by pool and commitment the nodes that are paid for in advance.
    """
    kept = {commitment.name for commitment in commitments if commitment.keeps_nodes}
    order = [commitment.name for commitment in commitments]
    for pool, nodes in covered.items() if config.cloud is Cloud.GKE else ():
        # A part of a node stays with the on-demand pool.
        names = {name: int(count) for name, count in nodes.items() if count >= 1}
        if len(names) > 1 and kept & names.keys():
            first, *others = sorted(names, key=order.index)
            yield ConfigFault(
                ("commitments", order.index(others[0]), "nodes"),
                names[others[0]],
                needs=f"a pool of its own, as {first} pays for nodes of {pool} already",
                because="a node pool takes all its nodes from one reservation, and others would never come",
                fix=f"Make a second pool of {pool}'s machine for {others[0]}, and lower on-demand of {pool} to what "
                f"{first} covers",
            )


def _commitment(commitment: Commitment, config: StackConfig) -> CommitmentPlan:
    machine = machines()[commitment.machine] if commitment.machine else None
    price = _price(commitment, config)
    nodes = commitment.nodes
    first = machines()[config.pools[0].machine]
    return CommitmentPlan(
        name=commitment.name,
        kind=commitment.kind,
        machine=machine,
        provider=machine.provider if machine else first.provider,
        nodes=nodes,
        usd_per_hour=price.usd_per_hour * (nodes or 1),
        discount=None if commitment.discount_percent is None else Decimal(commitment.discount_percent) / 100,
        source=price.source,
        as_of=price.as_of,
        basis=price.basis,
        until=commitment.until,
    )


def _price(commitment: Commitment, config: StackConfig) -> _Price:
    if commitment.usd_per_hour is not None:
        return _Price(usd_per_hour=commitment.usd_per_hour, source="the stack's own figure")
    machine = commitment.machine or ""
    if commitment.kind is CommitmentKind.COMMITTED_USE and commitment.term:
        row = committed_uses()[config.region, machine, commitment.term.value]
        source = f"{row.term} of {row.as_of}: {row.source}"
        return _Price(usd_per_hour=row.usd_per_hour, source=source, as_of=row.as_of, basis=row.basis)
    price = config.prices.price(config.region, machine, CapacityType.ON_DEMAND)
    if price is None:
        message = f"{commitment.name}: parse has let a reservation without a price through"
        raise ValueError(message)
    source = f"on-demand of {price.as_of}: {price.source}"
    return _Price(usd_per_hour=price.usd_per_hour, source=source, as_of=price.as_of, basis=price.basis)
