"""What changes between two estimates, line by line, each difference with its reasons."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from mizan.estimate.amounts import ZERO, Dollars
from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.model import Estimate, StackCost
from mizan.estimate.pool_model import PoolCost
from mizan.estimate.reasons import (
    ADDED,
    REMOVED,
    of_commitment,
    of_commitment_prices,
    of_control_plane,
    of_pool,
    of_prometheus_disk,
    of_rates,
)

T = TypeVar("T")


class LineKind(StrEnum):
    """What a line of a comparison is about."""

    POOL = "pool"
    COMMITMENT = "commitment"
    CONTROL_PLANE = "control-plane"
    PROMETHEUS_DISK = "prometheus-disk"


@dataclass(frozen=True, kw_only=True)
class ComparedLine:
    """One pool, the unused rest of one commitment, one control plane or one Prometheus' disk, before and after.

    Attributes:
        name: of pool or commitment; of the stack for a control plane and a disk.
        before: None where it is new, or its price was unknown.
        after: None where it is gone, or its price is unknown.
        reasons: why it differs, such as `maxNodes of spot 2 -> 4`; empty where nothing does.
        is_derived: a derived figure is in what was before or in what is after.
    """

    kind: LineKind
    stack: str
    name: str
    before: Dollars | None
    after: Dollars | None
    reasons: tuple[str, ...]
    is_derived: bool

    @property
    def difference(self) -> Dollars:
        """Return after less before; what is not there costs nothing."""
        return (self.after or ZERO) - (self.before or ZERO)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two estimates side by side.

    Attributes:
        before: of everything; None where there was nothing to compare with.
        lines: everything that is in either, in the order of what is after, then what is gone; they add up to the
            totals.
    """

    before: Dollars | None
    after: Dollars
    lines: tuple[ComparedLine, ...]

    @property
    def difference(self) -> Dollars:
        """Return after less before."""
        return self.after - (self.before or ZERO)

    @property
    def changed(self) -> tuple[ComparedLine, ...]:
        """Return the lines that have a reason to be told."""
        return tuple(line for line in self.lines if line.reasons)


def compare(before: Estimate | None, after: Estimate) -> Comparison:
    """Return two estimates side by side.

    Pools, commitments and control planes are matched by stack and name; of two single stacks by name alone, so that a
    stack can be compared with another.

    Args:
        before: None where there is nothing to compare with: everything is new.
        after: what is asked for now.
    """
    alone = before is not None and len(before.stacks) == len(after.stacks) == 1
    old, new = _side(before, is_alone=alone), _side(after, is_alone=alone)
    return Comparison(
        before=before.total if before else None,
        after=after.total,
        lines=(
            *_pools(old, new),
            *_commitments(old, new),
            *_control_planes(old, new),
            *_prometheus_disks(old, new),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class _Side:
    """One of the two estimates: its things by stack and name."""

    stacks: Mapping[str, StackCost]
    pools: Mapping[tuple[str, str], PoolCost]
    commitments: Mapping[tuple[str, str], CommitmentCost]


def _side(estimate: Estimate | None, *, is_alone: bool) -> _Side:
    """Return an estimate by stack and name; the stack of one that is compared alone has no name."""
    if estimate is None:
        return _Side(stacks={}, pools={}, commitments={})

    def stack(name: str) -> str:
        return "" if is_alone else name

    return _Side(
        stacks={stack(each.name): each for each in estimate.stacks},
        pools={(stack(each.stack), each.name): each for each in estimate.pools},
        commitments={(stack(each.stack), each.name): each for each in estimate.commitments},
    )


def _pools(old: _Side, new: _Side) -> Iterator[ComparedLine]:
    for key in {**new.pools, **old.pools}:
        was, now = old.pools.get(key), new.pools.get(key)
        why: tuple[str, ...] = ()
        if was is not None and now is not None:
            rates = of_rates(old.stacks[key[0]], new.stacks[key[0]])
            terms = of_commitment_prices(now, _of(old, key[0]), _of(new, key[0]))
            why = (*of_pool(was, now), *rates, *terms)
        yield ComparedLine(
            kind=LineKind.POOL,
            stack=_either(was, now).stack,
            name=key[1],
            before=was.total if was else None,
            after=now.total if now else None,
            reasons=_reasons(was, now, why),
            is_derived=any(each.is_derived for each in (was, now) if each),
        )


def _commitments(old: _Side, new: _Side) -> Iterator[ComparedLine]:
    for key in {**new.commitments, **old.commitments}:
        was, now = old.commitments.get(key), new.commitments.get(key)
        why = tuple(of_commitment(was, now)) if was and now else ()
        yield ComparedLine(
            kind=LineKind.COMMITMENT,
            stack=_either(was, now).stack,
            name=key[1],
            before=was.unused if was else None,
            after=now.unused if now else None,
            reasons=_reasons(was, now, why),
            is_derived=any(each.is_unused_derived for each in (was, now) if each),
        )


def _control_planes(old: _Side, new: _Side) -> Iterator[ComparedLine]:
    for key in {**new.stacks, **old.stacks}:
        was, now = old.stacks.get(key), new.stacks.get(key)
        why = tuple(of_control_plane(was, now)) if was and now else ()
        name = _either(was, now).name
        yield ComparedLine(
            kind=LineKind.CONTROL_PLANE,
            stack=name,
            name=name,
            before=was.control_plane if was else None,
            after=now.control_plane if now else None,
            reasons=_reasons(was, now, why),
            is_derived=any(each.is_control_plane_derived for each in (was, now) if each),
        )


def _prometheus_disks(old: _Side, new: _Side) -> Iterator[ComparedLine]:
    for key in {**new.stacks, **old.stacks}:
        was, now = old.stacks.get(key), new.stacks.get(key)
        before = was.prometheus_disk if was else None
        after = now.prometheus_disk if now else None
        if before is None and after is None:
            continue
        why = tuple(of_prometheus_disk(was, now)) if was and now else ()
        name = _either(was, now).name
        yield ComparedLine(
            kind=LineKind.PROMETHEUS_DISK,
            stack=name,
            name=name,
            before=before.usd_per_month if before else None,
            after=after.usd_per_month if after else None,
            reasons=_reasons(before, after, why),
            is_derived=any(each.is_prometheus_disk_derived for each in (was, now) if each),
        )


def _of(side: _Side, stack: str) -> dict[str, CommitmentCost]:
    return {name: each for (of, name), each in side.commitments.items() if of == stack}


def _either(was: T | None, now: T | None) -> T:
    """Return what is there now, or what was: a line has one of them."""
    there = now if now is not None else was
    if there is None:
        message = "a line of nothing"
        raise ValueError(message)
    return there


def _reasons(was: object | None, now: object | None, changes: tuple[str, ...]) -> tuple[str, ...]:
    if was is None:
        return (ADDED,)
    return (REMOVED,) if now is None else changes
