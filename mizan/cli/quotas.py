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
from mizan.quotas import GrantedQuotas, QuotaFault, Status, compare, granted_of, hints, needs

TOO_SMALL = 1


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

    Exit 1 if a granted quota is too small. A quota that no file names is unknown, and no error.
    """
    plan = plan_of(stack, project)
    read = [entry for file in granted or () for entry in granted_of(_text(file), str(file))]
    needed = needs(plan)
    checks = compare(needed, GrantedQuotas(read))
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
        # PowerShell writes a byte order mark before what a command prints.
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise QuotaFault(
            str(file),
            str(error.strerror) if isinstance(error, OSError) else "not UTF-8",
            needs="a readable file",
            because="what is granted is read from it",
            fix="Write its path relative to this folder, or leave `--granted` out",
        ) from error
