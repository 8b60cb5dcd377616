"""Prices to look at: which rows count, which of them are asked for, and what they save."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.prices.book import PriceBook
from mizan.prices.model import Price


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What is asked for; None asks for all."""

    region: str | None = None
    provider: str | None = None
    gpu: str | None = None
    capacity_type: CapacityType | None = None


def counting(book: PriceBook) -> tuple[Price, ...]:
    """Return the rows that no row before them hides: of two for the same offer and zone the first."""
    first: dict[tuple[str, ...], Price] = {}
    for row in book:
        first.setdefault((row.region, row.zone, row.machine, row.capacity_type), row)
    return tuple(first.values())


def chosen(rows: Iterable[Price], machines: Mapping[str, Machine], choice: Choice) -> tuple[Price, ...]:
    """Return the rows that are asked for, by region, machine and capacity type, whole regions before their zones."""

    def is_wanted(row: Price) -> bool:
        machine = machines.get(row.machine)
        return (
            choice.region in (None, row.region)
            and choice.provider in (None, row.provider)
            and choice.capacity_type in (None, row.capacity_type)
            and (choice.gpu is None or (machine is not None and machine.gpu.name == choice.gpu))
        )

    return tuple(
        sorted(filter(is_wanted, rows), key=lambda row: (row.region, row.machine, row.capacity_type, row.zone))
    )


def saving(row: Price, book: PriceBook) -> Decimal | None:
    """Return the share of the region's on-demand price that a row saves, None for on-demand and where none is known."""
    on_demand = _on_demand(row, book)
    return None if on_demand is None else row.saving(on_demand)


def is_saving_derived(row: Price, book: PriceBook) -> bool:
    """Return whether a computed price is in what a row saves: its own or on-demand."""
    on_demand = _on_demand(row, book)
    return on_demand is not None and (row.is_derived or on_demand.is_derived)


def _on_demand(row: Price, book: PriceBook) -> Price | None:
    """Return what a row's saving is told against."""
    if row.capacity_type is CapacityType.ON_DEMAND:
        return None
    return book.price(row.region, row.machine, CapacityType.ON_DEMAND)
