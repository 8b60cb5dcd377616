"""An estimate as text: for programs, for a log, for a pull request, as a page. Pure, and without colours."""

from mizan.estimate.render.comparison import Against
from mizan.estimate.render.document import document, summary
from mizan.estimate.render.exceeded import BudgetsExceeded, warning
from mizan.estimate.render.html import html_page
from mizan.estimate.render.markdown import markdown_page
from mizan.estimate.render.report import tables
from mizan.estimate.render.short import short_table
from mizan.estimate.render.table import Row, RowKind, Table

__all__ = [
    "Against",
    "BudgetsExceeded",
    "Row",
    "RowKind",
    "Table",
    "document",
    "html_page",
    "markdown_page",
    "short_table",
    "summary",
    "tables",
    "warning",
]
