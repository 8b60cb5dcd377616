"""Commands of `python -m local`, which the Makefile calls."""

import shlex
import sys
from typing import Annotated

import typer
from rich.console import Console

from local import interrupts, platform
from local.control_plane.status import State
from local.engine import shell_environment
from local.home import Home
from local.progress import Reporter
from local.screen import show_platform, show_processes
from mizan.errors import PlatformError

INTERRUPTED = "Interrupted. What this run began has ended; the next `make up` goes on from here.\n"

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


@app.command()
def interrupt(node: Annotated[str, typer.Argument(help="Name of a spot node, as in `make show`.")]) -> None:
    """Take a spot node away, as the cloud would; its jobs go on elsewhere."""
    platform.take_away(Home.from_environment(), node, Reporter())


@app.command()
def env() -> None:
    """Print shell exports for pulumi and kubectl commands of your own: eval "$(make env)"."""
    for name, value in shell_environment(Home.from_environment()).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


@app.command()
def tools() -> None:
    """Find or build every tool, and print where each is."""
    for name, tool in platform.tools(Reporter()).tools.items():
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
