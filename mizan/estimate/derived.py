"""Which dollars a derived figure is in: a price or a rate that was computed, not read from a list.

A figure is in a number where another figure would make it another number. So GPU and host part may be derived where the
price that they are cut from is not, and the host part of an on-demand node, which its price is divided out of again,
may be as listed where that price is not.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Derived:
    """The parts of some dollars that a derived figure is in, at one of the three sizes.

    Attributes:
        node: the price of nodes, which is GPU and host part together.
        gpu: the GPU part by itself: from the price of the node, on-demand or the rates of hosts.
        host: the host part by itself, from the same.
        disk: from the rate of another region.
        control_plane: from the fee of another region.
        unused_commitments: from the price of a commitment, or from the on-demand price that a discount is taken off.
        prometheus_disk: from the rate of another region.
    """

    node: bool = False
    gpu: bool = False
    host: bool = False
    disk: bool = False
    control_plane: bool = False
    unused_commitments: bool = False
    prometheus_disk: bool = False

    @property
    def split(self) -> bool:
        """Return whether a derived figure is in GPU or host part."""
        return self.gpu or self.host

    @property
    def of_clusters(self) -> bool:
        """Return whether a derived figure is in what clusters cost whatever runs in them."""
        return self.control_plane or self.prometheus_disk

    @property
    def total(self) -> bool:
        """Return whether a derived figure is in the sum of all parts; where the price is cut makes it no other."""
        return self.node or self.disk or self.unused_commitments or self.of_clusters

    def __or__(self, other: "Derived") -> "Derived":
        """Return what is derived of two amounts together."""
        return Derived(
            node=self.node or other.node,
            gpu=self.gpu or other.gpu,
            host=self.host or other.host,
            disk=self.disk or other.disk,
            control_plane=self.control_plane or other.control_plane,
            unused_commitments=self.unused_commitments or other.unused_commitments,
            prometheus_disk=self.prometheus_disk or other.prometheus_disk,
        )


NOT_DERIVED = Derived()
