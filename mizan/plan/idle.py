"""What would be paid for and not used: commitments larger than their pools, and GPUs that no queue counts."""

from collections.abc import Iterator, Sequence

from mizan.capacity import CapacityType
from mizan.plan.model import CommitmentPlan, Flavor, Offer, PoolPlan
from mizan.plan.queue_model import QueuePlan
from mizan.prices import derived_mark


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
            gpus = sum(offer.max_units for offer in pool.offers)
            yield f"pool {pool.name}: no queue counts its {gpus} GPUs, so no job gets them. Add a quota, or remove it."


def of_spare(flavors: Sequence[Flavor], pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield each capacity type, counted apart, of which there are more GPUs than quota.

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
            yield (
                f"pool {flavor.pool}: grows to {flavor.max_units} GPUs of {flavor.capacity_type}, but queues are "
                f"admitted to {units} of them at most; no job gets the rest, which is in the maximum of every "
                "estimate. Raise the quotas, or lower `maxNodes`."
            )


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
