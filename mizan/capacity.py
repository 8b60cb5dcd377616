"""How capacity is bought: the word that prices, settings and manifests share."""

from enum import StrEnum


class CapacityType(StrEnum):
    """How capacity is bought: `spot` may be taken back at any time, `on-demand` stays."""

    SPOT = "spot"
    ON_DEMAND = "on-demand"
