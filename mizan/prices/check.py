"""What is wrong with prices, and what a reader should know of them; every finding with its file and line."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.prices.book import PriceBook
from mizan.prices.layout import PriceFault, plain, read_rows
from mizan.prices.listing import counting
from mizan.prices.model import PRICE_MAX_AGE_DAYS, Price

# Above this the price of a region says little of the zone where a node lands.
# Source: mizan's own choice; the median over the shipped AWS zones is 21 %.
MAX_SPREAD = Decimal("0.30")

EVERY_MACHINE_HAS = (CapacityType.ON_DEMAND, CapacityType.SPOT)


class Severity(StrEnum):
    """`error` must be mended before the prices are used; `advice` is for a person to judge."""

    ERROR = "error"
    ADVICE = "advice"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing, told in the parts of every message."""

    severity: Severity
    file: str
    line: int
    observed: str
    needs: str
    because: str
    fix: str

    @property
    def where(self) -> str:
        """Return file and line."""
        return f"{self.file}:{self.line}"

    def __str__(self) -> str:
        """Return the finding as one sentence, without its severity."""
        return f"{self.where}: {self.observed}; needs {self.needs} because {self.because}. {self.fix}."


def check_text(
    text: str, file: str, machines: Mapping[str, Machine], today: date, *, under: PriceBook
) -> tuple[Finding, ...]:
    """Return every finding of CSV text in our layout: unsound rows, and what the sound ones say together."""
    rows = read_rows(text, file, today)
    unsound = tuple(_of_fault(fault) for fault in rows.faults)
    return _sorted((*unsound, *check(PriceBook(rows.sound), machines, today, under=under)))


def check(
    book: PriceBook, machines: Mapping[str, Machine], today: date, *, under: PriceBook | None = None
) -> tuple[Finding, ...]:
    """Return every finding of a book, errors first, each in the order of its file.

    Zero, a wrong currency and other unsound values never become a row: `read_rows` tells them.

    Args:
        book: the rows to look at.
        machines: the catalogue.
        today: the day to which ages count.
        under: prices that this book wins over; what it lacks is looked up there.
    """
    whole = book.before(under) if under else book
    return _sorted(
        (
            *_strangers(book, machines),
            *_duplicates(book),
            *_from_the_future(book, today),
            *_without_saving(book, whole),
            *_spreads(book, whole),
            *_stale(book, today),
            *_without_price(book, whole, machines),
        )
    )


def _sorted(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda each: (each.severity is not Severity.ERROR, each.file, each.line)))


def _of_fault(fault: PriceFault) -> Finding:
    file, _, line = fault.where.rpartition(":")
    return Finding(
        severity=Severity.ERROR,
        file=file,
        line=int(line),
        observed=fault.observed,
        needs=fault.needs,
        because=fault.because,
        fix=fault.fix,
    )


def _of_row(severity: Severity, row: Price, observed: str, *, needs: str, because: str, fix: str) -> Finding:
    return Finding(
        severity=severity, file=row.file, line=row.line, observed=observed, needs=needs, because=because, fix=fix
    )


def _strangers(book: PriceBook, machines: Mapping[str, Machine]) -> Iterator[Finding]:
    for row in book:
        machine = machines.get(row.machine)
        if machine is None:
            yield _of_row(
                Severity.ERROR,
                row,
                row.machine,
                needs="a machine of the catalogue",
                because="no stack can name another, so the price would never be used",
                fix="Correct the name, add the machine to mizan/catalogue/machines.csv, or remove the row",
            )
        elif machine.provider != row.provider:
            yield _of_row(
                Severity.ERROR,
                row,
                f"{row.machine} at {row.provider}",
                needs=f"{machine.provider}, whose machine it is",
                because="a price of another provider is another machine's",
                fix="Correct the provider or the machine",
            )


def _duplicates(book: PriceBook) -> Iterator[Finding]:
    first: dict[tuple[str, ...], Price] = {}
    for row in book:
        key = (row.file, row.region, row.zone, row.machine, row.capacity_type)
        known = first.setdefault(key, row)
        if known is not row:
            yield _of_row(
                Severity.ERROR,
                row,
                f"{_name(row)} a second time, first in line {known.line}",
                needs="one row per region, zone, machine and capacity type",
                because="only the first would count",
                fix="Remove one of them",
            )


def _from_the_future(book: PriceBook, today: date) -> Iterator[Finding]:
    for row in book:
        if row.as_of > today:
            yield _of_row(
                Severity.ERROR,
                row,
                row.as_of.isoformat(),
                needs=f"a day not after {today}",
                because="nobody can have read a price yet to come",
                fix="Mend the date",
            )


def _without_saving(book: PriceBook, whole: PriceBook) -> Iterator[Finding]:
    """Yield what may be taken away or makes one wait, and yet costs as much as what stays.

    In a single zone a price equal to on-demand is advice: AWS caps spot there, and really sells it so.
    """
    rows = frozenset(book)
    for row in counting(whole):
        on_demand = whole.price(row.region, row.machine, CapacityType.ON_DEMAND)
        if row.capacity_type is CapacityType.ON_DEMAND or on_demand is None or not rows & {row, on_demand}:
            continue
        if row.usd_per_hour < on_demand.usd_per_hour:
            continue
        is_capped = bool(row.zone) and row.usd_per_hour == on_demand.usd_per_hour
        mine, other = (row, on_demand) if row in rows else (on_demand, row)
        yield _of_row(
            Severity.ADVICE if is_capped else Severity.ERROR,
            mine,
            f"{_name(mine)} costs {plain(mine.usd_per_hour)} USD per hour, {_name(other)} {plain(other.usd_per_hour)} "
            f"({other.file}:{other.line})",
            needs=f"{row.capacity_type} below on-demand",
            because="it may be taken away or makes one wait, and must save something for that",
            fix="Leave this zone out, or buy on-demand in it" if is_capped else "Correct the row that is wrong",
        )


def _spreads(book: PriceBook, whole: PriceBook) -> Iterator[Finding]:
    zones_of: dict[tuple[str, str, CapacityType], list[Price]] = {}
    for row in counting(whole):
        if row.zone:
            zones_of.setdefault((row.region, row.machine, row.capacity_type), []).append(row)
    own = frozenset(book)
    for zones in zones_of.values():
        low = min(zones, key=lambda row: row.usd_per_hour)
        high = max(zones, key=lambda row: row.usd_per_hour)
        spread = high.usd_per_hour / low.usd_per_hour - 1
        mine = [row for row in (high, *zones) if row in own]
        if spread > MAX_SPREAD and mine:
            yield _of_row(
                Severity.ADVICE,
                mine[0],
                f"{high.machine} {high.capacity_type} costs {plain(low.usd_per_hour)} USD per hour in {low.zone} "
                f"and {plain(high.usd_per_hour)} in {high.zone}, {spread * 100:.0f} % more",
                needs=f"zones within {MAX_SPREAD * 100:.0f} % of each other",
                because=f"the price of {high.region} then says little of the zone where a node lands",
                fix=f"See `mizan prices show {high.machine}`, and choose zones by hand where it matters",
            )


def _stale(book: PriceBook, today: date) -> Iterator[Finding]:
    """Yield one finding for all rows of a file and day, or a file would be one long complaint."""
    rows: dict[tuple[str, date], list[Price]] = {}
    for row in book:
        if row.is_stale(today):
            rows.setdefault((row.file, row.as_of), []).append(row)
    for (_, day), group in rows.items():
        count = f"{len(group)} prices" if len(group) > 1 else _name(group[0])
        yield _of_row(
            Severity.ADVICE,
            group[0],
            f"{count} of {day}, {group[0].age_days(today)} days old",
            needs=f"prices at most {PRICE_MAX_AGE_DAYS} days old",
            because="Google may change spot prices every 30 days and AWS does so at any time",
            fix="Bring newer ones in with `mizan prices import`",
        )


def _without_price(book: PriceBook, whole: PriceBook, machines: Mapping[str, Machine]) -> Iterator[Finding]:
    """Yield one finding per region for all machines that lack the same capacity types."""
    first: dict[tuple[str, str], Price] = {}
    for row in book:
        first.setdefault((row.provider, row.region), row)
    for (provider, region), row in first.items():
        lacking: dict[tuple[CapacityType, ...], list[str]] = {}
        for machine in machines.values():
            kinds = tuple(kind for kind in EVERY_MACHINE_HAS if not whole.price(region, machine.name, kind))
            if machine.provider == provider and kinds:
                lacking.setdefault(kinds, []).append(machine.name)
        for kinds, names in lacking.items():
            yield _of_row(
                Severity.ADVICE,
                row,
                f"{region} has no {' and no '.join(kinds)} price of {', '.join(names)}",
                needs="a price for each machine and capacity type that a pool names",
                because="a pool without one is refused, for a missing price would read as free",
                fix="Add the rows where you need them",
            )


def _name(row: Price) -> str:
    return f"{row.machine} {row.capacity_type} in {row.zone or row.region}"
