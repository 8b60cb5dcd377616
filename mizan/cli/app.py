"""Commands of `mizan`. Each reads a stack, calls the core and prints."""

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from mizan.cli.budget import budget
from mizan.cli.context_option import ContextOption
from mizan.cli.estimate import estimate
from mizan.cli.folders import named_folder
from mizan.cli.interrupted import INTERRUPTED
from mizan.cli.layouts import layouts
from mizan.cli.metrics_files import write_metrics_files
from mizan.cli.plan import plan
from mizan.cli.prices import prices
from mizan.cli.queues import Output, print_queues
from mizan.cli.quotas import quotas
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
from mizan.cli.stderr import tell
from mizan.cli.yaml_text import write_yaml
from mizan.errors import PlatformError, SourceUnreachable
from mizan.manifests import manifests_of
from mizan.queueing import live_of

app = typer.Typer(
    help="Mizan: a cost-optimised GPU platform from one stack file.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(budget, name="budget")
app.add_typer(prices, name="prices")
app.command()(estimate)
app.command()(layouts)
app.command()(plan)
app.command()(quotas)


@app.command()
def render(
    stack: StackOption,
    project: ProjectOption = Path(),
    metrics: Annotated[
        Path | None,
        typer.Option(
            "--metrics",
            metavar="FOLDER",
            parser=named_folder,
            help="Also write there as files: its rules and dashboards, how Prometheus reads its exporters, and values "
            "of kube-state-metrics.",
        ),
    ] = None,
) -> None:
    """Print the Kubernetes manifests of a stack as YAML, without Pulumi."""
    plan = plan_of(stack, project)
    manifests = manifests_of(plan)
    # Before the output, whose reader may have enough of it.
    if metrics is not None:
        write_metrics_files(plan, metrics)
    write_yaml(manifests, sys.stdout)


@app.command()
def queues(
    stack: StackOption,
    project: ProjectOption = Path(),
    live: Annotated[bool, typer.Option("--live", help="Ask the stack's cluster what runs and waits now.")] = False,
    output: Annotated[
        Output, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Output.TABLE,
    context: ContextOption = None,
) -> None:
    """Show who has how many GPUs, who borrows from whom, and with --live what waits and why."""
    plan = plan_of(stack, project)
    now = None
    if live:
        # Half of the command's start is the cluster client, which nothing else needs.
        from mizan.cli.cluster import queue_objects  # noqa: PLC0415

        now = live_of(plan, queue_objects(plan, context=context), datetime.now(UTC))
    print_queues(plan, now, output, sys.stdout)


def main() -> None:
    """Run the command; a fault ends with its message and its own exit code, never with a traceback."""
    # So Python says that the caller has closed it, as `>&-` does; a file opened next would take its place.
    if sys.stdout is None:
        _end(_unusable("standard output is closed"))
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except PlatformError as error:
        _end(error)
    # The reader, such as `head`, has what it wanted.
    except BrokenPipeError:
        _drop_output()
        sys.exit(1)
    except OSError as error:
        _drop_output()
        _end(_unusable(str(error)))
    except KeyboardInterrupt:
        _drop_output()
        sys.exit(INTERRUPTED)


def _unusable(observed: str) -> SourceUnreachable:
    return SourceUnreachable(
        "mizan",
        observed,
        needs="files and an output that work",
        because="it prints what it reads and computes",
        fix="Free or repair what the system names, then run it again",
    )


def _end(error: PlatformError) -> NoReturn:
    tell(str(error), typer.colors.RED)
    sys.exit(error.exit_code)


def _drop_output() -> None:
    """Send what is still to be written nowhere: Python would try again as it ends, and trace."""
    with suppress(OSError), Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
