"""`mizan plan`: what a stack becomes: offers in the order they are tried with the reason for each, queues and jobs."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mizan.cli.plan_json import document
from mizan.cli.plan_tables import show_plan
from mizan.cli.queues import Output
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
from mizan.plan import Plan, price_doubts


def plan(
    stack: StackOption,
    project: ProjectOption = Path(),
    output: Annotated[
        Output, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Output.TABLE,
) -> None:
    """Show each pool's offers in the order they are tried and why, what is left out, queues, jobs and warnings."""
    found = plan_of(stack, project)
    warnings = _beside_the_pools(found)
    if output is Output.JSON:
        json.dump(document(found, warnings), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        show_plan(Console(), found, warnings)


def _beside_the_pools(plan: Plan) -> tuple[str, ...]:
    """Return the warnings without what each pool tells itself: capacity types that are left out or doubtful."""
    told = {doubt for pool in plan.pools for doubt in price_doubts(pool)}
    return tuple(warning for warning in plan.warnings if warning not in told)
