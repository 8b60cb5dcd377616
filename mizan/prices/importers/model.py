"""What an import is given and returns, and the rules that every format keeps."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from mizan.catalogue import Machine
from mizan.prices.layout import CURRENCY, PRICE_RANGE, PriceFault, order, shown
from mizan.prices.model import LEAST_USD_PER_HOUR, MOST_USD_PER_HOUR, Price

# A millionth of a dollar an hour is less than a cent a year; what is behind it is noise of floating-point sums.
SMALLEST = Decimal("0.000001")

UNKNOWN_MACHINES = "machines that the catalogue does not have"
ZERO_PRICES = "prices of 0, which stand for unknown ones"


class Format(StrEnum):
    """What a file is."""

    OWN = "a file in mizan's layout"
    GCP_YAML = "a file of GCP prices in the layout of pricing.yml"
    AWS_PRICE_LIST = "an AWS price list"
    AWS_SPOT_HISTORY = "an AWS spot price history"


@dataclass(frozen=True, kw_only=True)
class Given:
    """A file to import.

    Attributes:
        file: its name, for rows and messages.
        machines: the catalogue.
        today: no price may be dated after it.
        as_of: the day of a file that does not say its own.
    """

    text: str
    file: str
    machines: Mapping[str, Machine]
    today: date
    as_of: date | None

    def fault(self, line: int, observed: str, *, needs: str, because: str, fix: str) -> PriceFault:
        """Return a fault of one line of the file."""
        return PriceFault(f"{self.file}:{line}", shown(observed), needs=needs, because=because, fix=fix)

    def machine(self, name: object, provider: str) -> Machine | None:
        """Return a provider's machine of the catalogue, None where it has no such machine."""
        machine = self.machines.get(name) if isinstance(name, str) else None
        return machine if machine is not None and machine.provider == provider else None

    def dollars(self, value: object, line: int) -> Decimal | None:
        """Return a price to a millionth of a dollar, None for 0.

        Raises:
            PriceFault: it is no number, below 0, or beyond any machine.
        """
        try:
            usd = Decimal(str(value))
        except (InvalidOperation, ValueError):
            usd = Decimal("NaN")
        if usd.is_finite() and 0 <= usd < SMALLEST:
            return None
        if not usd.is_finite() or not LEAST_USD_PER_HOUR <= usd <= MOST_USD_PER_HOUR:
            raise self.fault(
                line,
                str(value),
                needs=f"{PRICE_RANGE}, or 0 for what is not sold",
                because="anything else is no price of a machine",
                fix="Correct the price, or fetch the file again",
            )
        return usd.quantize(SMALLEST)

    def time(self, text: object, line: int) -> datetime:
        """Return a time such as `2026-07-18T00:12:33Z`.

        Raises:
            PriceFault: it is no such time, or after today.
        """
        try:
            time = datetime.fromisoformat(str(text))
        except ValueError:
            raise self.fault(
                line,
                str(text),
                needs="a time such as 2026-07-18T00:12:33Z",
                because="the age of a price counts from it",
                fix="Correct the time, or fetch the file again",
            ) from None
        time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
        self.not_later(time.date(), line)
        return time

    def not_later(self, day: date, line: int) -> date:
        """Return a day that is not after today.

        Raises:
            PriceFault: it is.
        """
        if day > self.today:
            raise self.fault(
                line,
                day.isoformat(),
                needs=f"a day not after {self.today}",
                because="nobody can have read a price yet to come",
                fix="Mend the date, or the clock of this machine",
            )
        return day

    def day_or_given(self, own: date | None) -> date:
        """Return the file's own day or, where it has none, the one given with it.

        Raises:
            PriceFault: there is neither.
        """
        day = own or self.as_of
        if day is None:
            raise self.fault(
                1,
                "no date",
                needs="the day on which the prices were read",
                because="the age of a price counts from it",
                fix="Give it with `--as-of 2026-07-30`",
            )
        return day

    def only_dollars(self, currencies: Iterable[str], line: int) -> None:
        """Refuse any currency but ours.

        Raises:
            PriceFault: there is another one.
        """
        seen = sorted(currencies)
        if seen != [CURRENCY]:
            raise self.fault(
                line,
                " and ".join(seen) or "no currency",
                needs=CURRENCY,
                because="sums over two currencies mean nothing",
                fix="Fetch the price list of a region that is paid in US dollars, or convert the prices",
            )


@dataclass(frozen=True, kw_only=True)
class Imported:
    """Rows of a file in our layout.

    Attributes:
        rows: sorted, each offer once.
        left_out: how many of what was left out.
        notes: what else a reader should know.
    """

    format: Format
    rows: tuple[Price, ...]
    left_out: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def imported(
    given: Given, form: Format, rows: Iterable[Price], left_out: Counter[str], notes: Iterable[str] = ()
) -> Imported:
    """Return what was imported, sorted, each offer once.

    Raises:
        PriceFault: nothing is left, or one offer has two prices.
    """
    once: dict[tuple[str, ...], Price] = {}
    for row in rows:
        known = once.setdefault(order(row), row)
        if known.usd_per_hour != row.usd_per_hour:
            raise given.fault(
                row.line,
                f"{row.machine} {row.capacity_type} in {row.zone or row.region} for {row.usd_per_hour}, "
                f"and for {known.usd_per_hour} in line {known.line}",
                needs="one price per offer",
                because="nobody could say which of them counts",
                fix="Fetch the file again, or remove the wrong one",
            )
    if not once:
        raise given.fault(
            1,
            f"{form} without a price of a machine of the catalogue",
            needs="at least one",
            because="there would be nothing to write",
            fix="Fetch the file for the regions and machines that you use; `mizan prices list` names the machines",
        )
    return Imported(
        format=form,
        rows=tuple(sorted(once.values(), key=order)),
        left_out={what: count for what, count in left_out.items() if count},
        notes=tuple(notes),
    )
