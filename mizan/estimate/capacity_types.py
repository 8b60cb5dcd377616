"""All pools' dollars by how their nodes are bought."""

from collections.abc import Sequence
from decimal import Decimal

from mizan.estimate.amounts import Parts
from mizan.estimate.model import CapacityKind, CapacityTypeCost
from mizan.estimate.pool_model import OfferCost, PoolCost


def capacity_type_costs(pools: Sequence[PoolCost], shared: Parts) -> tuple[CapacityTypeCost, ...]:
    """Return a row for each capacity kind that occurs, and `shared`.

    Args:
        pools: of all stacks.
        shared: control planes and unused commitments.
    """
    offers = [offer for pool in pools for offer in pool.offers]
    found = [(kind, [offer for offer in offers if _kind(offer) is kind]) for kind in CapacityKind]
    nobodys = CapacityTypeCost(kind=CapacityKind.SHARED, max_nodes=0, expected_nodes=Decimal(0), parts=shared)
    return (
        *(
            CapacityTypeCost(
                kind=kind,
                max_nodes=sum(offer.max_nodes for offer in of_kind),
                expected_nodes=sum((offer.expected_nodes for offer in of_kind), Decimal(0)),
                parts=sum((offer.parts for offer in of_kind), Parts()),
            )
            for kind, of_kind in found
            if of_kind
        ),
        nobodys,
    )


def _kind(offer: OfferCost) -> CapacityKind:
    return CapacityKind.COMMITTED if offer.is_committed else CapacityKind(offer.capacity_type.value)
