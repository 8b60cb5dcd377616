"""How pods share a GPU: what one of them gets of it, what Kubernetes calls that, and its share of the GPU's price."""

from mizan.sharing.mig import UnfitLayout, layout_of, legal_layouts, unfit_layout
from mizan.sharing.model import GpuPart, GpuSharing
from mizan.sharing.modes import Manager, SharingMode
from mizan.sharing.shares import MOST_REPLICAS, WHOLE, pool_layout, sharing_of

__all__ = [
    "MOST_REPLICAS",
    "WHOLE",
    "GpuPart",
    "GpuSharing",
    "Manager",
    "SharingMode",
    "UnfitLayout",
    "layout_of",
    "legal_layouts",
    "pool_layout",
    "sharing_of",
    "unfit_layout",
]
