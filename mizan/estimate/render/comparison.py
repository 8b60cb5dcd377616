"""What an estimate is compared with, and the tables of the difference."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mizan.estimate.amounts import ZERO, Dollars, Size, total
from mizan.estimate.compare import ComparedLine, Comparison, LineKind
from mizan.estimate.model import Estimate
from mizan.estimate.render.table import Row, RowKind, Table, columns, largest
from mizan.estimate.render.words import (
    MONTH,
    NONE,
    PROMETHEUS_DISK,
    difference,
    dollars,
    hourly,
    hourly_difference,
    marked,
    place,
)

UNCHANGED = "No pool, commitment or control plane changes."


@dataclass(frozen=True, kw_only=True)
class Against:
    """What an estimate is compared with.

    Attributes:
        name: of it, such as `main (4f2a9c1d)` or a file.
        before: None where there was nothing.
        notes: whole sentences on what could not be compared.
    """

    name: str
    before: Estimate | None
    comparison: Comparison
    notes: tuple[str, ...] = ()


def totals_compared(estimate: Estimate, against: Against) -> Table:
    """Return the total before and after at each size, and the mean hour of what is expected."""
    before, after = against.comparison.before or ZERO, against.comparison.after
    months = [
        Row(
            name=size,
            cells=(
                dollars(before.at(size)),
                dollars(after.at(size)),
                difference(after.at(size) - before.at(size)),
            ),
            kind=RowKind.TOTAL,
            is_derived=_is_derived_at(estimate, against, size),
        )
        for size in Size
    ]
    first, then = before.per_hour(Size.EXPECTED), after.per_hour(Size.EXPECTED)
    hour = Row(
        name="expected, per hour",
        cells=(hourly(first), hourly(then), hourly_difference(then - first)),
        kind=RowKind.TOTAL,
        is_derived=_is_derived_at(estimate, against, Size.EXPECTED),
    )
    return Table(
        caption=f"Against {against.name}, {MONTH}",
        columns=columns("total", "#before", "#after", "#difference"),
        rows=(*months, hour),
        below=(*against.notes, *(() if against.comparison.changed else (UNCHANGED,))),
    )


def lines_compared(estimate: Estimate, against: Against, *, most: int | None = None) -> Table:
    """Return each line that changes with its reasons, the others as one row, and the total; at expected size.

    Args:
        estimate: what is after.
        against: what was before.
        most: lines to show, those that change most; None shows all.
    """
    comparison = against.comparison
    shown, more = largest(comparison.changed, most, _weight)
    same = [line for line in comparison.lines if not line.reasons]
    rows = [_row(_name(estimate, line), [line], "; ".join(line.reasons)) for line in shown] + [
        _row(name, lines, "")
        for name, lines in ((f"{len(more)} more that change", more), (f"{len(same)} unchanged", same))
        if lines
    ]
    return Table(
        caption=f"What changes, {MONTH} at expected size",
        columns=columns("pool", "#before", "#after", "#difference", "#at maximum", "why"),
        rows=(
            *rows,
            Row(
                name="total",
                cells=_cells(comparison.before, comparison.after, comparison.difference, ""),
                kind=RowKind.TOTAL,
                is_derived=any(row.is_derived for row in rows),
            ),
        ),
    )


def change_expected(estimate: Estimate, against: Against) -> str:
    """Return by how much the expected total changes, marked where a derived figure is in either."""
    change = difference(against.comparison.difference.expected)
    return marked(change, _is_derived_at(estimate, against, Size.EXPECTED))


def _is_derived_at(estimate: Estimate, against: Against, size: Size) -> bool:
    return any(each.is_derived_at(size) for each in (estimate, against.before) if each is not None)


def _row(name: str, lines: Sequence[ComparedLine], why: str) -> Row:
    before = [line.before for line in lines if line.before is not None]
    after = [line.after for line in lines if line.after is not None]
    return Row(
        name=name,
        cells=_cells(
            total(before) if before else None,
            total(after) if after else None,
            total(line.difference for line in lines),
            why,
        ),
        is_derived=any(line.is_derived for line in lines),
    )


def _cells(before: Dollars | None, after: Dollars | None, change: Dollars, why: str) -> tuple[str, ...]:
    return (
        NONE if before is None else dollars(before.expected),
        NONE if after is None else dollars(after.expected),
        difference(change.expected),
        difference(change.maximum),
        why,
    )


def _weight(line: ComparedLine) -> tuple[Decimal, ...]:
    return abs(line.difference.expected), abs(line.difference.maximum)


def _name(estimate: Estimate, line: ComparedLine) -> str:
    of_clusters = {LineKind.CONTROL_PLANE: "control plane", LineKind.PROMETHEUS_DISK: PROMETHEUS_DISK}
    if line.kind in of_clusters:
        what = of_clusters[line.kind]
        return what if len(estimate.stacks) == 1 else f"{what} of {line.stack}"
    name = place(estimate, line.stack, line.name)
    return f"commitment {name}, unused" if line.kind is LineKind.COMMITMENT else name
