"""The stack that a command is about."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from mizan.config import ConfigErrors, Places, located, places_in, read_stack, stack_file
from mizan.plan import Plan, build_plan

StackOption = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack, as in stacks/Pulumi.NAME.yaml.")]
ProjectOption = Annotated[Path, typer.Option(help="Folder with Pulumi.yaml.", file_okay=False)]


def today() -> date:
    """Return the day to which a command counts the age of prices."""
    return datetime.now(UTC).date()


def plan_of(stack: str, project: Path) -> Plan:
    """Return the Plan of a stack of a project.

    Raises:
        PlatformError: the stack's file is missing or at fault; every fault is told with its line.
    """
    return plan_of_file(stack_file(stack, project), stack)


def places_of(stack: str, project: Path) -> Places:
    """Return where the settings of a stack of a project stand.

    Raises:
        PlatformError: the stack's file is missing.
    """
    return places_in(stack_file(stack, project))


def plan_of_file(file: Path, stack: str) -> Plan:
    """Return the Plan of a stack file, wherever it lies.

    Raises:
        PlatformError: the file is missing or at fault; every fault is told with its line.
    """
    config = read_stack(file, today())
    try:
        return build_plan(stack, config)
    except ConfigErrors as error:
        raise located(file, error) from None
