"""`mizan estimate`: every table in full, 80 columns wide."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from mizan.cli.tables import add, print_whole, table
from mizan.estimate import BudgetLevel, BudgetVerdict, Estimate
from mizan.estimate.render import Against, Row, RowKind, Table, tables
from mizan.estimate.render.words import HOURS, LEGEND, notes, stacks

INDENT = "  "
STYLES = {RowKind.PLAIN: "", RowKind.DETAIL: "dim", RowKind.TOTAL: "bold"}
COLOURS = {BudgetLevel.ADVISORY.value: "yellow", BudgetLevel.EXCEEDED.value: "red"}


def show_estimate(
    console: Console, estimate: Estimate, verdicts: tuple[BudgetVerdict, ...], against: Against | None
) -> None:
    """Print every table, and what to know when reading them."""
    _say(console, [f"Estimate of {stacks(estimate)}; {HOURS}"], "bold")
    found = list(tables(estimate, verdicts, against))
    for each in found:
        console.print()
        _show(console, each)
    console.print()
    _say(console, [f"- {note}" for note in notes(estimate)])
    if any(each.is_derived for each in found):
        _say(console, [LEGEND])


def _show(console: Console, shown: Table) -> None:
    names = (f"#{column.name}" if column.is_number else column.name for column in shown.columns)
    made = table(shown.caption, *names)
    for row in shown.rows:
        add(made, *_cells(row))
    print_whole(console, made)
    _say(console, shown.below)


def _cells(row: Row) -> Iterable[Text]:
    yield Text(f"{INDENT}{row.title}" if row.kind is RowKind.DETAIL else row.title, STYLES[row.kind])
    for cell in row.cells:
        yield Text(cell, COLOURS.get(cell, STYLES[row.kind]))


def _say(console: Console, sentences: Iterable[str], style: str = "dim") -> None:
    for sentence in sentences:
        console.print(Text(sentence, style), soft_wrap=True)
