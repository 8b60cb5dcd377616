"""What is said to people: numbers first."""

from decimal import ROUND_DOWN, Context, Decimal

from mizan.budgets.model import Kind

WOULD = "BudgetWould"
"""Begins the reason of what a dry run would do."""

_REASONS = {Kind.HOLD: "Hold", Kind.DRAIN: "HoldAndDrain", Kind.RELEASE: "Release"}

_CENT = Decimal("0.01")
_TENTH = Decimal("0.1")
_HOUR = Decimal(3600)

# Digits enough for every amount that a sample may have.
_EXACT = Context(prec=60)


def dollars(usd: Decimal) -> str:
    """Return an amount such as `$5,012.30`."""
    return f"${usd.quantize(_CENT, ROUND_DOWN, _EXACT):,}"


def percent(spent: Decimal, budget: Decimal) -> str:
    """Return how much of a budget is spent, rounded down: 99.99 % is not yet all of it."""
    return f"{(spent / budget * 100).quantize(_TENTH, ROUND_DOWN, _EXACT):,} %"


def hours(seconds: Decimal) -> str:
    """Return a time in whole hours."""
    return f"{int(seconds / _HOUR):,} h"


def reason_of(kind: Kind, *, is_dry: bool) -> str:
    """Return an action in one word, for its Event and its metric: `BudgetHold`, in a dry run `BudgetWouldHold`."""
    return f"{WOULD if is_dry else 'Budget'}{_REASONS[kind]}"


def month(text: str) -> str:
    """Return a month as people write it: 2026-11."""
    return f"{text[:4]}-{text[4:]}"


def one_line(text: str, most: int) -> str:
    """Return what others have written on one line of at most so many characters, without codes for a terminal."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:most]
