"""When a cron schedule starts something: how often in a mean week, and how far apart.

Kubernetes' own reader and cron's agree on what is taken here, and on no more: `L`, `#`, `?`, `@daily` and weekday 7 are
read by one of the two alone, a step behind a single number is read in two ways, and a day beside a weekday means either
of them, which hardly anybody means.
Source: robfig/cron@v3.0.1 parser.go and spec.go, which k8s.io/kubernetes@v1.36.3 pkg/apis/batch/validation uses.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from cronsim import CronSim, CronSimError

HOURS_PER_WEEK = 168
MINUTES_PER_DAY = 1440

# The calendar repeats itself, weekdays and leap years, after 28 years of 1461 whole weeks.
FIRST_DAY = date(2001, 1, 1)
WEEKS = 1461

_NAME = r"([0-9]{1,2}|[A-Za-z]{3})"
_TERM = rf"(\*(/[0-9]+)?|{_NAME}(-{_NAME}(/[0-9]+)?)?)"
_FIELD = re.compile(rf"{_TERM}(,{_TERM})*")
_NUMBER = re.compile(r"(?<![0-9/])[0-9]+")


class UnreadableSchedule(ValueError):
    """A schedule that says nothing, or not the same to everybody; its text says why."""


@dataclass(frozen=True, kw_only=True)
class Starts:
    """When a schedule starts, on a calendar of 28 years without summer time.

    Attributes:
        minutes: of the day, in order; at least one.
        days: since the first, in order; at least one.
    """

    minutes: tuple[int, ...]
    days: tuple[int, ...]

    @property
    def apart_minutes(self) -> int:
        """Return the shortest time between two starts."""
        within = [later - earlier for earlier, later in pairwise(self.minutes)]
        days = [*self.days, self.days[0] + WEEKS * 7]
        nearest = min(later - earlier for earlier, later in pairwise(days)) * MINUTES_PER_DAY
        return min([*within, nearest - (self.minutes[-1] - self.minutes[0])])

    def hours_per_week(self, hours: int) -> Decimal:
        """Return how much of a mean week lies within so many hours of a start, as starts are no nearer than that."""
        return min(Decimal(len(self.minutes) * len(self.days) * hours) / WEEKS, Decimal(HOURS_PER_WEEK))


@lru_cache
def starts_of(schedule: str) -> Starts:
    """Return when a schedule starts.

    Args:
        schedule: minute, hour, day of the month, month and weekday.

    Raises:
        UnreadableSchedule: it is none, never starts, or is not read alike everywhere.
    """
    fields = schedule.split()
    for field in fields:
        if not _FIELD.fullmatch(field):
            message = f"{field} is no list of numbers, names, ranges and steps such as 1-5, mon or */2"
            raise UnreadableSchedule(message)
    try:
        read = CronSim(schedule, datetime(2001, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        message = str(error).replace("Bad", "cron knows no such").replace("-", " ")
        raise UnreadableSchedule(message) from error
    if "7" in _NUMBER.findall(fields[4]):
        message = "Kubernetes counts weekdays from 0, Sunday, to 6"
        raise UnreadableSchedule(message)
    if fields[2] != "*" and fields[4] != "*":
        message = "with a day beside a weekday it would start on either"
        raise UnreadableSchedule(message)
    calendar = (FIRST_DAY + timedelta(days=day) for day in range(WEEKS * 7))
    return Starts(
        minutes=tuple(sorted(60 * hour + minute for hour in read.hours for minute in read.minutes)),
        days=tuple(
            index
            for index, day in enumerate(calendar)
            if day.month in read.months and day.day in read.days and day.isoweekday() % 7 in read.weekdays
        ),
    )
