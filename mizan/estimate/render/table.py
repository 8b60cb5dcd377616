"""The shape of every table, so that terminal, log, Markdown and HTML show the same rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar

from mizan.estimate.amounts import Dollars, Size
from mizan.estimate.render.words import MARK, dollars, hourly

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column; numbers stand on the right."""

    name: str
    is_number: bool


class RowKind(StrEnum):
    """What a row is: one thing, a part of the thing above it, or a sum."""

    PLAIN = "plain"
    DETAIL = "detail"
    TOTAL = "total"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row.

    Attributes:
        cells: in all columns behind the name's.
        is_derived: a derived figure is in it.
    """

    name: str
    cells: tuple[str, ...]
    kind: RowKind = RowKind.PLAIN
    is_derived: bool = False

    @property
    def title(self) -> str:
        """Return the name, with the mark of what is derived."""
        return f"{self.name} {MARK}".lstrip() if self.is_derived else self.name


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table under its caption.

    Attributes:
        columns: the first one holds the rows' names.
        below: whole sentences that belong to its rows.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    below: tuple[str, ...] = ()

    @property
    def is_derived(self) -> bool:
        """Return whether a derived figure is in any row."""
        return any(row.is_derived for row in self.rows)


def columns(*names: str) -> tuple[Column, ...]:
    """Return columns; those whose name begins with # hold numbers."""
    return tuple(Column(name=name.removeprefix("#"), is_number=name.startswith("#")) for name in names)


SIZES = tuple(f"#{size}" for size in Size)


def at_sizes(amount: Dollars) -> tuple[str, ...]:
    """Return the cells of an amount at the three sizes."""
    return tuple(dollars(amount.at(size)) for size in Size)


def sums(amount: Dollars, *blank: str, is_derived: bool) -> tuple[Row, Row]:
    """Return the rows of a total: its month, and the mean hour of it.

    Args:
        amount: the total.
        blank: cells between name and amounts.
        is_derived: a derived figure is in it.
    """
    per_hour = tuple(hourly(amount.per_hour(size)) for size in Size)
    return (
        Row(name="total", cells=(*blank, *at_sizes(amount)), kind=RowKind.TOTAL, is_derived=is_derived),
        Row(name="per hour", cells=(*blank, *per_hour), kind=RowKind.TOTAL, is_derived=is_derived),
    )


def largest(
    items: Sequence[T], most: int | None, weight: Callable[[T], tuple[Decimal, ...]]
) -> tuple[list[T], list[T]]:
    """Return the heaviest items and the others, both in their own order.

    Args:
        items: any number.
        most: how many to keep; None keeps all.
        weight: of an item; of two alike the first is heavier.
    """
    if most is None or len(items) <= most:
        return list(items), []
    order = sorted(range(len(items)), key=lambda index: weight(items[index]), reverse=True)
    kept: set[Any] = set(order[:most])
    return (
        [item for index, item in enumerate(items) if index in kept],
        [item for index, item in enumerate(items) if index not in kept],
    )
