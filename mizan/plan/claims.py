"""Who may fill a pool's nodes: what queues hold of each capacity type, what they may borrow, and in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mizan.capacity import CapacityType

# A tree of cohorts, and what its queues count: a capacity type, or None for all that the autoscaler chooses from.
Held = Mapping[tuple[str, CapacityType | None], int]


@dataclass(frozen=True, kw_only=True)
class Share:
    """What a claim may fill of one capacity type, in units of the pool's resource.

    Attributes:
        capacity_type: None where the autoscaler chooses among all of the pool.
        own: of its quota.
        borrowable: beyond that, while others are idle.
    """

    capacity_type: CapacityType | None
    own: int
    borrowable: int


@dataclass(frozen=True, kw_only=True)
class Claim:
    """Queues that are alike, taken together.

    Attributes:
        tree: the cohort at the root of theirs, or the queue itself; what is idle in a tree all its queues find.
        shares: in the order in which they are tried.
        borrows_first: whether what can be borrowed of one capacity type comes before one's own of the next.
    """

    tree: str
    shares: tuple[Share, ...]
    borrows_first: bool

    @property
    def own(self) -> int:
        """Return the units of all its quotas."""
        return sum(share.own for share in self.shares)

    def steps(self) -> Iterator[tuple[Share, bool]]:
        """Yield each share, once for what is its own and once for what is borrowed (True), as they are tried."""
        if self.borrows_first:
            for share in self.shares:
                yield share, False
                yield share, True
        else:
            yield from ((share, False) for share in self.shares)
            yield from ((share, True) for share in self.shares)


@dataclass(frozen=True, kw_only=True)
class Claims:
    """All claims on one pool.

    Attributes:
        held: units that the queues of one tree can be admitted to together, by tree and capacity type.
    """

    each: tuple[Claim, ...]
    held: Held

    @classmethod
    def of_one(cls, units: int) -> "Claims":
        """Return what a single holder of so many units claims, whatever capacity type they are of."""
        share = Share(capacity_type=None, own=units, borrowable=0)
        return cls(each=(Claim(tree="", shares=(share,), borrows_first=False),), held={("", None): units})

    def units(self, capacity_type: CapacityType | None) -> int:
        """Return the units of one capacity type that all queues can be admitted to at once."""
        return sum(units for (_, kind), units in self.held.items() if kind is capacity_type)

    @property
    def all_units(self) -> int:
        """Return the units that all queues can be admitted to at once."""
        return sum(self.held.values())

    @property
    def capacity_types(self) -> tuple[CapacityType | None, ...]:
        """Return what is counted apart, each once."""
        return tuple(dict.fromkeys(kind for _, kind in self.held))
