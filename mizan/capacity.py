"""How capacity is bought: the word that prices, settings and manifests share."""

from enum import StrEnum


class CapacityType(StrEnum):
    """How capacity is bought: `spot` may be taken back at any time, `on-demand` stays.

    `flex-start` is Google's: it waits for its nodes, keeps them for at most seven days and is never preempted.
    """

    SPOT = "spot"
    ON_DEMAND = "on-demand"
    FLEX_START = "flex-start"


def offer_name(pool: str, capacity: CapacityType) -> str:
    """Return the name an offer has as node pool and as flavor, such as `spot-a100` or `ondemand-a100`."""
    return f"{capacity.value.replace('-', '')}-{pool}"


def flavor_name(pool: str, capacity: CapacityType | None) -> str:
    """Return the name of a flavor: its pool's, or the offer's where a queue counts the pool's capacity types apart."""
    return pool if capacity is None else offer_name(pool, capacity)
