"""What the parts of a GPU cost."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from mizan.plan.model import Offer
from mizan.sharing import GpuPart


@dataclass(frozen=True, kw_only=True)
class PricedPart:
    """One kind of part that an offer's GPUs have.

    Attributes:
        per_gpu: so many on each GPU.
        memory_gib: of each.
        usd_per_hour: of each, not rounded; those of all GPUs of a node make up the node's price.
    """

    name: str
    resource: str
    per_gpu: int
    memory_gib: Fraction
    usd_per_hour: Decimal


def priced_parts(offer: Offer) -> tuple[PricedPart, ...]:
    """Return the parts of an offer's GPUs, from the largest."""
    return tuple(
        PricedPart(
            name=part.name,
            resource=part.resource,
            per_gpu=part.per_gpu,
            memory_gib=part.memory_gib,
            usd_per_hour=unit_price(offer, part),
        )
        for part in offer.sharing.parts
    )


def unit_price(offer: Offer, part: GpuPart) -> Decimal:
    """Return what an hour of a part costs: its share of a GPU's share of the node, host and all."""
    return offer.price.usd_per_hour * part.share.numerator / (part.share.denominator * offer.machine.gpus)
