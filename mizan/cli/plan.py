"""`mizan plan`: what a stack becomes: offers in the order they are tried with the reason for each, queues and jobs.

With `--check` whether all that is written for it agrees.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mizan.agreement import documents_of, report_of
from mizan.cli import check_tables
from mizan.cli.plan_json import document
from mizan.cli.plan_tables import show_plan
from mizan.cli.queues import Output
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
from mizan.metrics.disk_warnings import disk_warnings
from mizan.plan import Plan, price_doubts

DISAGREES = 1


def plan(
    stack: StackOption,
    project: ProjectOption = Path(),
    check: Annotated[
        bool,
        typer.Option(
            "--check",
            help="Instead, compare what is written for node pools, autoscaler, queues, GPU operator, prices and "
            "namespaces; exit 1 where two documents disagree.",
        ),
    ] = False,
    output: Annotated[
        Output, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Output.TABLE,
) -> None:
    """Show each pool's offers in the order they are tried and why, what is left out, queues, jobs and warnings."""
    found = plan_of(stack, project)
    if check:
        _check(found, output)
        return
    warnings = _beside_the_pools(found)
    if output is Output.JSON:
        json.dump(document(found, warnings), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        show_plan(Console(), found, warnings)


def _check(plan: Plan, output: Output) -> None:
    """Print what was compared, and end with 1 where something disagrees."""
    report = report_of(plan, documents_of(plan))
    if output is Output.JSON:
        json.dump(check_tables.document(plan.stack, report), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        check_tables.show_report(Console(), plan.stack, report)
    if report.disagreements:
        raise typer.Exit(DISAGREES)


def _beside_the_pools(plan: Plan) -> tuple[str, ...]:
    """Return the warnings without what each pool tells itself: capacity types that are left out or doubtful."""
    told = {doubt for pool in plan.pools for doubt in price_doubts(pool)}
    return tuple(warning for warning in (*plan.warnings, *disk_warnings(plan)) if warning not in told)
