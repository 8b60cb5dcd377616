"""What would be paid for and not used: commitments larger than their pools, and GPUs that no job is admitted to."""

from collections.abc import Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from mizan.capacity import CapacityType
from mizan.plan.model import CommitmentPlan, Flavor, Offer, PoolPlan
from mizan.plan.pod_requests import spelt_units
from mizan.plan.queue_model import QueuePlan
from mizan.prices import HOURS_PER_MONTH, derived_mark


def of_commitments(commitments: Sequence[CommitmentPlan], pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield each commitment of which a part can never be used."""
    offers = [offer for pool in pools for offer in pool.offers if offer.commitments]
    for commitment in commitments:
        used = int(sum(offer.commitments.get(commitment.name, 0) for offer in offers))
        if commitment.nodes is not None and used < commitment.nodes:
            yield (
                f"commitment {commitment.name}: pays for {commitment.nodes} nodes, but the pools' on-demand capacity "
                f"has room for {used} of them. Raise `maxNodes`, or count the rest as paid for nothing."
            )
        if commitment.discount is not None:
            yield from _of_dollars(commitment, offers)


def of_order(queues: Sequence[QueuePlan]) -> Iterator[str]:
    """Yield where a queue buys nodes of a pool while others of it, paid for in advance, may be idle."""
    for queue in queues:
        tried: dict[str, list[Offer]] = {}
        for quota in queue.quotas:
            before = tried.setdefault(quota.flavor.pool, [])
            reserved = next((offer for offer in quota.flavor.offers if offer.is_committed), None)
            if before and reserved is not None:
                kinds = " and ".join(dict.fromkeys(offer.capacity_type for offer in before))
                dearest = max((offer.price for offer in before), key=lambda price: price.usd_per_hour)
                paying = " and ".join(reserved.commitments)
                usd = f"${dearest.usd_per_hour:.2f}{derived_mark(is_derived=dearest.is_derived)}"
                yield (
                    f"queue {queue.name}: tries {kinds} of pool {quota.flavor.pool} before the on-demand nodes that "
                    f"{paying} pays for; while those are idle, each node costs up to {usd} an hour for nothing. Put "
                    "its quota of on-demand first."
                )
            if quota.nominal:
                before += quota.flavor.offers


def of_queueless(pools: Sequence[PoolPlan], queues: Sequence[QueuePlan]) -> Iterator[str]:
    """Yield each pool that no queue counts: no job can be admitted to it, and it is in every estimate."""
    counted = {quota.flavor.pool for queue in queues for quota in queue.quotas}
    for pool in pools:
        if pool.name not in counted:
            units = spelt_units(sum(offer.max_units for offer in pool.offers), pool.sharing)
            yield f"pool {pool.name}: no queue counts its {units}, so no job gets them. Add a quota, or remove it."


def of_spare(flavors: Sequence[Flavor], pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield each capacity type, counted apart, of which there is more than quota.

    Where the autoscaler chooses, more nodes than quota is what a fallback is: those of one capacity type stand in for
    those of another.
    """
    claims = {pool.name: pool.claims for pool in pools}
    for flavor in flavors:
        held = claims[flavor.pool]
        if held is None or flavor.capacity_type is None:
            continue
        units = held.units(flavor.capacity_type)
        if units < flavor.max_units:
            sizes = "minimum and maximum" if _never_used(flavor, units) else "maximum"
            yield (
                f"pool {flavor.pool}: grows to {spelt_units(flavor.max_units, flavor.sharing)} of "
                f"{flavor.capacity_type}, but queues are admitted to {units} of them at most; no job gets the rest, "
                f"which is in the {sizes} of every estimate. Raise the quotas, or lower `maxNodes`."
            )


def of_kept(flavors: Sequence[Flavor], pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield each flavor of which more nodes are always there than its quotas fill."""
    claims = {pool.name: pool.claims for pool in pools}
    for flavor in flavors:
        held = claims[flavor.pool]
        units = 0 if held is None else held.units(flavor.capacity_type)
        unused = _never_used(flavor, units)
        if unused:
            kept = sum(offer.min_nodes for offer in flavor.offers)
            of_type = f" of {flavor.capacity_type}" if flavor.capacity_type else ""
            parts = spelt_units(kept * flavor.offers[0].units_per_node, flavor.sharing)
            yield (
                f"pool {flavor.pool}: always has {_nodes(kept)}{of_type} with {parts}, but queues are admitted to "
                f"{units} of them at most; no job ever needs {_nodes(unused)}{_cost(flavor, unused)}. Lower "
                "`minNodes`, or raise the quotas."
            )


def _never_used(flavor: Flavor, units: int) -> int:
    """Return how many of a flavor's nodes that are always there remain when its quotas fill the others."""
    filled = -(-units // flavor.offers[0].units_per_node)
    return max(0, sum(offer.min_nodes for offer in flavor.offers) - filled)


def _cost(flavor: Flavor, nodes: int) -> str:
    """Return what so many nodes cost a month, the cheapest that are bought as they run; nothing where there is none."""
    kept = [offer.price for offer in flavor.offers for _ in range(offer.min_nodes) if not offer.is_committed]
    cheapest = sorted(kept, key=lambda price: price.usd_per_hour)[:nodes]
    usd = sum((price.usd_per_hour for price in cheapest), Decimal(0)) * HOURS_PER_MONTH
    mark = derived_mark(is_derived=any(price.is_derived for price in cheapest))
    return f", at ${usd.quantize(Decimal(1), ROUND_HALF_UP):,}{mark} a month whatever runs" if cheapest else ""


def _nodes(count: int) -> str:
    return "1 node" if count == 1 else f"{count} nodes"


def _of_dollars(commitment: CommitmentPlan, offers: Sequence[Offer]) -> Iterator[str]:
    """Yield what is left of a savings plan's dollars once they pay for every on-demand node."""
    discount = commitment.discount or 0
    left = commitment.usd_per_hour - sum(
        offer.commitments.get(commitment.name, 0) * offer.price.usd_per_hour * (1 - discount)
        for offer in offers
        if offer.capacity_type is CapacityType.ON_DEMAND
    )
    if round(left, 2) > 0:
        mark = derived_mark(is_derived=any(offer.price.is_derived for offer in offers))
        yield (
            f"commitment {commitment.name}: ${left:.2f}{mark} of its ${commitment.usd_per_hour:.2f} an hour pay for "
            "nothing, as all on-demand capacity of the pools is paid for. Raise `maxNodes`, or count them as unused."
        )
