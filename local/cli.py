"""Commands of `python -m local`, which the Makefile calls."""

import shlex
import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from local import interrupts, platform
from local.control_plane.status import State
from local.cost_screen import show_costs
from local.engine import shell_environment
from local.home import Home
from local.progress import Reporter
from local.screen import show_platform, show_processes
from local.toolchain import TOOLS
from mizan.errors import PlatformError

INTERRUPTED = "Interrupted. What this run began has ended; the next `make up` goes on from here.\n"
REHEARSAL_INTERRUPTED = "Interrupted. Every process of the rehearsal has ended, and nothing is left of it.\n"


class Form(StrEnum):
    """How a report is written."""

    TABLE = "table"
    JSON = "json"


app = typer.Typer(
    help="The embedded default: a real control plane and `pulumi up` of stack `local` on this machine.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


@app.command()
def up(
    stack: Annotated[
        str, typer.Option(help="Stack to bring up; only stacks with `mizan:cloud: local` fit here.")
    ] = "local",
) -> None:
    """Find or build the tools, start the control plane, run `pulumi up`, and show the platform."""
    try:
        snapshot = platform.up(Home.from_environment(), stack, Reporter())
    except KeyboardInterrupt:
        sys.stderr.write(INTERRUPTED)
        raise
    show_platform(Console(), snapshot, platform.plan_of(stack))


@app.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Also remove every file of the platform.")] = False,
) -> None:
    """End every process; keep the cluster's and Pulumi's state unless --purge is given."""
    platform.down(Home.from_environment(), Reporter(), purge=purge)


@app.command()
def status() -> None:
    """Show what runs, its memory and its log. Exit 1 if a process was killed or does not answer."""
    rows = platform.status(Home.from_environment())
    show_processes(Console(), rows)
    if any(row.state in (State.KILLED, State.NOT_READY) for row in rows):
        raise typer.Exit(1)


@app.command()
def show(stack: Annotated[str, typer.Option(help="Stack whose prices and jobs to show.")] = "local") -> None:
    """Show nodes, queues and jobs as `make up` does at its end."""
    show_platform(Console(), platform.overview(Home.from_environment()), platform.plan_of(stack))


@app.command(name="open")
def open_costs(stack: Annotated[str, typer.Option(help="Stack whose costs to show.")] = "local") -> None:
    """Show what GPUs cost now and the queries that tell it, and open Prometheus where there is a browser."""
    show_costs(Console(), platform.costs(Home.from_environment(), stack, Reporter()))


@app.command()
def budgets(stack: Annotated[str, typer.Option(help="Stack whose budgets count.")] = "local") -> None:
    """Hold and release queues once by the budgets of their teams, as a CronJob does on any other cluster.

    Exit 1 if a queue cannot be asked or changed, 3 if what is spent is unknown.
    """
    done = platform.enforce(Home.from_environment(), stack, Reporter())
    sys.stdout.write(done.text)
    raise typer.Exit(done.status)


@app.command()
def interrupt(node: Annotated[str, typer.Argument(help="Name of a spot node, as in `make show`.")]) -> None:
    """Take a spot node away, as the cloud would; its jobs go on elsewhere."""
    platform.take_away(Home.from_environment(), node, Reporter())


@app.command()
def rehearse(
    stack: Annotated[str, typer.Argument(help="Stack to rehearse; one with `mizan:cloud: gke` or `eks`.")],
    fault: Annotated[
        list[str] | None,
        typer.Option(help="What the simulated cloud refuses: OPERATION:TYPE:NAME=EFFECT. May be given again."),
    ] = None,
    out_of_stock: Annotated[
        list[str] | None,
        typer.Option(help="What the simulated cloud has none of: MACHINE[:CAPACITY-TYPE[:ZONE]]. May be given again."),
    ] = None,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the stack up at the end, to look at it.")] = False,
    form: Annotated[Form, typer.Option("--format", help="How the report is written.")] = Form.TABLE,
) -> None:
    """Bring a cloud's stack up, keep it, and destroy it, with the cloud simulated. Exit 1 if a check fails."""
    from local.rehearse import report, run  # noqa: PLC0415 - what only a rehearsal needs takes a second to load

    # Standard output is for the report alone where a program reads it.
    output = sys.stderr if form is Form.JSON else None
    try:
        found = run.rehearse(
            stack,
            Reporter(),
            told_faults=fault or (),
            out_of_stock=out_of_stock or (),
            is_kept=keep,
            output=output,
        )
    except KeyboardInterrupt:
        sys.stderr.write(REHEARSAL_INTERRUPTED)
        raise
    if form is Form.JSON:
        sys.stdout.write(report.as_json(found))
    else:
        report.show(Console(), found)
    if not found.is_passed:
        raise typer.Exit(1)


@app.command()
def env() -> None:
    """Print shell exports for pulumi and kubectl commands of your own: eval "$(make env)"."""
    for name, value in shell_environment(Home.from_environment()).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


@app.command()
def tools() -> None:
    """Find or build every tool, and print where each is."""
    for name, tool in platform.tools(Reporter(), tuple(TOOLS)).tools.items():
        sys.stdout.write(f"{name}\t{tool.version}\t{tool.origin}\t{tool.path}\n")


def main() -> None:
    """Run a command; a fault ends with its message and its own exit code, never with a traceback."""
    interrupts.raise_for_all()
    try:
        app()
    except PlatformError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
    except OSError as error:
        where = error.filename or "standard output"
        told = f"{where}: {error.strerror}; needs to be writable because the result goes there. Mend it and run again."
        sys.stderr.write(f"{told}\n")
        sys.exit(3)
