"""Dollars: how much the pools are used, what is bought in advance, what spot must save, what may be spent."""

import re
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from mizan.config.models.base import Model, described, object_name
from mizan.prices import LEAST_USD_PER_HOUR

DAY = re.compile(r"(\d{4}-\d{2}-\d{2})( 00:00:00 \+0000 UTC)?", re.ASCII)


class Order(StrEnum):
    """In which order a pool's capacity types are tried: the cheapest useful hour first, or as they are listed."""

    PRICE = "price"
    LISTED = "listed"


class BudgetOn(StrEnum):
    """Which size of the stack a budget holds: the expected one, or every pool at its maximum all month."""

    EXPECTED = "expected"
    MAXIMUM = "maximum"


class CommitmentKind(StrEnum):
    """How capacity is bought in advance. All are paid whether used or not."""

    RESERVATION = "reservation"
    COMMITTED_USE = "committed-use"
    SAVINGS_PLAN = "savings-plan"
    CAPACITY_BLOCK = "capacity-block"
    DWS_CALENDAR = "dws-calendar"


class Term(StrEnum):
    """How long a committed use is agreed for."""

    ONE_YEAR = "1y"
    THREE_YEARS = "3y"


def _no_switch(value: object) -> object:
    """Return the value; `true` is no amount, though Python counts with it."""
    if isinstance(value, bool):
        raise ValueError("a number")  # noqa: TRY004  # pydantic reports a ValueError as a fault
    return value


def day_of(value: object) -> date | None:
    """Return the day that a value says, None where it says none: a number could count seconds, a time is no day.

    Pulumi hands a day of a YAML file on as `2027-06-30 00:00:00 +0000 UTC`.
    """
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    written = DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(written[1]) if written else None
    except ValueError:
        return None


def _written_day(value: object) -> date:
    day = day_of(value)
    if day is None:
        raise ValueError("a day such as 2027-06-30")
    return day


def _price(value: Decimal) -> Decimal:
    """Return a price; a smaller one than any machine's is a slip of unit or point."""
    # Other numbers than finite ones compare with nothing.
    if not value.is_finite():
        raise ValueError("a number")
    if value < LEAST_USD_PER_HOUR:
        raise ValueError(f"at least {LEAST_USD_PER_HOUR}")
    return value


Amount = Annotated[Decimal, BeforeValidator(_no_switch)]
HourlyPrice = Annotated[Decimal, BeforeValidator(_no_switch), AfterValidator(_price)]
Day = Annotated[date, BeforeValidator(_written_day)]


def dollars(description: str, *, because: str, fix: str, **limits: Any) -> Any:  # noqa: ANN401
    """Return a field of US dollars, written as a number or as text."""
    return described(description, because=because, fix=fix, allow_inf_nan=False, decimal_places=6, **limits)


class ExpectedUse(Model):
    """How much of a pool's maximum is expected to run; assumptions of yours, not measurements."""

    hours_per_week: int = described(
        "Hours a week in which the pool may run at all; outside them it is scaled to zero.",
        because="a pool that nobody uses at night need not be paid at night",
        fix="Write whole hours, 1 to 168 (always)",
        default=168,
        ge=1,
        le=168,
        strict=True,
    )
    utilisation_percent: int = described(
        "Share of the pool's maximum nodes that runs in those hours, on average.",
        because="the pool scales with its queue, and what does not run is not paid",
        fix="Write whole per cent, 0 to 100",
        default=50,
        ge=0,
        le=100,
        strict=True,
    )


class SpotSettings(Model):
    """When spot is worth it, and how long a spot node is expected to stay."""

    min_savings_percent: int = described(
        "Least that spot must save against on-demand; below it a pool leaves spot out and says so.",
        because="a few per cent do not pay for interruptions",
        fix="Write whole per cent, 0 to 99",
        default=10,
        ge=0,
        le=99,
        strict=True,
    )
    open_band_percent: int | None = described(
        "What AWS's open band `>20%` of interruptions a month stands for; left out, the public traces are used there.",
        because="an open band has no upper end to compute with",
        fix="Write whole per cent, 21 to 99, such as 30",
        default=None,
        ge=21,
        le=99,
        strict=True,
    )


class Commitment(Model):
    """Capacity bought in advance: paid every hour, used first, at no further cost up to its size."""

    name: str = object_name("commitment")
    kind: CommitmentKind = described(
        "reservation, committed-use, savings-plan, capacity-block or dws-calendar.",
        because="it decides what is paid and what it covers",
        fix="Write `reservation`, `committed-use`, `savings-plan`, `capacity-block` or `dws-calendar`",
    )
    machine: str | None = described(
        "Machine that it covers; a savings plan without it covers every machine of its provider.",
        because="what is bought in advance fits one machine type",
        fix="Name a machine of a pool of this stack",
        default=None,
    )
    nodes: int | None = described(
        "Machines that it covers; for all kinds but a savings plan.",
        because="it is paid for so many machines",
        fix="Write a whole number, 1 to 10000",
        default=None,
        ge=1,
        le=10_000,
        strict=True,
    )
    usd_per_hour: HourlyPrice | None = dollars(
        f"US dollars an hour, at least {LEAST_USD_PER_HOUR}: of one machine, or of a savings plan as a whole. Left "
        "out, a reservation costs its machine's on-demand price and a committed use Google's price for its term.",
        gt=0,
        # A savings plan as a whole is worth many machines of at most 10,000 dollars.
        le=10**6,
        because="what you agreed on stands in no public list",
        fix="Write what you pay, such as 5.14",
        default=None,
    )
    term: Term | None = described(
        "1y or 3y; only for a committed use without `usdPerHour`.",
        because="Google's price depends on it",
        fix="Write `1y` or `3y`, or the price you agreed on as `usdPerHour`",
        default=None,
    )
    discount_percent: int | None = described(
        "Savings plan only: how much less than on-demand the covered hours cost.",
        because="a plan of so many dollars covers more hours the higher its discount",
        fix="Write whole per cent from your plan, 1 to 90",
        default=None,
        ge=1,
        le=90,
        strict=True,
    )
    until: Day | None = described(
        "Last day that it is paid and can be used.",
        because="a plan with capacity that has ended would be too cheap",
        fix="Write a day such as 2027-06-30, or leave it out",
        default=None,
    )


class Budget(Model):
    """What may be spent in a month of 730 hours."""

    usd_per_month: Amount = dollars(
        "US dollars a month; a preview that would pass them is refused.",
        ge=Decimal("0.01"),
        le=10**9,
        because="a bill is easier to stop before the machines run",
        fix="Write an amount such as 20000",
    )
    on: BudgetOn = described(
        "Whether the expected or the maximum size must fit.",
        because="the expected size is a guess, the maximum is what can happen",
        fix="Write `expected` or `maximum`",
        default=BudgetOn.EXPECTED,
    )
    advisory_percent: int = described(
        "Share of the budget from which on a preview warns.",
        because="the last moment is late to hear of it",
        fix="Write whole per cent, 1 to 100",
        default=80,
        ge=1,
        le=100,
        strict=True,
    )
