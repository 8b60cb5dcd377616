"""The screen of `make open`: what GPUs cost now, and the queries that tell it."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from local.questions import AnswerRow, Question


@dataclass(frozen=True, kw_only=True)
class CostView:
    """What is shown.

    Attributes:
        address: of Prometheus.
        rows: of the table; none where nobody knows yet what anything costs.
        asked: the questions of the rows.
        page: where they all are graphs; None where Prometheus has no page of its own.
        is_opened: whether a browser was told to show it.
    """

    address: str
    rows: Sequence[AnswerRow]
    asked: Sequence[Question]
    page: str | None
    is_opened: bool


def show_costs(console: Console, view: CostView) -> None:
    """Print answers, queries and where to ask more."""
    if view.rows:
        console.print(_answers(view.rows))
        console.print(Text("  These nodes are simulated, and so is what their GPUs do; prices are real.", "dim"))
    else:
        text = "Nothing is known yet: costs are evaluated every 30 s. If it stays so, see `make status`."
        console.print(Text(text, "yellow"), soft_wrap=True)
    console.print(_queries(view.asked))
    console.print(Text(f"\nPrometheus: {view.address}"), soft_wrap=True)
    console.print(Text(_page(view)), soft_wrap=True)


def _answers(rows: Sequence[AnswerRow]) -> Table:
    table = _table("Costs now", "what", "whose", "answer")
    before = ""
    for row in rows:
        # A title is said once for all of its lines.
        table.add_row(Text("" if row.title == before else row.title), Text(row.whose), Text(row.answer))
        before = row.title
    return table


def _queries(asked: Sequence[Question]) -> Table:
    table = _table("\nTheir queries", "what", "query")
    for question in asked:
        table.add_row(Text(question.title), Text(question.query))
    return table


def _page(view: CostView) -> str:
    if view.page is None:
        told = "It has no page here, which takes npm to build; ask its API with a query of the table:"
        return f"{told}\n  curl -s {view.address}/api/v1/query --data-urlencode 'query={view.asked[0].query}'"
    return f"{'Opened' if view.is_opened else 'Graphs of all of them'}: {view.page}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, header_style="dim", overflow="fold")
    return table
