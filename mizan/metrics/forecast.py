"""What a month will have cost when it ends."""

from mizan.metrics import names
from mizan.metrics.selector import Source

LEAST_SECONDS = 2 * 86_400
"""That must be counted of a month before anything is said of its end: a day is no month."""

_DAY_SECONDS = 86_400


def forecast(spent: str, source: Source) -> str:
    """Return what is spent by the end of the month, if it goes on as in the part of it that was counted.

    What was not counted, because Prometheus was away or the stack was not there yet, is not made up for. In the first
    days of a month it has no result.

    Args:
        spent: an expression of dollars since the first of the month.
        source: of the series.
    """
    counted = f"max({source.own(names.MONTH_COUNTED)})"
    passed = f"((day_of_month() - 1) * {_DAY_SECONDS} + time() % {_DAY_SECONDS})"
    rest = f"(days_in_month() * {_DAY_SECONDS} - {passed})"
    return f"{spent} * on () group_left () (1 + {rest} / on () ({counted} >= {LEAST_SECONDS}))"
