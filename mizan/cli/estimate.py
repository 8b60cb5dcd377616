"""`mizan estimate`: what stacks cost before anything runs, and what a change of them would."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TextIO

import typer
from rich.console import Console

from mizan.cli.before import before
from mizan.cli.estimate_tables import show_estimate
from mizan.cli.stacks import ProjectOption, places_of, plan_of
from mizan.estimate import BudgetLevel, BudgetVerdict, Estimate, judge, merged
from mizan.estimate import estimate as cost_of
from mizan.estimate.compare import compare as compared
from mizan.estimate.render import Against, BudgetsExceeded, document, html_page, markdown_page


class Format(StrEnum):
    """For whom an estimate is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"
    HTML = "html"


def estimate(
    stack: Annotated[
        list[str],
        typer.Option("--stack", "-s", help="Name of the stack, as in stacks/Pulumi.NAME.yaml; several are added up."),
    ],
    project: ProjectOption = Path(),
    output: Annotated[
        Format,
        typer.Option(
            "--format",
            "-f",
            "--output",
            "-o",
            help="For a person, for a program, as a comment on a pull request, or as a page.",
        ),
    ] = Format.TABLE,
    compare: Annotated[
        str | None,
        typer.Option(
            metavar="FILE|REF",
            help="What it is compared with: a stack file, or else a branch, tag or commit. Exit 2 where it is none of "
            "these, or at fault by today's rules; the message says which side is.",
        ),
    ] = None,
    fail_over_budget: Annotated[
        bool,
        typer.Option("--fail-over-budget", help="Exit 1 where a budget is exceeded; without it that is only told."),
    ] = False,
) -> None:
    """Show what a stack costs a month: at least, expected and at most, by pool, team and way to buy."""
    plans = [plan_of(name, project) for name in stack]
    costs = [cost_of(plan) for plan in plans]
    verdicts = tuple(verdict for plan, cost in zip(plans, costs, strict=True) for verdict in judge(plan, cost))
    whole = merged(costs)
    against = None if compare is None else _against(compare, stack, project, whole)
    _print(whole, verdicts, against, output, sys.stdout)
    exceeded = [verdict for verdict in verdicts if verdict.level is BudgetLevel.EXCEEDED]
    if fail_over_budget and exceeded:
        raise BudgetsExceeded(exceeded, {name: places_of(name, project) for name in stack})


def _against(word: str, stacks: list[str], project: Path, after: Estimate) -> Against:
    was = before(word, stacks, project)
    earlier = merged(cost_of(plan) for plan in was.plans) if was.plans else None
    return Against(name=was.name, before=earlier, comparison=compared(earlier, after), notes=was.notes)


def _print(
    whole: Estimate, verdicts: tuple[BudgetVerdict, ...], against: Against | None, output: Format, to: TextIO
) -> None:
    if output is Format.TABLE:
        show_estimate(Console(file=to), whole, verdicts, against)
    elif output is Format.JSON:
        json.dump(document(whole, verdicts, against), to, indent=2)
        to.write("\n")
    else:
        to.write((markdown_page if output is Format.MARKDOWN else html_page)(whole, verdicts, against))
