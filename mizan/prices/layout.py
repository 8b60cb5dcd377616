"""Our CSV layout of prices: text into rows with every fault told, and rows into text."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple, TypeVar

from mizan.capacity import CapacityType
from mizan.errors import PlatformError
from mizan.prices.model import LEAST_USD_PER_HOUR, MOST_PRICE_PLACES, MOST_USD_PER_HOUR, Basis, Price

COLUMNS = (
    "provider", "region", "zone", "machine", "capacity_type", "usd_per_hour", "currency", "as_of", "basis", "source",
)  # fmt: skip
CURRENCY = "USD"
NAMED = ("provider", "region", "machine", "source")
NUMBER = re.compile(r"-?[0-9]+(?:\.([0-9]+))?")
PRICE_RANGE = f"{LEAST_USD_PER_HOUR} to {MOST_USD_PER_HOUR:,} US dollars a node hour"
# Characters of a value that a message shows; enough to find it in its line.
SHOWN_LENGTH = 200
WAYS = {kind.value.replace("-", "_"): kind for kind in CapacityType}

T = TypeVar("T")


class PriceFault(PlatformError):
    """One fault of a price file, with its line."""


class UnreadablePrices(PriceFault):
    """A price file as a whole cannot be read."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a text holds: its sound rows, and every fault of the others."""

    sound: tuple[Price, ...]
    faults: tuple[PriceFault, ...]


class _Place(NamedTuple):
    file: str
    line: int
    today: date | None

    def fault(self, observed: str, needs: str, because: str, fix: str = "Correct the row") -> PriceFault:
        return PriceFault(f"{self.file}:{self.line}", shown(observed), needs=needs, because=because, fix=fix)


def rows_of(text: str, file: str, today: date | None = None, *, is_on_disk: bool = True) -> tuple[Price, ...]:
    """Return the price rows of CSV text in our layout.

    Args:
        text: with a header line.
        file: its name, for the rows and for messages.
        today: no row may be dated after it; None does not look.
        is_on_disk: whether a command can read the file by that name.

    Raises:
        PriceFault: the first fault, naming file and line, and how many more there are.
    """
    rows = read_rows(text, file, today)
    if rows.faults:
        first, *others = rows.faults
        see = f"`mizan prices check {file}`, which tells {len(others)} more" if others and is_on_disk else None
        raise PriceFault(first.where, first.observed, needs=first.needs, because=first.because, fix=first.fix, see=see)
    return rows.sound


def read_rows(text: str, file: str, today: date | None = None) -> Rows:
    """Return what CSV text in our layout holds, with every fault of every row.

    Args:
        text: with a header line.
        file: its name, for the rows and for messages.
        today: no row may be dated after it; None does not look.
    """
    sound: list[Price] = []
    faults: list[PriceFault] = []
    for row in _read(text, file, today):
        if isinstance(row, Price):
            sound.append(row)
        else:
            faults += row
    return Rows(sound=tuple(sound), faults=tuple(faults))


def csv_text(rows: Iterable[Price]) -> str:
    """Return rows as CSV text in our layout, sorted."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in sorted(rows, key=order):
        writer.writerow(
            (
                row.provider,
                row.region,
                row.zone,
                row.machine,
                written(row.capacity_type),
                plain(row.usd_per_hour),
                CURRENCY,
                row.as_of.isoformat(),
                row.basis.value,
                row.source,
            )
        )
    return text.getvalue()


def order(row: Price) -> tuple[str, ...]:
    """Return what rows of a file are sorted by."""
    return row.provider, row.region, row.machine, written(row.capacity_type), row.zone


def written(kind: CapacityType) -> str:
    """Return a capacity type as the layout writes it, such as `on_demand`."""
    return kind.value.replace("-", "_")


def shown(text: str, nothing: str = "nothing") -> str:
    """Return as much of a text as a message shows."""
    return (text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}...") or nothing


def plain(value: Decimal) -> str:
    """Return a number without exponent and without zeros at its end."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read(text: str, file: str, today: date | None) -> Iterator[Price | list[PriceFault]]:
    # Strict, and one line a row: a quote that is never closed would swallow the rows behind it.
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = tuple(next(reader, ()))
        if header != COLUMNS:
            yield [_wrong_header(header, file)]
            return
        for values in reader:
            if values:
                yield _row(values, _Place(file, reader.line_num, today))
            if any("\n" in value or "\r" in value for value in values):
                yield [
                    _Place(file, reader.line_num, today).fault(
                        "a line break inside quotes", "one line a row", "an open quote swallows rows", "Close the quote"
                    )
                ]
    except csv.Error as error:
        yield [
            _Place(file, reader.line_num, today).fault(str(error), "CSV text", "rows are read from it", "Save it again")
        ]


def _wrong_header(header: Sequence[str], file: str) -> PriceFault:
    text = ",".join(header)
    # The first line of a file that is no price file at all may hold anything, a secret too.
    is_meant = not text or any(column in text for column in COLUMNS)
    return PriceFault(
        f"{file}:1",
        shown(text, "no header") if is_meant else "another first line",
        needs=",".join(COLUMNS),
        because="a column out of place would be read as another",
        fix="Write this header, or turn the file into this layout with `mizan prices import`",
    )


def _row(values: list[str], place: _Place) -> Price | list[PriceFault]:
    if len(values) != len(COLUMNS):
        return [place.fault("another number of values", f"{len(COLUMNS)} values", "every column is needed")]
    row = dict(zip(COLUMNS, values, strict=True))
    faults = [*_misnamed(row, place)]
    kind = _sound(_capacity_type, row["capacity_type"], place, faults)
    usd = _sound(_dollars, row["usd_per_hour"], place, faults)
    as_of = _sound(_date, row["as_of"], place, faults)
    basis = _sound(_basis, row["basis"], place, faults)
    if faults or kind is None or usd is None or as_of is None or basis is None:
        return faults
    return Price(
        provider=row["provider"],
        region=row["region"],
        zone=row["zone"],
        machine=row["machine"],
        capacity_type=kind,
        usd_per_hour=usd,
        as_of=as_of,
        basis=basis,
        source=row["source"],
        file=place.file,
        line=place.line,
    )


def _misnamed(row: dict[str, str], place: _Place) -> Iterator[PriceFault]:
    if row["currency"] != CURRENCY:
        yield place.fault(row["currency"], CURRENCY, "sums over two currencies mean nothing", "Convert the price")
    for column in NAMED:
        if not row[column].strip():
            yield place.fault(f"no {column}", f"a {column}", "a price that nobody can place cannot be checked")
    for column in ("provider", "region", "zone", "machine"):
        if row[column].strip() != row[column]:
            yield place.fault(f"{column} `{row[column]}`", "no spaces around it", "no stack would find the row")


def _sound(read: Callable[[str, _Place], T], text: str, place: _Place, faults: list[PriceFault]) -> T | None:
    """Return a value, or None with its fault added to `faults`."""
    try:
        return read(text, place)
    except PriceFault as fault:
        faults.append(fault)
        return None


def _dollars(text: str, place: _Place) -> Decimal:
    number = NUMBER.fullmatch(text)
    value = Decimal(text) if number else Decimal(0)
    if value <= 0:
        raise place.fault(text, "a price above 0", "no machine is free, and an unknown price is left out")
    if not LEAST_USD_PER_HOUR <= value <= MOST_USD_PER_HOUR:
        raise place.fault(text, PRICE_RANGE, "no machine costs less or more", "Correct the unit or the point")
    if len((number and number[1]) or "") > MOST_PRICE_PLACES:
        needs = f"at most {MOST_PRICE_PLACES} digits behind the point"
        raise place.fault(text, needs, "sums are kept to 28 digits", "Round the price")
    return value


def _date(text: str, place: _Place) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise place.fault(text, "a day such as 2026-07-30", "the age of a price counts from it")
    if place.today is not None and day > place.today:
        raise place.fault(
            text, f"a day not after {place.today}", "nobody can have read a price yet to come", "Mend the date"
        )
    return day


def _capacity_type(text: str, place: _Place) -> CapacityType:
    if text not in WAYS:
        raise place.fault(text, " or ".join(WAYS), "a price belongs to one way of buying")
    return WAYS[text]


def _basis(text: str, place: _Place) -> Basis:
    if text not in set(Basis):
        raise place.fault(text, " or ".join(Basis), "a derived price is marked wherever it enters")
    return Basis(text)
