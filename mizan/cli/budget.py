"""`mizan budget`: what teams have spent this month, and what follows for their queues."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from mizan.budgets.enforce import Enforcement
from mizan.budgets.model import Costs, Mode, Unknown
from mizan.budgets.prometheus import costs_of, headers_in, prometheus_at
from mizan.cli.budget_tables import show_budgets, show_queues
from mizan.cli.stacks import ProjectOption, StackOption, plan_of
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
        file_okay=False,
    ),
]

budget = typer.Typer(help="Dollars of the month against budgets, and queues that they hold.", no_args_is_help=True)


@budget.command()
def status(
    stack: StackOption,
    project: ProjectOption = Path(),
    prometheus: PrometheusOption = None,
    prometheus_headers: HeadersOption = None,
) -> None:
    """Show what each team has spent of its budget, which queues are held, and what enforcing would do. Changes nothing.

    Exit status: 1 where a queue cannot be asked, 3 where what is spent is unknown.
    """
    plan = plan_of(stack, project)
    now = datetime.now(UTC)
    costs = _costs(plan, prometheus, prometheus_headers, now)
    console = Console(file=sys.stdout)
    show_budgets(console, plan, costs, now)
    with _enforcement(plan, is_dry=True) as enforcement:
        done = enforcement.looked_at(costs, now)
    show_queues(console, done, enforcement.mode)
    raise typer.Exit(done.exit_code)


@budget.command()
def enforce(
    stack: StackOption,
    project: ProjectOption = Path(),
    prometheus: PrometheusOption = None,
    prometheus_headers: HeadersOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and change nothing.")] = False,
) -> None:
    """Hold and release queues once, as the stack's CronJob does every five minutes; also without that CronJob.

    With `budgetEnforcement: {mode: none}` it releases what was held. Exit status: 1 where a queue cannot be asked or
    changed, 3 where what is spent is unknown.
    """
    plan = plan_of(stack, project)
    now = datetime.now(UTC)
    costs = _costs(plan, prometheus, prometheus_headers, now)
    with _enforcement(plan, is_dry=dry_run or mode_of(plan) is Mode.DRY_RUN) as enforcement:
        done = enforcement.looked_at(costs, now) if enforcement.is_dry else enforcement.enforce(costs, now)
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
    try:
        given = headers_in(headers) if headers is not None else {}
    except (OSError, ValueError) as error:
        raise PlatformError(
            "--prometheus-headers",
            " ".join(str(error).split()),
            needs="a folder of readable text files",
            because="each file is a header that Prometheus wants",
            fix="Write a file for each header into a folder of its own",
        ) from error
    return costs_of(prometheus_at(_url(plan, url), given), question_of(plan), now)


def _url(plan: Plan, given: str | None) -> str:
    known = plan.prometheus.url if plan.prometheus is not None else None
    found = given or known
    if found is not None and found.startswith(("http://", "https://")):
        return found
    forward = f"`kubectl -n mizan-monitoring port-forward service/{SERVICE} 9090`, then " if is_installed(plan) else ""
    raise PlatformError(
        "--prometheus",
        found or f"not given, and stack {plan.stack} names no address that this machine reaches",
        needs="http:// or https:// and a host",
        because="what teams have spent is told by Prometheus",
        fix=f"Run {forward}this command with `--prometheus http://127.0.0.1:9090`",
    )


@contextmanager
def _enforcement(plan: Plan, *, is_dry: bool) -> Iterator[Enforcement]:
    # Half of the command's start is the cluster client, which other commands do not need.
    from mizan.cli.cluster import held_cluster  # noqa: PLC0415

    errors = Console(stderr=True)
    with held_cluster(plan) as cluster:
        yield Enforcement(
            limits=limits_of(plan),
            mode=mode_of(plan),
            cluster=cluster,
            is_dry=is_dry,
            say=lambda line: errors.print(escape(line), style="dim", soft_wrap=True),
        )
