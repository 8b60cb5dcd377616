"""Who holds, borrows and lends how much of one flavor in a tree of cohorts.

Kueue keeps totals: it never says whose idle quota a queue has borrowed. What can be told is what each could have lent
at least and at most, with the nearest cohort's idle quota taken first, as Kueue's own totals count it.
Source of the arithmetic: kubernetes-sigs/kueue@v0.19.2 pkg/cache/scheduler/resource_node.go.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Stake:
    """One queue's, or one cohort's, own units of the flavor.

    Attributes:
        parent: the cohort it is in; None for a root, and for a queue that neither borrows nor lends.
        nominal: its own quota.
        borrowing: the most it may borrow; None is no limit.
        lending: the most of its own that it lends; None is all of it.
        used: what jobs hold; always 0 for a cohort.
    """

    parent: str | None = None
    nominal: Decimal = ZERO
    borrowing: Decimal | None = None
    lending: Decimal | None = None
    used: Decimal = ZERO


@dataclass(frozen=True, kw_only=True)
class Lender:
    """A queue, or a cohort's own quota, and the most of it that can be lent."""

    name: str
    is_cohort: bool
    at_most: Decimal


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one queue has of the flavor, and gives.

    Attributes:
        own: used of its own quota; all that is used, where there is no cohort.
        borrowed: used beyond its own quota.
        lent_at_least: what others hold of its quota whoever the lenders are.
        lent_at_most: the same, if it was asked before every other lender.
        available: what it can still be given at once, borrowed included and nobody preempted.
        lenders: who may have lent what it borrowed.
    """

    own: Decimal
    borrowed: Decimal
    lent_at_least: Decimal
    lent_at_most: Decimal
    available: Decimal
    lenders: tuple[Lender, ...]


@dataclass(eq=False)
class _Node:
    """A queue or cohort of the tree; `usage` and `subtree` are what Kueue counts for it."""

    name: str
    stake: Stake
    is_cohort: bool
    parent: "_Node | None" = None
    children: "list[_Node]" = field(default_factory=list)
    subtree: Decimal = ZERO
    usage: Decimal = ZERO
    lent: tuple[Decimal, Decimal] = (ZERO, ZERO)
    reserve_lent: tuple[Decimal, Decimal] = (ZERO, ZERO)

    @property
    def local(self) -> Decimal:
        """What is never seen by the parent, as it is not lent."""
        if self.stake.lending is None or self.parent is None:
            return ZERO
        return max(ZERO, self.subtree - self.stake.lending)

    @property
    def stored(self) -> Decimal:
        """What the parent counts as its own."""
        return self.subtree - self.local

    @property
    def used_in_parent(self) -> Decimal:
        return max(ZERO, self.usage - self.local)

    @property
    def beyond(self) -> Decimal:
        """What is used beyond all quota of the subtree: borrowed, or over-admitted at a root."""
        return max(ZERO, self.usage - self.subtree)

    @property
    def supply(self) -> Decimal:
        """What the parent can lend of it, or has lent."""
        return max(ZERO, self.stored - self.used_in_parent)

    def count(self) -> None:
        """Add up the subtree, from its leaves."""
        for child in self.children:
            child.count()
        self.subtree = self.stake.nominal + sum((child.stored for child in self.children), ZERO)
        self.usage = self.stake.used + sum((child.used_in_parent for child in self.children), ZERO)

    def spread(self) -> None:
        """Bound what each supplier below has lent: to its siblings, and through this node to others."""
        asked = sum((child.beyond for child in self.children), ZERO)
        reserve = self.stake.nominal if self.is_cohort else ZERO
        supply = reserve + sum((child.supply for child in self.children), ZERO)
        within = min(asked, supply)
        least, most = within + self.lent[0], within + self.lent[1]

        def bounds(own: Decimal) -> tuple[Decimal, Decimal]:
            return max(ZERO, least - (supply - own)), min(own, most)

        self.reserve_lent = bounds(reserve)
        for child in self.children:
            child.lent = bounds(child.supply)
            child.spread()

    def available(self) -> Decimal:
        """Return Kueue's `available`: negative where quota was lowered below what is used."""
        if self.parent is None:
            return self.subtree - self.usage
        found = self.parent.available()
        if self.stake.borrowing is not None:
            found = min(found, self.stored - self.used_in_parent + self.stake.borrowing)
        return max(ZERO, self.local - self.usage) + found


class Tree:
    """All queues and cohorts that have, or share, one flavor."""

    def __init__(self, queues: Mapping[str, Stake], cohorts: Mapping[str, Stake]) -> None:
        """Build and count; a cohort that is only named has no quota, and a circle of cohorts is cut."""
        named = {stake.parent for stake in (*queues.values(), *cohorts.values()) if stake.parent is not None}
        self._cohorts = {
            name: _Node(name, cohorts.get(name, Stake()), is_cohort=True) for name in sorted(named | set(cohorts))
        }
        self._queues = {name: _Node(name, stake, is_cohort=False) for name, stake in sorted(queues.items())}
        for node in (*self._cohorts.values(), *self._queues.values()):
            parent = self._cohorts[node.stake.parent] if node.stake.parent is not None else None
            if parent is not None and not _is_above(node, parent):
                node.parent = parent
                parent.children.append(node)
        for root in self._roots():
            root.count()
            root.spread()

    def share(self, queue: str) -> Share:
        """Return what one queue has and gives."""
        node = self._queues[queue]
        borrowed = node.beyond if node.parent is not None else ZERO
        return Share(
            own=node.usage - borrowed,
            borrowed=borrowed,
            lent_at_least=node.lent[0],
            lent_at_most=node.lent[1],
            available=max(ZERO, node.available()),
            lenders=tuple(_lenders_of(node, borrowed)) if borrowed else (),
        )

    def could_lend_to(self, queue: str) -> Iterator[Lender]:
        """Yield who can lend to a queue, each with what it does not use itself."""
        came_from, node = self._queues[queue], self._queues[queue].parent
        while node is not None:
            for supplier in _suppliers(node, came_from):
                idle = supplier.stake.nominal if supplier.is_cohort else supplier.supply
                most = min([idle, *(each.supply for each in _between(supplier, node))])
                if most:
                    yield Lender(name=supplier.name, is_cohort=supplier.is_cohort, at_most=most)
            came_from, node = node, node.parent

    def reserve_lent(self, cohort: str) -> tuple[Decimal, Decimal]:
        """Return what queues hold of a cohort's own quota, at least and at most."""
        return self._cohorts[cohort].reserve_lent

    def over(self) -> dict[str, Decimal]:
        """Return by root what is used beyond every quota there: quota was lowered while jobs ran."""
        return {root.name: root.beyond for root in self._roots() if root.beyond}

    def _roots(self) -> list[_Node]:
        return [node for node in (*self._cohorts.values(), *self._queues.values()) if node.parent is None]


def _is_above(node: _Node, other: _Node | None) -> bool:
    while other is not None and other is not node:
        other = other.parent
    return other is node


def _lenders_of(queue: _Node, borrowed: Decimal) -> Iterator[Lender]:
    """Yield who may have lent to a queue: its own cohort, and those above as far as cohorts themselves borrow."""
    came_from, node = queue, queue.parent
    while node is not None:
        for supplier in _suppliers(node, came_from):
            lent = supplier.reserve_lent if supplier.is_cohort else supplier.lent
            most = min([borrowed, lent[1], *(each.lent[1] for each in _between(supplier, node))])
            if most:
                yield Lender(name=supplier.name, is_cohort=supplier.is_cohort, at_most=most)
        came_from, node = node, node.parent if node.beyond else None


def _suppliers(node: _Node, leave_out: _Node) -> Iterator[_Node]:
    """Yield every queue below a cohort, and every cohort for its own quota, but for one branch."""
    yield node
    for child in node.children:
        if child is leave_out:
            continue
        if child.is_cohort:
            yield from _suppliers(child, leave_out)
        else:
            yield child


def _between(supplier: _Node, node: _Node) -> Iterator[_Node]:
    """Yield the cohorts through which a supplier lends to `node`: each may limit it."""
    above = supplier if supplier.is_cohort else supplier.parent
    while above is not None and above is not node:
        yield above
        above = above.parent
