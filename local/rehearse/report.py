"""What a rehearsal found, as data; and that data as a table or as JSON. Pure, but for the screen it is given."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

VERSION = 1

# Pulumi's own: the stack, its providers, and what a component is made of.
_ENGINES_OWN = "pulumi:"
SIZES = ("minimum", "expected", "maximum")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A piece of work, and how long it took."""

    title: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Check:
    """Something that must hold.

    Attributes:
        claim: what, a sentence without its full stop.
        is_met: whether it does.
        detail: what was seen.
    """

    claim: str
    is_met: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """One rehearsal.

    Attributes:
        stack: its name.
        cloud: what was simulated.
        region: where the stack would be.
        resources: how many of each type Pulumi's state held.
        checks: in the order in which they were made.
        simulated: what was not the real thing, each a sentence.
        steps: in their order.
        usd_per_month: the estimate at its three sizes; empty where the program did not get so far.
        kept: what to type to look at it, where it was kept.
    """

    stack: str
    cloud: str
    region: str
    resources: Mapping[str, int]
    checks: tuple[Check, ...]
    simulated: tuple[str, ...]
    steps: tuple[Step, ...]
    usd_per_month: Mapping[str, Decimal]
    kept: tuple[str, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Return whether everything holds."""
        return all(check.is_met for check in self.checks)

    @property
    def seconds(self) -> float:
        """Return how long all of it took."""
        return sum(step.seconds for step in self.steps)


def by_type(resources: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Return how many resources of each type there are in Pulumi's state, without those that are Pulumi's own."""
    types = [str(resource["type"]) for resource in resources]
    return dict(sorted(Counter(kind for kind in types if not kind.startswith(_ENGINES_OWN)).items()))


def costs(resources: Iterable[Mapping[str, Any]]) -> dict[str, Decimal]:
    """Return the estimate among the stack's outputs; nothing where it has none yet."""
    stacks = [resource for resource in resources if resource["type"] == "pulumi:pulumi:Stack"]
    outputs = stacks[0].get("outputs") or {} if stacks else {}
    figures = (outputs.get("estimate") or {}).get("usdPerMonth") or {}
    return {size: Decimal(figures[size]) for size in SIZES if size in figures}


def as_json(report: Report) -> str:
    """Return the report for a program; money is text, as in an estimate."""
    document = {
        "version": VERSION,
        "stack": report.stack,
        "cloud": report.cloud,
        "region": report.region,
        "isPassed": report.is_passed,
        "seconds": round(report.seconds, 1),
        "checks": [
            {"claim": check.claim, "isMet": check.is_met, "detail": check.detail or None} for check in report.checks
        ],
        "steps": [asdict(step) | {"seconds": round(step.seconds, 1)} for step in report.steps],
        "resources": dict(report.resources),
        "usdPerMonth": {size: f"{amount:.2f}" for size, amount in report.usd_per_month.items()} or None,
        "simulated": list(report.simulated),
        "kept": list(report.kept),
    }
    return json.dumps(document, indent=2) + "\n"


def show(console: Console, report: Report) -> None:
    """Print the report for a person: what came to be, what was checked, how long it took, what was not real."""
    tables = {
        f"Resources of {report.stack}, {report.cloud} in {report.region}": _resources(report),
        "Steps": _steps(report),
        "Checks": _checks(report),
    }
    for title, table in tables.items():
        console.print(Text(title, "bold"))
        console.print(table)
        console.print()
    if report.usd_per_month:
        console.print(Text(_money(report)), soft_wrap=True)
    console.print(Text("Simulated, and so no proof of anything:", "bold"))
    for sentence in report.simulated:
        console.print(Text(f"  - {sentence}"), soft_wrap=True)
    failed = sum(not check.is_met for check in report.checks)
    verdict = f"{failed} of {len(report.checks)} checks failed" if failed else f"{len(report.checks)} checks passed"
    console.print(Text(f"\n{report.stack}: {verdict} in {report.seconds:.0f} s", "red" if failed else "green"))
    for line in report.kept:
        console.print(Text(f"  {line}"), soft_wrap=True)


def _resources(report: Report) -> Table:
    table = _table("type", "number")
    for kind, number in report.resources.items():
        table.add_row(Text(kind), str(number))
    table.add_row(Text("all", "bold"), Text(str(sum(report.resources.values())), "bold"))
    return table


def _steps(report: Report) -> Table:
    table = _table("step", "seconds")
    for step in report.steps:
        table.add_row(Text(step.title), f"{step.seconds:.1f}")
    return table


def _checks(report: Report) -> Table:
    table = _table("", "claim", "seen")
    for check in report.checks:
        mark = Text("✓", "green") if check.is_met else Text("✗", "red")
        table.add_row(mark, Text(check.claim), Text(check.detail))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        is_number = column in ("number", "seconds")
        table.add_column(column, header_style="dim", overflow="fold", justify="right" if is_number else "left")
    return table


def _money(report: Report) -> str:
    least, expected, most = (f"{report.usd_per_month[size]:,.2f}" for size in SIZES)
    return (
        f"Estimate: {expected} USD a month expected; {least} with all pools at 0, {most} with all at their maximum.\n"
    )
