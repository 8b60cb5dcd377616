"""The price files: those that come with this package, and a stack's own in the same layout."""

from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from mizan.capacity import CapacityType
from mizan.prices.book import PriceBook
from mizan.prices.layout import PriceFault, UnreadablePrices, rows_of
from mizan.prices.model import Price
from mizan.prices.text_file import MIB, NoText, read_text

# Whole regions, and single zones.
SHIPPED = ("prices.csv", "prices_by_zone.csv")
PRICE_FILE = "mizan/prices/prices.csv"

# About 150,000 rows: every machine of the catalogue in every zone of both clouds, several times over.
# Source: mizan's own choice; the shipped rows take 100 kB.
MOST_BYTES = 16 * MIB
# AWS's list of one region had about 450 MB in July 2026, the one of all regions more than 3 GB, and reading takes five
# times that in memory: a region fits with room to grow, all regions do not.
# Source: https://github.com/mattrobinsonsre/terrapod/issues/956 of 2026-07-22 and
# https://github.com/apache/libcloud/pull/1715, read 2026-11-22.
MOST_IMPORTED_BYTES = 1024 * MIB


@cache
def shipped() -> PriceBook:
    """Return every price that comes with this package."""
    package = files("mizan.prices")
    return PriceBook(
        row
        for name in SHIPPED
        for row in rows_of(package.joinpath(name).read_text(encoding="utf-8"), f"mizan/prices/{name}")
    )


def read_price_file(path: Path, today: date) -> PriceBook:
    """Return the prices of a CSV file in our layout.

    Raises:
        PriceFault: the file cannot be read, has another header, a row is unsound or dated after `today`, or an offer
            stands in two rows.
    """
    return book_of(read_price_text(path), str(path), today)


def book_of(text: str, file: str, today: date, *, is_on_disk: bool = True) -> PriceBook:
    """Return the prices of CSV text in our layout.

    Args:
        text: with a header line.
        file: its name, for the rows and for messages.
        today: no row may be dated after it.
        is_on_disk: whether a command can read the file by that name.

    Raises:
        PriceFault: it has another header, a row is unsound or dated after `today`, or an offer stands in two rows.
    """
    rows = rows_of(text, file, today, is_on_disk=is_on_disk)
    first: dict[tuple[str, str, str, CapacityType], Price] = {}
    for row in rows:
        before = first.setdefault((row.region, row.zone, row.machine, row.capacity_type), row)
        if before is not row:
            raise PriceFault(
                f"{row.file}:{row.line}",
                f"{row.machine} {row.capacity_type} in {row.zone or row.region}, as in line {before.line}",
                needs="one price of an offer",
                because="nobody can tell which of the two counts",
                fix="Remove the older one",
            )
    return PriceBook(rows)


def read_price_text(path: Path) -> str:
    """Return the text of a price file in our layout.

    Raises:
        UnreadablePrices: the file cannot be read, or is too large.
    """
    return _text(path, MOST_BYTES, "Keep the rows of your own regions and machines")


def read_import_text(path: Path) -> str:
    """Return the text of a price file of others.

    Raises:
        UnreadablePrices: the file cannot be read, or is too large.
    """
    return _text(path, MOST_IMPORTED_BYTES, "Fetch the list of one region, as docs/guide/prices.md tells")


def unreadable(file: str, error: NoText, fix: str) -> UnreadablePrices:
    """Return that a price file cannot be read; `fix` is what to do where it is too large."""
    if error.needs:
        return UnreadablePrices(
            file, error.observed, needs=error.needs, because="it is read as a whole, into memory", fix=fix
        )
    return UnreadablePrices(
        file,
        error.observed,
        needs="a readable price file",
        because="prices are read from it",
        fix=error.fix or "Write its path relative to where the command runs or, in `priceFile`, to the stack file",
    )


def _text(path: Path, most_bytes: int, fix: str) -> str:
    try:
        return read_text(path, most_bytes)
    except NoText as error:
        raise unreadable(str(path), error, fix) from error
