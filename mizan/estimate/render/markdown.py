"""An estimate as the comment that CI posts on a pull request."""

import re
from collections.abc import Iterator, Sequence

from mizan.estimate.amounts import Size
from mizan.estimate.budget import BudgetLevel, BudgetVerdict
from mizan.estimate.model import Estimate
from mizan.estimate.render.comparison import Against, change_expected, lines_compared, totals_compared
from mizan.estimate.render.pool_tables import pools_in_short
from mizan.estimate.render.table import Row, RowKind, Table
from mizan.estimate.render.tables import savings
from mizan.estimate.render.words import (
    HOURS,
    LEGEND,
    advice,
    budget,
    notes,
    price_days,
    stacks,
    total_at,
)

# What GitHub takes as a comment: "Body is too long (maximum is 65536 characters)". Counted in bytes, to be safe.
# Source: github.com/telia-oss/github-pr-resource/issues/259, read 2026-11-22.
LONGEST_COMMENT = 65_536
# Rows of a table, budgets and notes; the largest number at which the comment is not too long is taken.
MOST = (50, 20, 8, 3)
LONGEST_TEXT = 400

# What GitHub's Markdown would read as more than text in the middle of a line; behind a backslash it does not.
# Source: https://github.github.com/gfm/#backslash-escapes, read 2026-11-22.
# Within a word, such as an address, `_` and `&` are text already.
SPECIAL = re.compile(r"([\\`*\[\]<|~]|(?<!\w)_|_(?!\w)|&(?=#?\w+;))")


def markdown_page(estimate: Estimate, verdicts: tuple[BudgetVerdict, ...] = (), against: Against | None = None) -> str:
    """Return title, totals, pools, budgets, savings and notes, no longer than a comment may be.

    Args:
        estimate: of one stack or several.
        verdicts: of all its budgets.
        against: what it is compared with; None shows it alone.
    """
    page = ""
    for most in MOST:
        page = "\n".join([*_page(estimate, verdicts, against, most), ""])
        if len(page.encode()) <= LONGEST_COMMENT:
            break
    return page


def _page(estimate: Estimate, verdicts: Sequence[BudgetVerdict], against: Against | None, most: int) -> Iterator[str]:
    """Yield the lines of a comment with at most so many rows, budgets and notes."""
    # By this line a program finds the comment that it wrote before.
    yield f"<!-- mizan estimate: {', '.join(stack.name.replace('>', '') for stack in estimate.stacks)} -->"
    yield f"### Estimate of {_escaped(stacks(estimate))}"
    yield ""
    yield _headline(estimate, against)
    if against is None:
        found = [pools_in_short(estimate, most)]
    else:
        found = [totals_compared(estimate, against)]
        if against.comparison.changed:
            found.append(lines_compared(estimate, against, most=most))
    way = savings(estimate, has_idle_steps=False)
    has_derived = any(table.is_derived for table in (*found, way))
    yield from (line for table in found for line in _table(table))
    yield from _budgets(estimate, verdicts, most)
    yield from _table(way)
    yield from ("", f"<sub>{_escaped(_small_print(estimate, has_derived=has_derived))}</sub>")
    yield from _notes(estimate, most)


def _headline(estimate: Estimate, against: Against | None) -> str:
    least, usual, most = (_escaped(total_at(estimate, size)) for size in Size)
    told = f"**{usual} USD a month expected**, {least} at least, {most} at most"
    if against is None:
        return f"{told}."
    change = _escaped(change_expected(estimate, against))
    return f"**{change} USD a month expected** against {_escaped(against.name)}: now {told}."


def _small_print(estimate: Estimate, *, has_derived: bool) -> str:
    return f"{HOURS.capitalize()}. {price_days(estimate)}{f' {LEGEND}' if has_derived else ''}"


def _budgets(estimate: Estimate, verdicts: Sequence[BudgetVerdict], most: int) -> Iterator[str]:
    """Yield the budgets, those that are not kept first; of those only what would keep them."""
    if not verdicts:
        return
    order = sorted(verdicts, key=lambda verdict: list(BudgetLevel).index(verdict.level), reverse=True)
    is_alone = len(estimate.stacks) == 1
    yield from ("", "**Budgets**", "")
    for verdict in order[:most]:
        sentence = _escaped(budget(verdict, is_alone=is_alone))
        yield f"- {sentence}" if verdict.level is BudgetLevel.OK else f"- **{sentence}**"
        yield from (f"  - {_escaped(line)}" for line in list(advice(verdict))[:most])
    if len(order) > most:
        yield f"- {len(order) - most} more budgets"


def _notes(estimate: Estimate, most: int) -> Iterator[str]:
    found = notes(estimate)
    yield from ("", "<details><summary>Notes</summary>", "")
    yield from (f"- {_escaped(note)}" for note in found[:most])
    if len(found) > most:
        yield f"- {len(found) - most} more notes"
    yield from ("", "</details>")


def _table(table: Table) -> Iterator[str]:
    """Yield a table under its caption, with an empty line above, where Markdown needs one."""
    yield from ("", f"**{_escaped(table.caption)}**", "")
    yield _row([column.name for column in table.columns])
    yield _row(["---:" if column.is_number else "---" for column in table.columns])
    for row in table.rows:
        yield _row(_cells(row))
    for sentence in table.below:
        yield from ("", _escaped(sentence))


def _cells(row: Row) -> list[str]:
    cells = [_escaped(cell) for cell in (row.title, *row.cells)]
    return [f"**{cell}**" if cell else "" for cell in cells] if row.kind is RowKind.TOTAL else cells


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """Return text in one line that Markdown shows as it is; what is very long is cut."""
    line = " ".join(text.split())
    parts = (line if len(line) <= LONGEST_TEXT else f"{line[:LONGEST_TEXT]} …").split("`")
    if len(parts) % 2 == 0:
        return SPECIAL.sub(r"\\\1", "`".join(parts))
    # What stands between backticks is code, where only the bar between two cells is special.
    parts[::2] = [SPECIAL.sub(r"\\\1", part) for part in parts[::2]]
    parts[1::2] = [part.replace("|", r"\|") for part in parts[1::2]]
    return "`".join(parts)
