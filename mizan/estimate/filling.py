"""Which offers expected work fills, when those who hold quota of a pool use theirs, and what they can borrow.

All are taken to be equally busy: each does the same share of what its own quotas hold. So there is nothing to borrow
but what nobody does work for: quota of a cohort itself, and what is left of an owner's. A claim fills its capacity
types in its queue's order, with own quota first; where its queue borrows before it tries the next capacity type, so
does it.

A cloud rents no part of a node. So the quota of a few parts of GPUs counts as the whole nodes that hold them, and what
is used of it is the share of time in which they run.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.plan import PoolPlan
from mizan.plan.claims import Claim, Claims, Share

# Of one tree of cohorts and one capacity type, nodes.
Nodes = Mapping[tuple[str, CapacityType | None], Decimal]

# Dividing by a useful share and multiplying again leaves a digit in the last place.
NEGLIGIBLE = Decimal("1e-9")


def usable_nodes(pool: PoolPlan) -> Decimal:
    """Return the nodes for which there is quota; where no queue counts a pool all of them are, left-out ones too.

    Of each capacity type that is counted apart they are whole ones, as a cloud rents no part of a node.
    """
    return _usable(pool, is_whole=True)


def quota_nodes(pool: PoolPlan) -> Decimal:
    """Return the same as far as quota reaches, the last node of each capacity type perhaps in part."""
    return _usable(pool, is_whole=False)


def _usable(pool: PoolPlan, *, is_whole: bool) -> Decimal:
    sizes = _sizes(pool)
    every = Decimal(sum(sizes.values()))
    if pool.claims is None or not pool.offers:
        return every
    nodes = _Nodes(pool, pool.claims)
    return sum(
        (
            min(every if kind is None else Decimal(sizes[kind]), nodes.held(kind, is_whole=is_whole))
            for kind in pool.claims.capacity_types
        ),
        Decimal(0),
    )


def filled(pool: PoolPlan, work: Decimal, useful: Sequence[Decimal]) -> tuple[tuple[Decimal, ...], Decimal]:
    """Return the nodes of each offer that so much work takes, and the work for which there is no node or no quota.

    Args:
        pool: whose offers are filled.
        work: in nodes.
        useful: the share of each offer's time in which work gets done, above 0.
    """
    if not pool.offers:
        return (), work
    claims = pool.claims or Claims.of_one(sum(offer.max_units for offer in pool.offers))
    works = list(_works(claims, work))
    nodes = _Nodes(pool, claims)
    undisturbed = _Filling(nodes, useful, idle={})
    for claim, share in zip(claims.each, works, strict=True):
        undisturbed.fill(claim, share)
    idle = {place: nodes.of(place[1], units) - undisturbed.used[place] for place, units in claims.held.items()}
    filling = _Filling(nodes, useful, idle=idle)
    left = sum((filling.fill(claim, share) for claim, share in zip(claims.each, works, strict=True)), Decimal(0))
    return tuple(filling.nodes), left.quantize(NEGLIGIBLE).normalize() + 0


class _Nodes:
    """What units of a pool are in nodes.

    All quota of a capacity type together is a whole number of nodes, of which each unit is the same part.
    """

    def __init__(self, pool: PoolPlan, claims: Claims) -> None:
        """Count the nodes for all quota of each capacity type.

        Args:
            pool: with its offers.
            claims: on the pool.
        """
        self.pool = pool
        self._units = {kind: claims.units(kind) for kind in claims.capacity_types}
        self._per_node = pool.offers[0].units_per_node

    def held(self, kind: CapacityType | None, *, is_whole: bool = True) -> Decimal:
        """Return the nodes for all quota of a capacity type, whole ones or as far as it reaches."""
        units = self._units.get(kind, 0)
        return Decimal(-(-units // self._per_node)) if is_whole else Decimal(units) / self._per_node

    def of(self, kind: CapacityType | None, units: int) -> Decimal:
        """Return so many units of a capacity type in nodes."""
        every = self._units.get(kind, 0)
        return units * self.held(kind) / every if every else Decimal(units) / self._per_node


class _Filling:
    """A pool whose nodes are taken, claim by claim.

    Attributes:
        nodes: taken of each offer.
        used: of whose quota they are.
    """

    def __init__(self, nodes: _Nodes, useful: Sequence[Decimal], idle: Nodes) -> None:
        """Begin with no node taken.

        Args:
            nodes: of the pool whose offers are filled.
            useful: the share of each offer's time in which work gets done.
            idle: nodes that may be borrowed.
        """
        self._of = nodes.of
        self._offers = nodes.pool.offers
        self._useful = useful
        self._idle = dict(idle)
        self.nodes = [Decimal(0)] * len(self._offers)
        self.used: defaultdict[tuple[str, CapacityType | None], Decimal] = defaultdict(Decimal)

    def fill(self, claim: Claim, work: Decimal) -> Decimal:
        """Take nodes for the work of a claim and return the work that is left."""
        left = work
        for share, is_borrowed in claim.steps():
            place = (claim.tree, share.capacity_type)
            if is_borrowed:
                most = min(self._of(share.capacity_type, share.borrowable), self._idle.get(place, Decimal(0)))
            else:
                most = self._of(share.capacity_type, share.own)
            taken, left = self._take(share, most, left)
            self.used[place] += taken
            if is_borrowed:
                self._idle[place] = self._idle.get(place, Decimal(0)) - taken
        return left

    def _take(self, share: Share, most: Decimal, work: Decimal) -> tuple[Decimal, Decimal]:
        """Take at most so many nodes of a share's offers; return what was taken and the work that is left."""
        taken, left = Decimal(0), work
        for index, offer in enumerate(self._offers):
            if share.capacity_type in (None, offer.capacity_type):
                free = min(offer.max_nodes - self.nodes[index], most - taken)
                nodes = min(free, left / self._useful[index])
                self.nodes[index] += nodes
                taken += nodes
                left = max(Decimal(0), left - nodes * self._useful[index])
        return taken, left


def _works(claims: Claims, work: Decimal) -> Iterator[Decimal]:
    """Yield each claim's part of the work, in proportion to own quota; where nobody has any, in equal parts."""
    whole = sum(claim.own for claim in claims.each)
    for claim in claims.each:
        yield work * claim.own / whole if whole else work / len(claims.each)


def _sizes(pool: PoolPlan) -> Mapping[CapacityType | None, int]:
    """Return the nodes of each capacity type; None is what the pool lists and the stack leaves out."""
    sizes: defaultdict[CapacityType | None, int] = defaultdict(int, {None: pool.left_out_nodes})
    for offer in pool.offers:
        sizes[offer.capacity_type] += offer.max_nodes
    return sizes
