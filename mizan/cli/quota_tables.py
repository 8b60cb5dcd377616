"""`mizan quotas`: tables a person reads in one look, and the same as JSON under keys that stay."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mizan.cli.tables import add, print_whole, table
from mizan.config import Cloud
from mizan.plan import Plan
from mizan.quotas import GLOBAL, QuotaCheck, Status, command, page

UNLIMITED = "unlimited"
COLOURS = {Status.ENOUGH: "green", Status.SHORT: "red", Status.UNKNOWN: "yellow"}


def show_quotas(console: Console, checks: Sequence[QuotaCheck], hints: Sequence[str], *, is_compared: bool) -> None:
    """Print the needed quotas by region, what to ask for, and what else to know.

    Args:
        console: to print to.
        checks: every needed quota.
        hints: sentences.
        is_compared: whether anything is known to be granted.
    """
    for (provider, region), group in groupby(checks, key=lambda check: (check.need.provider, check.need.region)):
        where = "all regions together" if region == GLOBAL else region
        print_whole(console, _quotas(f"Quotas of {provider}, {where}", list(group), is_compared=is_compared))
    for check in checks:
        if is_compared and check.note:
            console.print(Text(f"{check.need.name}: {check.note}", "dim"), soft_wrap=True)
    _requests(console, checks)
    if not is_compared:
        pages = dict.fromkeys(page(check.need) for check in checks)
        console.print(Text("Ask for them at:\n" + "\n".join(f"  {each}" for each in pages)), soft_wrap=True)
        console.print(Text("Compare them with what is granted: --granted FILE, in a form that --help names."))
    for hint in hints:
        console.print(Text(f"- {hint}", "dim"), soft_wrap=True)


def _quotas(title: str, checks: Sequence[QuotaCheck], *, is_compared: bool) -> Table:
    compared = ("#granted", "#missing") if is_compared else ()
    shown = table(title, "quota", "#needed", *compared, "of", "for")
    for check in checks:
        need = check.need
        cells = (_granted(check), Text(_missing(check), COLOURS[check.status])) if is_compared else ()
        code = f"\n{need.row.code}" if need.row and need.provider == "aws" else ""
        add(shown, f"{need.name}{code}", need.amount, *cells, need.unit, ", ".join(need.users))
    return shown


def _granted(check: QuotaCheck) -> str:
    if check.granted is None:
        return "unknown"
    return UNLIMITED if check.granted.amount is None else str(check.granted.amount)


def _missing(check: QuotaCheck) -> str:
    return "?" if check.status is Status.UNKNOWN else str(check.missing or "-")


def _requests(console: Console, checks: Sequence[QuotaCheck]) -> None:
    """Print for each quota that is too small what to ask for, where and how."""
    short = [check for check in checks if check.request is not None]
    if not short:
        return
    console.print(Text("Ask for", "bold"))
    for check in short:
        need, amount = check.need, check.request or 0
        where = "in all regions" if need.region == GLOBAL else f"in {need.region}"
        console.print(
            Text(f"{need.name} {where}: {amount} {need.unit}, {check.missing} more than granted", "red"),
            soft_wrap=True,
        )
        for line in filter(None, (page(need), command(need, amount))):
            console.print(Text(f"  {line}"), soft_wrap=True)


def document(plan: Plan, checks: Sequence[QuotaCheck], hints: Sequence[str]) -> dict[str, Any]:
    """Return everything for a program; what is unknown is null."""
    return {
        "stack": plan.stack,
        "region": plan.region,
        "isSimulated": plan.cloud is Cloud.LOCAL,
        "quotas": [_quota(check) for check in checks],
        "hints": list(hints),
    }


def _quota(check: QuotaCheck) -> dict[str, Any]:
    need = check.need
    granted = None if check.granted is None else check.granted.amount
    return {
        "provider": need.provider,
        "region": need.region,
        "quota": need.row.quota if need.row else None,
        "code": need.row.code if need.row else None,
        "unit": need.unit,
        "purchases": list(need.purchases),
        "needed": need.amount,
        "machines": list(need.machines),
        "for": list(need.users),
        "granted": UNLIMITED if check.granted and granted is None else granted,
        "status": check.status,
        "missing": None if check.status is Status.UNKNOWN else check.missing,
        "requestTo": check.request,
        "askAt": page(need),
        "command": command(need, need.amount if check.request is None else check.request),
        "note": check.note,
        "asOf": need.row.as_of.isoformat() if need.row else None,
        "source": need.row.source if need.row else None,
    }
