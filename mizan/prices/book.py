"""All prices that a stack can use: the shipped rows, and before them those of its own file."""

from collections.abc import Iterable, Iterator
from functools import cached_property

from mizan.capacity import CapacityType
from mizan.prices.model import Price

Key = tuple[str, str, CapacityType]


def newest(rows: Iterable[Price]) -> tuple[Price, ...]:
    """Return one price of each offer: that of the latest day, of two of one day the one that comes later."""
    found: dict[tuple[str, str, str, CapacityType], Price] = {}
    for row in rows:
        key = (row.region, row.zone, row.machine, row.capacity_type)
        if key not in found or row.as_of >= found[key].as_of:
            found[key] = row
    return tuple(found.values())


class PriceBook:
    """Price rows by region, machine and capacity type; what is missing is unknown, never free.

    Two books are equal when they hold the same rows in the same order.
    """

    def __init__(self, rows: Iterable[Price]) -> None:
        """Keep the rows; of two for the same offer the first counts."""
        self.rows = tuple(rows)

    def __eq__(self, other: object) -> bool:
        """Return whether the other book holds the same rows in the same order."""
        return isinstance(other, PriceBook) and self.rows == other.rows

    def __hash__(self) -> int:
        """Return a hash of all rows."""
        return hash(self.rows)

    def __iter__(self) -> Iterator[Price]:
        """Return every row, prices of zones too."""
        return iter(self.rows)

    def price(self, region: str, machine: str, capacity_type: CapacityType) -> Price | None:
        """Return the price that counts in a whole region, None where it is unknown."""
        return self._regional.get((region, machine, capacity_type))

    def zones(self, region: str, machine: str, capacity_type: CapacityType) -> tuple[Price, ...]:
        """Return the prices of single zones, in the order of their rows."""
        return self._zonal.get((region, machine, capacity_type), ())

    @cached_property
    def regions(self) -> frozenset[str]:
        """Return every region that has a price."""
        return frozenset(region for region, _, _ in self._regional)

    def before(self, other: "PriceBook") -> "PriceBook":
        """Return a book in which these rows win over those of another."""
        return PriceBook((*self.rows, *other.rows))

    @cached_property
    def _regional(self) -> dict[Key, Price]:
        found: dict[Key, Price] = {}
        for row in self.rows:
            if not row.zone:
                found.setdefault((row.region, row.machine, row.capacity_type), row)
        return found

    @cached_property
    def _zonal(self) -> dict[Key, tuple[Price, ...]]:
        found: dict[Key, list[Price]] = {}
        for row in self.rows:
            if row.zone:
                found.setdefault((row.region, row.machine, row.capacity_type), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}
