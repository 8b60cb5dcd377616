"""What would be paid for and not used: commitments larger than their pools, and GPUs that no queue counts."""

from collections.abc import Iterator, Sequence

from mizan.capacity import CapacityType
from mizan.plan.model import CommitmentPlan, Flavor, Offer, PoolPlan, QueuePlan


def of_commitments(commitments: Sequence[CommitmentPlan], pools: Sequence[PoolPlan]) -> Iterator[str]:
    """Yield each commitment of which a part can never be used."""
    offers = [offer for pool in pools for offer in pool.offers if offer.is_committed]
    for commitment in commitments:
        used = sum(offer.commitments.get(commitment.name, 0) for offer in offers)
        if commitment.nodes is not None and used < commitment.nodes:
            yield (
                f"commitment {commitment.name}: pays for {commitment.nodes} nodes, but the pools' on-demand capacity "
                f"has room for {used} of them. Raise `maxNodes`, or count the rest as paid for nothing."
            )
        if commitment.discount is not None:
            yield from _of_dollars(commitment, offers)


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
    """Yield what is left of a savings plan's dollars once they have paid for whole nodes."""
    discount = commitment.discount or 0
    left = commitment.usd_per_hour - sum(
        offer.commitments.get(commitment.name, 0) * offer.price.usd_per_hour * (1 - discount)
        for offer in offers
        if offer.capacity_type is CapacityType.ON_DEMAND
    )
    if left > 0:
        yield (
            f"commitment {commitment.name}: ${left:.2f} of its ${commitment.usd_per_hour:.2f} an hour pay for no whole "
            "on-demand node and count as unused; a cloud also uses a plan for a part of one."
        )
