"""Amounts, prices and marks as the plain values that an estimate's document holds."""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

from mizan.estimate.amounts import Dollars, Parts, Savings, Size
from mizan.estimate.derived import Derived
from mizan.prices import Price

Json = dict[str, Any]


def dollars(amount: Dollars) -> Json:
    """Return an amount at the three sizes."""
    return {size.value: money(amount.at(size)) for size in Size}


def money(amount: Decimal) -> str:
    """Return US dollars with their cents."""
    # A sum of nothing may be -0.00.
    return f"{amount + 0:.2f}"


def exact(amount: Decimal) -> str:
    """Return a rate with every digit that it has."""
    return f"{amount:f}"


def number(of: Decimal) -> int | float:
    """Return a mean number of nodes, or a share of 0 to 1, to four places."""
    rounded = round(of, 4)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def parts(amounts: Parts) -> Json:
    """Return what dollars are paid for, each part at the three sizes."""
    return {
        "gpu": dollars(amounts.gpu),
        "host": dollars(amounts.host),
        "disk": dollars(amounts.disk),
        "controlPlane": dollars(amounts.control_plane),
        "unusedCommitments": dollars(amounts.unused_commitments),
        "prometheusDisk": dollars(amounts.prometheus_disk),
    }


def derived_parts(derived: Derived) -> list[str]:
    """Return the keys of the parts that a derived figure is in."""
    found = {
        "gpu": derived.gpu,
        "host": derived.host,
        "disk": derived.disk,
        "controlPlane": derived.control_plane,
        "unusedCommitments": derived.unused_commitments,
        "prometheusDisk": derived.prometheus_disk,
    }
    return [part for part, is_derived in found.items() if is_derived]


def savings(way: Savings) -> Json:
    """Return the way down with the marks of each number on it."""
    return {
        "baseline": money(way.baseline),
        "isBaselineDerived": way.is_baseline_derived,
        "steps": [
            {
                "step": line.kind.value,
                "usdPerMonth": money(line.usd_per_month),
                "isDerived": line.is_derived,
            }
            for line in way.lines
        ],
        "expected": money(way.expected),
        "isExpectedDerived": way.is_expected_derived,
        "saved": money(way.saved),
        "isSavedDerived": way.is_saved_derived,
    }


def node_parts(amounts: Parts) -> Json:
    """Return the parts that nodes have; the others are nobody's alone."""
    return {"gpu": dollars(amounts.gpu), "host": dollars(amounts.host), "disk": dollars(amounts.disk)}


def price(row: Price) -> Json:
    """Return a price row, with where it is written."""
    return {
        "usdPerHour": exact(row.usd_per_hour),
        "asOf": row.as_of.isoformat(),
        "basis": row.basis.value,
        "source": row.source,
        # A path of one machine would make the document another on each.
        "file": PurePath(row.file).name if PurePath(row.file).is_absolute() else row.file,
        "line": row.line,
    }


def dollars_or_none(amount: Dollars | None) -> Json | None:
    """Return an amount at the three sizes; None where there was nothing."""
    return None if amount is None else dollars(amount)
