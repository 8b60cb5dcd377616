"""`mizan budget`: what teams have spent this month, and what follows for their queues."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from mizan.budgets.enforce import Enforcement
from mizan.budgets.model import Costs, Mode, Unknown
from mizan.budgets.prometheus import costs_of, headers_in, prometheus_at
from mizan.budgets.web import is_address, shown
from mizan.budgets.words import one_line
from mizan.cli.budget_tables import show_budgets, show_queues
from mizan.cli.context_option import ContextOption
from mizan.cli.folders import named_folder
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
from mizan.cli.stderr import tell
from mizan.errors import PlatformError
from mizan.manifests.budget_enforcer import limits_of, mode_of, question_of
from mizan.manifests.prometheus import SERVICE, is_installed
from mizan.plan import Plan

PrometheusOption = Annotated[
    str | None, typer.Option("--prometheus", help="Address of the stack's Prometheus, as this machine reaches it.")
]
HeadersOption = Annotated[
    Path | None,
    typer.Option(
        "--prometheus-headers",
        help="Folder with a file for each header that it wants, as X-Scope-OrgID; file `token` is a bearer token.",
        metavar="FOLDER",
        parser=named_folder,
    ),
]

# More than an API server's note of an Event takes.
_MOST_SAID = 2000

budget = typer.Typer(help="Dollars of the month against budgets, and queues that they hold.", no_args_is_help=True)


@budget.command()
def status(
    stack: StackOption,
    project: ProjectOption = Path(),
    prometheus: PrometheusOption = None,
    prometheus_headers: HeadersOption = None,
    context: ContextOption = None,
) -> None:
    """Show what each team has spent of its budget, which queues are held, and what enforcing would do. Changes nothing.

    Exit status: 1 where a queue cannot be asked, 3 where what is spent is unknown.
    """
    plan = plan_of(stack, project)
    now = datetime.now(UTC)
    costs = _costs(plan, prometheus, prometheus_headers, now)
    console = Console(file=sys.stdout)
    show_budgets(console, plan, costs, now)
    with _enforcement(plan, context, is_dry=True) as enforcement:
        done = enforcement.looked_at(costs, now)
    show_queues(console, done, enforcement.mode)
    raise typer.Exit(done.exit_code)


@budget.command()
def enforce(
    stack: StackOption,
    project: ProjectOption = Path(),
    prometheus: PrometheusOption = None,
    prometheus_headers: HeadersOption = None,
    context: ContextOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
) -> None:
    """Hold and release queues once, as the stack's CronJob does every five minutes; also without that CronJob.

    With `budgetEnforcement: {mode: none}` it releases what was held. Exit status: 1 where a queue cannot be asked or
    changed, 3 where what is spent is unknown.
    """
    plan = plan_of(stack, project)
    now = datetime.now(UTC)
    with _enforcement(plan, context, is_dry=dry_run or mode_of(plan) is Mode.DRY_RUN) as enforcement:
        costs = _costs(plan, prometheus, prometheus_headers, now)
        done = enforcement.looked_at(costs, now) if dry_run else enforcement.enforce(costs, now)
    console = Console(file=sys.stdout)
    show_budgets(console, plan, costs, now)
    show_queues(console, done, enforcement.mode, is_done=not enforcement.is_dry)
    raise typer.Exit(done.exit_code)


def _costs(plan: Plan, url: str | None, headers: Path | None, now: datetime) -> Costs | Unknown:
    """Return what is spent; nobody is asked where it does not matter.

    Raises:
        PlatformError: nothing says where Prometheus is, or its headers cannot be read.
    """
    if mode_of(plan) is Mode.NONE:
        return Unknown("budgets are not enforced, so nobody was asked")
    return costs_of(prometheus_at(_url(plan, url), _headers(headers)), question_of(plan), now)


def _headers(folder: Path | None) -> dict[str, str]:
    if folder is None:
        return {}
    try:
        given = headers_in(folder)
        observed = "" if given else "no file that is a header" if folder.is_dir() else "no such folder"
    except (OSError, ValueError) as error:
        given, observed = {}, one_line(str(error), _MOST_SAID)
    if observed:
        raise PlatformError(
            "--prometheus-headers",
            f"folder {folder}: {observed}",
            needs="a file of printable ASCII for each header, named as it",
            because="each file is a header that Prometheus wants",
            fix="Write a file for each header into a folder of its own",
        )
    return given


def _url(plan: Plan, given: str | None) -> str:
    known = plan.prometheus.url if plan.prometheus is not None else None
    found = known if given is None else given
    if found is not None and is_address(found):
        return found
    forward = f"`kubectl -n mizan-monitoring port-forward service/{SERVICE} 9090`, then " if is_installed(plan) else ""
    none = f"not given, and stack {plan.stack} names no address that this machine reaches"
    also = "" if found is None else ", a port from 1 to 65535, and no user, query or fragment"
    raise PlatformError(
        "--prometheus",
        none if found is None else shown(found),
        needs=f"http:// or https:// and a host{also}",
        because="what teams have spent is told by Prometheus",
        fix=f"Run {forward}this command with `--prometheus http://127.0.0.1:9090`",
    )


@contextmanager
def _enforcement(plan: Plan, context: str | None, *, is_dry: bool) -> Iterator[Enforcement]:
    # Half of the command's start is the cluster client, which other commands do not need.
    from mizan.cli.cluster import held_cluster  # noqa: PLC0415

    with held_cluster(plan, context=context) as cluster:
        yield Enforcement(
            limits=limits_of(plan),
            mode=mode_of(plan),
            cluster=cluster,
            is_dry=is_dry,
            say=_say,
        )


def _say(line: str) -> None:
    # Nobody who reads no more keeps a queue from being held or released.
    with suppress(OSError):
        tell(one_line(line, _MOST_SAID), typer.colors.BRIGHT_BLACK)
