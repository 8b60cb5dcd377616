"""An estimate in a few lines of plain text, as the log of `pulumi preview` and `pulumi up` shows it."""

from collections.abc import Iterator
from textwrap import wrap

from mizan.estimate.amounts import Savings, SavingsLine
from mizan.estimate.budget import BudgetLevel, BudgetVerdict
from mizan.estimate.model import Estimate
from mizan.estimate.render.pool_tables import pools_in_short
from mizan.estimate.render.table import Table
from mizan.estimate.render.words import (
    BASELINE,
    HOURS,
    LEGEND,
    MARK,
    MONTH,
    STEPS,
    budget,
    count,
    dollars,
    marked,
    place,
    price_days,
    share,
    stacks,
)

WIDTH = 80
GAP = "  "
# A log is read beside others; the rest is one row.
MOST_POOLS = 12
MOST_BUDGETS = 5
# Narrower than this a name is folded into pieces that nobody reads.
NAME_COLUMNS = 12


def short_table(estimate: Estimate, verdicts: tuple[BudgetVerdict, ...] = ()) -> str:
    """Return pools, total, savings, budgets and price dates, 80 columns wide and without colours.

    Args:
        estimate: of one stack or several.
        verdicts: of all its budgets; those that are kept without warning are told only where they are few.
    """
    table = pools_in_short(estimate, MOST_POOLS)
    told = [savings_line(estimate.savings), *_undone(estimate), *_budgets(estimate, verdicts)]
    lines = [
        *wrap(f"Estimate of {stacks(estimate)}, {MONTH}; {HOURS}", WIDTH),
        *_rows(table),
        *(line for sentence in told for line in _folded(sentence)),
        *([LEGEND] if table.is_derived or any(MARK in sentence for sentence in told) else []),
        price_days(estimate),
        *_folded(f"In full: mizan estimate{''.join(f' -s {stack.name}' for stack in estimate.stacks)}"),
    ]
    return "\n".join(lines)


def _undone(estimate: Estimate) -> Iterator[str]:
    """Yield where expected work stays undone, so that nobody takes its dollars for those of all the work."""
    pools = [
        f"{place(estimate, pool.stack, pool.name)} {count(pool.undone_nodes)}"
        for pool in estimate.pools
        if pool.undone_nodes
    ]
    if pools:
        more = f" and {len(pools) - MOST_BUDGETS} more pools" if len(pools) > MOST_BUDGETS else ""
        yield f"Expected work that stays undone, in nodes: {', '.join(pools[:MOST_BUDGETS])}{more}."


def savings_line(savings: Savings) -> str:
    """Return what is saved against all on-demand, running always, and by which steps."""
    steps = [line for line in savings.lines if line.usd_per_month]
    saving = [_step(line) for line in steps if line.usd_per_month < 0]
    costing = [_step(line) for line in steps if line.usd_per_month > 0]
    saved = marked(dollars(abs(savings.saved)), savings.is_saved_derived)
    baseline = marked(dollars(savings.baseline), savings.is_baseline_derived)
    percent = marked(share(savings.saved / savings.baseline), savings.is_saved_derived or savings.is_baseline_derived)
    is_saving = savings.saved >= 0
    told = (
        f"Expected saves {saved} ({percent}) of {baseline} ({BASELINE})"
        if is_saving
        else f"Expected costs {saved} more than {baseline} ({BASELINE})"
    )
    most, less = (saving, costing) if is_saving else (costing, saving)
    parts = [", ".join(most), f"less {', '.join(less)}" if less else ""]
    return f"{told}{': ' if steps else ''}{'; '.join(filter(None, parts))}."


def _step(line: SavingsLine) -> str:
    return f"{STEPS[line.kind]} {marked(dollars(abs(line.usd_per_month)), line.is_derived)}"


def _rows(table: Table) -> Iterator[str]:
    """Yield a table's lines: names on the left, folded where numbers leave them too little room; numbers right."""
    cells = [[column.name for column in table.columns[1:]], *(list(row.cells) for row in table.rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    room = max(WIDTH - sum(width + len(GAP) for width in widths), NAME_COLUMNS)
    names = [table.columns[0].name, *(row.title for row in table.rows)]
    folded = [wrap(name, room) for name in names]
    name_width = max(len(line) for lines in folded for line in lines)
    for lines, row in zip(folded, cells, strict=True):
        *before, last = lines
        yield from before
        yield GAP.join([last.ljust(name_width), *(cell.rjust(width) for cell, width in zip(row, widths, strict=True))])


def _budgets(estimate: Estimate, verdicts: tuple[BudgetVerdict, ...]) -> Iterator[str]:
    is_alone = len(estimate.stacks) == 1
    pressing = [verdict for verdict in verdicts if verdict.level is not BudgetLevel.OK]
    told = list(verdicts) if len(verdicts) <= MOST_BUDGETS else pressing[:MOST_BUDGETS]
    yield from (budget(verdict, is_alone=is_alone) for verdict in told)
    untold = [verdict for verdict in verdicts if verdict not in told]
    if untold:
        pressing_too = sum(verdict.level is not BudgetLevel.OK for verdict in untold)
        yield f"{len(untold)} more budgets, {pressing_too} of them at or beyond their warning."


def _folded(sentence: str) -> list[str]:
    return wrap(sentence, WIDTH, subsequent_indent=GAP)
