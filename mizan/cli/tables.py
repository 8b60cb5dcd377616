"""Tables for a person: numbers are never cut, names are folded where the screen is too narrow."""

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

# Narrower than this a name is folded into pieces that nobody reads.
NAME_COLUMNS = 12
GAP_COLUMNS = 2


def table(title: str, *columns: str) -> Table:
    """Return a table; a column whose name begins with # holds numbers, which are never cut."""
    # As Text, since names in a title may have brackets, which are no markup.
    made = Table(
        title=Text(title, "bold"), title_justify="left", box=None, pad_edge=False, padding=(0, GAP_COLUMNS, 0, 0)
    )
    for column in columns:
        if column.startswith("#"):
            made.add_column(column.removeprefix("#") or "#", header_style="dim", justify="right", no_wrap=True)
        else:
            made.add_column(column, header_style="dim", overflow="fold")
    return made


def add(to: Table, *cells: str | int | Text) -> None:
    """Add a row; brackets in names and messages are no markup."""
    to.add_row(*(cell if isinstance(cell, Text) else Text(str(cell)) for cell in cells))


def print_whole(console: Console, shown: Table | Tree) -> None:
    """Print whole: what is wider than the screen is wrapped by the terminal rather than cut."""
    screen = console.width
    # `print` takes no width beyond the console's own.
    console.width = max(screen, _least_width(shown) if isinstance(shown, Table) else 0)
    console.print(shown)
    console.width = screen


def _least_width(shown: Table) -> int:
    """Return the width at which every number stands on one line, and every name has some room of its own."""
    total = 0
    for column in shown.columns:
        texts = [str(cell) for cell in (column.header, *column.cells)]
        widest = max(cell_len(line) for text in texts for line in (text.splitlines() or [""]))
        if not column.no_wrap:
            widest = column.min_width = min(widest, NAME_COLUMNS)
        total += widest + GAP_COLUMNS
    return total
