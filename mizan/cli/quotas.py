"""`mizan quotas`: the cloud quotas that a stack needs, against those that are granted."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mizan.cli.queues import Output
from mizan.cli.quota_tables import document, show_quotas
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
from mizan.cli.stderr import tell
from mizan.prices.text_file import MIB, NoText, read_text
from mizan.quotas import GrantedQuotas, QuotaFault, Status, compare, granted_of, hints, misspelt, needs, strangers

TOO_SMALL = 1
# Source: mizan's own choice; a list of every quota of a project in every region has some MB.
MOST_BYTES = 64 * MIB


def quotas(
    stack: StackOption,
    project: ProjectOption = Path(),
    granted: Annotated[
        list[Path] | None,
        typer.Option(
            "--granted",
            "-g",
            metavar="FILE",
            help="What is granted: CSV with provider,region,quota,granted, or the JSON of `gcloud beta quotas info "
            "list`, `gcloud compute regions describe`, `gcloud compute project-info describe` or `aws service-quotas "
            "list-service-quotas`. May be given several times; of two that name the same quota the later counts.",
        ),
    ] = None,
    output: Annotated[
        Output, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Output.TABLE,
) -> None:
    """Show the GPU and vCPU quotas that a stack needs at its largest, and with --granted what is missing.

    Exit 1 if a granted quota is too small. A quota that no file names is unknown, and no error. Exit 2 if a line
    clearly means a needed quota and does not name it.
    """
    plan = plan_of(stack, project)
    read = [entry for file in granted or () for entry in granted_of(_text(file), str(file))]
    needed, known = needs(plan), GrantedQuotas(read)
    for fault in misspelt(read, needed, known):
        raise fault
    for text in strangers(read):
        tell(f"warning: {text}", typer.colors.YELLOW)
    checks = compare(needed, known)
    told = hints(plan, needed)
    if output is Output.JSON:
        json.dump(document(plan, checks, told), sys.stdout, indent=2)
        sys.stdout.write("\n")
    else:
        show_quotas(Console(), checks, told, is_compared=granted is not None)
    if any(check.status is Status.SHORT for check in checks):
        raise typer.Exit(TOO_SMALL)


def _text(file: Path) -> str:
    try:
        # What `aws` prints may come straight from it: `--granted <(aws service-quotas ...)`.
        return read_text(file, MOST_BYTES, may_be_pipe=True)
    except NoText as error:
        raise QuotaFault(
            str(file),
            error.observed,
            needs=error.needs or "a readable file",
            because="what is granted is read from it",
            fix=_fix(error),
        ) from error


def _fix(error: NoText) -> str:
    if error.needs:
        return "Keep the quotas of the regions and machines of this stack"
    return error.fix or "Write its path relative to this folder, or leave `--granted` out"
