"""How long a spot node stays: your own figure, AWS's band of interruptions, or public traces; never a guess unsaid."""

import csv
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.prices.model import HOURS_PER_MONTH

OPEN_BAND = ">20%"


class UptimeKind(StrEnum):
    """What a mean up-time rests on."""

    STATED = "stated"
    ADVISOR = "advisor"
    TRACES = "traces"


@dataclass(frozen=True, kw_only=True)
class Uptime:
    """The mean time that one spot node stays up.

    Attributes:
        words: what it rests on, for a person.
    """

    hours: Decimal
    kind: UptimeKind
    words: str


def mean_uptime(region: str, machine: str, *, stated_hours: Decimal | None, open_band_percent: int | None) -> Uptime:
    """Return the mean up-time of a spot machine from the best source that there is.

    A stack's own figure comes first, then AWS's band for the machine in its region, then the public traces.

    Args:
        region: of the machine.
        machine: its name.
        stated_hours: the stack's own figure, None where it has none.
        open_band_percent: what the band `>20%` stands for; with None such a band is not used.
    """
    if stated_hours is not None:
        return Uptime(hours=stated_hours, kind=UptimeKind.STATED, words="the stack's own figure")
    band = _bands().get((region, machine))
    if band is None:
        return _of_traces("")
    text, as_of = band
    percent = open_band_percent if text == OPEN_BAND else _upper_end(text)
    if percent is None:
        return _of_traces(f"; AWS's open band {text} needs `openBandPercent`")
    words = f"AWS Spot Advisor of {as_of}: {text} interrupted a month, counted as {percent} %"
    return Uptime(hours=uptime_of_rate(Decimal(percent) / 100), kind=UptimeKind.ADVISOR, words=words)


def uptime_of_rate(rate: Decimal) -> Decimal:
    """Return the mean up-time in hours where the share `rate` of all nodes is interrupted within a month.

    Interruptions at a constant rate: 1 - rate = exp(-730 / M), so M = -730 / ln(1 - rate).

    Args:
        rate: above 0 and below 1.
    """
    return -HOURS_PER_MONTH / (1 - rate).ln()


def _of_traces(note: str) -> Uptime:
    """Return the mean over all up-times of the traces of single nodes."""
    runs, hours, first, last = _trace_totals()
    words = (
        f"{runs} up-times in public spot traces of AWS zones, {first} to {last}: "
        f"availability of a zone, not of this machine{note}"
    )
    return Uptime(hours=hours / runs, kind=UptimeKind.TRACES, words=words)


def _upper_end(band: str) -> int:
    """Return the upper end of a band such as `<5%` or `10-15%`, in per cent."""
    return int(band.removeprefix("<").removesuffix("%").split("-")[-1])


@cache
def _bands() -> MappingProxyType[tuple[str, str], tuple[str, str]]:
    """Return (band, day) by region and machine."""
    with files("mizan.prices").joinpath("aws_spot_advisor.csv").open(encoding="utf-8") as text:
        return MappingProxyType(
            {
                (row["region"], row["machine"]): (row["interruptions_a_month"], row["as_of"])
                for row in csv.DictReader(text)
            }
        )


@cache
def _trace_totals() -> tuple[int, Decimal, str, str]:
    """Return (up-times, their sum in hours, first year, last year) of the traces of single nodes."""
    with files("mizan.prices").joinpath("spot_traces.csv").open(encoding="utf-8") as text:
        rows = [row for row in csv.DictReader(text) if row["max_instances"] == "1"]
    years = sorted(row["as_of"][:4] for row in rows)
    hours = sum((int(row["up_runs"]) * Decimal(row["mean_up_hours"]) for row in rows), Decimal(0))
    return sum(int(row["up_runs"]) for row in rows), hours, years[0], years[-1]
