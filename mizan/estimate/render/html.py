"""An estimate as one HTML page that needs nothing else: no script, no other file, light and dark."""

import re
from collections.abc import Iterator
from html import escape

from mizan.estimate.amounts import Size
from mizan.estimate.budget import BudgetVerdict
from mizan.estimate.model import Estimate
from mizan.estimate.render.comparison import Against, change_expected
from mizan.estimate.render.report import tables
from mizan.estimate.render.table import Row, Table
from mizan.estimate.render.words import HOURS, LEGEND, notes, stacks, total_at

CODE = re.compile("`([^`]*)`")
STYLE = """\
:root { color-scheme: light dark; --paper: #fff; --ink: #1c1e21; --quiet: #5c6370; --line: #d9dce1; --sum: #f3f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15171a; --ink: #e4e6ea; --quiet: #9aa1ad; --line: #33373e; --sum: #1f2329; }
}
body { margin: 2rem auto; max-width: 64rem; padding: 0 1rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin-bottom: 0; }
.lead { font-size: 1.125rem; }
.scroll { overflow-x: auto; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding-bottom: 0.375rem; }
th, td { padding: 0.25rem 0.75rem 0.25rem 0; text-align: left; vertical-align: top; font-weight: normal;
  border-bottom: 1px solid var(--line); }
thead th, .detail, .below, footer { color: var(--quiet); }
.number { text-align: right; white-space: nowrap; }
.detail th { padding-left: 1.25rem; }
.total th, .total td { font-weight: 600; background: var(--sum); }
.below, footer { font-size: 0.875rem; }
"""


def html_page(estimate: Estimate, verdicts: tuple[BudgetVerdict, ...] = (), against: Against | None = None) -> str:
    """Return the whole page.

    Args:
        estimate: of one stack or several.
        verdicts: of all its budgets.
        against: what it is compared with; None shows it alone.
    """
    found = list(tables(estimate, verdicts, against))
    title = escape(f"Estimate of {stacks(estimate)}")
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>\n{STYLE}</style>",
            "</head>",
            "<body>",
            f"<h1>{title}</h1>",
            *_lead(estimate, against),
            *(line for table in found for line in _table(table)),
            *_notes(estimate, has_derived=any(table.is_derived for table in found)),
            "</body>",
            "</html>",
            "",
        ]
    )


def _lead(estimate: Estimate, against: Against | None) -> Iterator[str]:
    least, usual, most = (total_at(estimate, size) for size in Size)
    yield (
        f'<p class="lead"><strong>{usual} USD a month expected</strong>, {least} at least, {most} at most; {HOURS}.</p>'
    )
    if against is not None:
        yield f"<p>{change_expected(estimate, against)} USD a month expected against {escape(against.name)}.</p>"


def _table(table: Table) -> Iterator[str]:
    yield from ('<div class="scroll">', "<table>", f"<caption>{escape(table.caption)}</caption>", "<thead><tr>")
    for column in table.columns:
        yield f'<th scope="col"{_number(column.is_number)}>{escape(column.name)}</th>'
    yield from ("</tr></thead>", "<tbody>")
    yield from (_row(table, row) for row in table.rows)
    yield from ("</tbody>", "</table>", "</div>")
    yield from (f'<p class="below">{_text(sentence)}</p>' for sentence in table.below)


def _row(table: Table, row: Row) -> str:
    cells = "".join(
        f"<td{_number(column.is_number)}>{escape(cell)}</td>"
        for column, cell in zip(table.columns[1:], row.cells, strict=True)
    )
    return f'<tr class="{row.kind}"><th scope="row">{escape(row.title)}</th>{cells}</tr>'


def _number(is_number: bool) -> str:
    return ' class="number"' if is_number else ""


def _text(sentence: str) -> str:
    """Return a sentence; what stands between backticks is code."""
    return CODE.sub(r"<code>\1</code>", escape(sentence))


def _notes(estimate: Estimate, *, has_derived: bool) -> Iterator[str]:
    yield from ("<footer>", "<h2>Notes</h2>", "<ul>")
    yield from (f"<li>{_text(note)}</li>" for note in notes(estimate))
    yield "</ul>"
    if has_derived:
        yield f"<p>{LEGEND}</p>"
    yield "</footer>"
