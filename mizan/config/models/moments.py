"""Moments of a stack file, to the second."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator

# As RFC 3339 writes it, and as Pulumi hands a moment of a YAML file on: `2027-06-30 06:00:00 +0000 UTC`.
MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"([T ](?P<time>\d{2}:\d{2}:\d{2}) ?(?P<zone>Z|[+-]\d{2}:?\d{2})( [A-Z+\-\d]+)?)?",
    re.ASCII,
)


def moment_of(value: object) -> datetime | None:
    """Return the moment that a value says, in UTC, None where it says none; a day is its beginning.

    A moment that YAML has read is in UTC where it names no zone.
    Source: https://yaml.org/type/timestamp.html, read 2026-11-23.
    """
    try:
        read = _read(value)
        return None if read is None else read.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return None


def _read(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    written = MOMENT.fullmatch(value) if isinstance(value, str) else None
    if written is None:
        return None
    return datetime.fromisoformat(f"{written['day']}T{written['time'] or '00:00:00'}{written['zone'] or 'Z'}")


def _written_moment(value: object) -> datetime:
    moment = moment_of(value)
    if moment is None:
        raise ValueError("a day such as 2027-06-30, or a moment such as 2027-06-30T06:00:00Z")
    return moment


Moment = Annotated[datetime, BeforeValidator(_written_moment)]
