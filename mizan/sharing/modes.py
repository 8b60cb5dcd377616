"""The words for how a GPU is shared, and by whom."""

from enum import StrEnum


class SharingMode(StrEnum):
    """How pods share a GPU.

    `none`: one pod has it whole. `mig`: it is cut into instances that see nothing of each other. `time-slicing`: pods
    take turns, with neither memory nor faults kept apart. `mps`: they run at once, each with its part of the memory.
    `dra`: pods claim it, or an instance of it, as a device; counts go through ResourceClaims.
    """

    NONE = "none"
    MIG = "mig"
    TIME_SLICING = "time-slicing"
    MPS = "mps"
    DRA = "dra"


class Manager(StrEnum):
    """Who sets the sharing up on a node: NVIDIA's GPU operator, or GKE itself."""

    OPERATOR = "operator"
    GKE = "gke"
