"""What is said to people: numbers first."""

from decimal import ROUND_DOWN, Decimal

_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_HOUR = Decimal(3600)


def dollars(usd: Decimal) -> str:
    """Return an amount such as `$5,012.30`."""
    return f"${usd.quantize(_CENT, ROUND_DOWN):,}"


def percent(spent: Decimal, budget: Decimal) -> str:
    """Return how much of a budget is spent, rounded down: 99.99 % is not yet all of it."""
    return f"{(spent / budget * 100).quantize(_TENTH, ROUND_DOWN):,} %"


def hours(seconds: Decimal) -> str:
    """Return a time in whole hours."""
    return f"{int(seconds / _HOUR):,} h"


def month(text: str) -> str:
    """Return a month as people write it: 2026-11."""
    return f"{text[:4]}-{text[4:]}"
