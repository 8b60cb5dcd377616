"""`mizan plan --check`: one line where everything agrees, else a table of what does not; and the same as JSON."""

from typing import Any

from rich.console import Console
from rich.text import Text

from mizan.agreement import Report
from mizan.cli.tables import add, print_whole, table

Json = dict[str, Any]


def document(stack: str, report: Report) -> Json:
    """Return everything that was compared in numbers, and each disagreement."""
    return {
        "stack": stack,
        "agrees": not report.disagreements,
        "comparisons": len(report.comparisons),
        "documents": list(report.documents),
        "facts": list(report.facts),
        "disagreements": [
            {
                "of": each.of,
                "fact": each.fact,
                "first": {"document": each.first.document, "value": each.first.value},
                "second": {"document": each.second.document, "value": each.second.value},
            }
            for each in report.disagreements
        ],
    }


def show_report(console: Console, stack: str, report: Report) -> None:
    """Print what was compared, and each disagreement with both documents."""
    wrong = report.disagreements
    compared = (
        f"{len(report.comparisons)} comparisons of {len(report.documents)} documents: "
        f"{', '.join(fact.value for fact in report.facts)}"
    )
    if not wrong:
        console.print(Text(f"Stack {stack} agrees in {compared}.", "green"), soft_wrap=True)
        return
    shown = table(f"Stack {stack}: {len(wrong)} disagreements", "of", "fact", "document", "says")
    for each in wrong:
        add(shown, each.of, each.fact, each.first.document, each.first.value)
        add(shown, "", "", each.second.document, each.second.value)
    print_whole(console, shown)
    console.print(Text(f"Found in {compared}.", "dim"), soft_wrap=True)
