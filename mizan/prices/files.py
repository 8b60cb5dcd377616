"""The price files: those that come with this package, and a stack's own in the same layout."""

from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path

from mizan.capacity import CapacityType
from mizan.prices.book import PriceBook
from mizan.prices.layout import PriceFault, UnreadablePrices, rows_of
from mizan.prices.model import Price

# Whole regions, and single zones.
SHIPPED = ("prices.csv", "prices_by_zone.csv")
PRICE_FILE = "mizan/prices/prices.csv"


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
    rows = rows_of(read_price_text(path), str(path), today)
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
    """Return the text of a file with prices.

    Raises:
        PriceFault: the file cannot be read.
    """
    if path.exists() and not path.is_file():
        raise _unreadable(path, "no regular file", "Name a CSV file")
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable(
            path,
            str(error.strerror),
            "Write its path relative to where the command runs or, in `priceFile`, to the stack file",
        ) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, "not UTF-8", "Save it as UTF-8") from error


def _unreadable(path: Path, observed: str, fix: str) -> UnreadablePrices:
    return UnreadablePrices(
        str(path), observed, needs="a readable price file", because="prices are read from it", fix=fix
    )
