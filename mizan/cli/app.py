"""Commands of `mizan`. Each reads a stack, calls the core and prints."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from mizan.cli.yaml_text import write_yaml
from mizan.config import read_stack, stack_file
from mizan.errors import PlatformError
from mizan.manifests import manifests_of
from mizan.plan import build_plan

app = typer.Typer(
    help="Mizan: a cost-optimised GPU platform from one stack file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)

StackOption = Annotated[str, typer.Option("--stack", "-s", help="Name of the stack, as in stacks/Pulumi.NAME.yaml.")]
ProjectOption = Annotated[Path, typer.Option(help="Folder with Pulumi.yaml.", file_okay=False)]


@app.callback()
def root() -> None:
    """Keep `render` a subcommand while it is the only one."""


@app.command()
def render(stack: StackOption, project: ProjectOption = Path()) -> None:
    """Print the Kubernetes manifests of a stack as YAML, without Pulumi."""
    config = read_stack(stack_file(stack, project), datetime.now(UTC).date())
    write_yaml(manifests_of(build_plan(stack, config)), sys.stdout)


def main() -> None:
    """Run the command; a fault ends with its message and its own exit code, never with a traceback."""
    try:
        app()
    except PlatformError as error:
        typer.secho(str(error), fg=typer.colors.RED, err=True)
        sys.exit(error.exit_code)
