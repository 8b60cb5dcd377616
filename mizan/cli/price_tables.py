"""`mizan prices`: tables a person reads in one look, and the same as JSON under keys that stay."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.text import Text

from mizan.catalogue import Machine
from mizan.cli.tables import add, print_whole, table
from mizan.prices import Price, PriceBook
from mizan.prices.check import Finding, Severity
from mizan.prices.importers import Imported
from mizan.prices.layout import CURRENCY, plain
from mizan.prices.listing import is_saving_derived, saving

DERIVED = "*"
LEGEND = f"{DERIVED} derived: computed from other prices, not read"
COLOURS = {Severity.ERROR: "red", Severity.ADVICE: "yellow"}


def show_list(console: Console, rows: Sequence[Price], book: PriceBook, machines: Mapping[str, Machine]) -> None:
    """Print prices of many machines."""
    shown = table(
        "Prices", "region", "machine", "GPUs", "capacity", "zone", "#USD per hour", "#per GPU", "#saves", "#of"
    )
    for row in rows:
        machine = machines.get(row.machine)
        add(
            shown,
            row.region,
            row.machine,
            f"{machine.gpus} {machine.gpu.name}" if machine else "unknown",
            row.capacity_type,
            row.zone,
            dollars(row.usd_per_hour, row),
            dollars(row.usd_per_hour / machine.gpus, row) if machine else "-",
            _saving(row, book),
            row.as_of.isoformat(),
        )
    print_whole(console, shown)
    _legend(console, rows, book)


def show_machine(console: Console, machine: Machine, rows: Sequence[Price], book: PriceBook, today: date) -> None:
    """Print every price of one machine, with its age and where it is from."""
    console.print(
        Text(
            f"{machine.name} of {machine.provider}: {machine.gpus} {machine.gpu.name}, {machine.vcpus} vCPUs, "
            f"{machine.memory_gib} GiB"
        ),
        soft_wrap=True,
    )
    shown = table(
        "", "region", "zone", "capacity", "#USD per hour", "#per GPU", "#saves", "#of", "#days old", "basis", "#source"
    )
    sources = {source: number for number, source in enumerate(dict.fromkeys(row.source for row in rows), start=1)}
    for row in rows:
        age = str(row.age_days(today))
        add(
            shown,
            row.region,
            row.zone,
            row.capacity_type,
            dollars(row.usd_per_hour, row),
            dollars(row.usd_per_hour / machine.gpus, row),
            _saving(row, book),
            row.as_of.isoformat(),
            Text(age, "yellow" if row.is_stale(today) else ""),
            row.basis,
            f"[{sources[row.source]}]",
        )
    print_whole(console, shown)
    _legend(console, rows, book)
    for source, number in sources.items():
        console.print(Text(f"[{number}] {source}", "dim"), soft_wrap=True)


def show_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print every finding on a line of its own, and at the end how many there are."""
    for finding in findings:
        line = Text.assemble((f"{finding.severity}: ", COLOURS[finding.severity]), str(finding))
        console.print(line, soft_wrap=True)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    told = f"errors: {errors}, advice: {len(findings) - errors}"
    console.print(Text(told, "red" if errors else ""), soft_wrap=True)


def show_imports(console: Console, found: Iterable[Imported]) -> None:
    """Print what was taken from each file and what was left out, so that nothing is lost unseen."""
    for each in found:
        lines = [f"{len(each.rows)} prices from {each.format}"]
        lines += [f"  left out: {what}: {count}" for what, count in each.left_out.items()]
        lines += [f"  note: {note}" for note in each.notes]
        for line in lines:
            console.print(Text(line), soft_wrap=True)


def document(rows: Iterable[Price], book: PriceBook, machines: Mapping[str, Machine], today: date) -> dict[str, Any]:
    """Return prices for a program. Money and shares are text, so that no reader rounds them."""
    return {
        "currency": CURRENCY,
        "per": "hour",
        "today": today.isoformat(),
        "prices": [_row(row, book, machines.get(row.machine), today) for row in rows],
    }


def dollars(value: Decimal, row: Price) -> str:
    """Return a price with the mark of a derived one; a listed one keeps the mark's place free."""
    return f"{value:.4f}{DERIVED if row.is_derived else ' '}"


def _saving(row: Price, book: PriceBook) -> str:
    """Return what a row saves in per cent with the mark of a derived one, `-` where there is none."""
    share = saving(row, book)
    return "- " if share is None else f"{share * 100:.1f} %{DERIVED if is_saving_derived(row, book) else ' '}"


def _legend(console: Console, rows: Iterable[Price], book: PriceBook) -> None:
    if any(row.is_derived or is_saving_derived(row, book) for row in rows):
        console.print(Text(LEGEND, "dim"), soft_wrap=True)


def _row(row: Price, book: PriceBook, machine: Machine | None, today: date) -> dict[str, Any]:
    share = saving(row, book)
    return {
        "provider": row.provider,
        "region": row.region,
        "zone": row.zone or None,
        "machine": row.machine,
        "gpu": machine.gpu.name if machine else None,
        "gpus": machine.gpus if machine else None,
        "capacityType": row.capacity_type,
        "usdPerHour": plain(row.usd_per_hour),
        "saving": None if share is None else f"{share:.4f}",
        "isSavingDerived": is_saving_derived(row, book),
        "asOf": row.as_of.isoformat(),
        "daysOld": row.age_days(today),
        "basis": row.basis,
        "source": row.source,
        "file": row.file,
        "line": row.line,
    }
