"""`make up` and `make down`: tools, control plane and Pulumi in order, one at a time per home."""

import os
import time
from collections.abc import Collection
from datetime import UTC, datetime

from local import interrupts
from local.answers import ask, has_page, opener
from local.control_plane import ControlPlane, ProcessStatus, prometheus
from local.control_plane.devices import devices_of
from local.control_plane.interruption import interrupt
from local.cost_screen import CostView
from local.enforcing import Run, enforce_budgets
from local.engine import Engine, end_leftovers
from local.home import PROJECT, Home
from local.lock import exclusive
from local.measuring import metrics_of, source_of
from local.overview import JobRow, job_rows
from local.progress import Reporter, Task
from local.questions import answer_rows, freshness, page_of, questions
from local.snapshot import Snapshot, fetch, missing
from local.toolchain import CLOUDS, TOOLS, Toolbox, default_cache, ensure, prometheus_page
from mizan.config import Cloud, read_stack, stack_file
from mizan.errors import PlatformError
from mizan.manifests import manifests_of
from mizan.manifests.kwok_nodes import instance_types
from mizan.plan import Plan, build_plan

# What a rehearsal needs beside them is no business of `make up`.
EMBEDDED = tuple(name for name in TOOLS if name != CLOUDS)

# Another `make up` may be building tools from nothing.
LOCK_SECONDS = 3600.0

SETTLE_SECONDS = 30.0
# Kueue writes its reasons and counts a moment after it has decided.
STILL_SECONDS = 2.0
POLL_SECONDS = 0.5


def plan_of(stack: str) -> Plan:
    """Return the Plan of one of the project's stacks that run on the embedded cluster.

    Raises:
        PlatformError: the stack's file is at fault, or the stack belongs to another cluster.
    """
    plan = build_plan(stack, read_stack(stack_file(stack, PROJECT), datetime.now(UTC).date()))
    if plan.cloud is not Cloud.LOCAL:
        raise PlatformError(
            f"stack {stack}",
            f"mizan:cloud: {plan.cloud}",
            needs="mizan:cloud: local",
            because="this command knows the embedded cluster only",
            fix=f"Run `pulumi up --stack {stack} --policy-pack policies` with your own Pulumi",
        )
    return plan


def tools(reporter: Reporter, names: Collection[str] = EMBEDDED) -> Toolbox:
    """Return tools, those of the embedded default unless others are named; they are built where nothing fits."""
    return ensure(names, cache=default_cache(), reporter=reporter)


def up(home: Home, stack: str, reporter: Reporter) -> Snapshot:
    """Return what the cluster holds once the stack is up and its sample jobs have found their place.

    A second call changes nothing. An interrupted call ends every process that it started itself.

    Raises:
        PlatformError: the stack, a tool, a process or the update is at fault.
    """
    plan = plan_of(stack)
    home.create()
    with exclusive(home.lock, purpose="make up", reporter=reporter, timeout_seconds=LOCK_SECONDS):
        toolbox = tools(reporter)
        plane = ControlPlane(home, toolbox, reporter, kueue_settings=plan.kueue)
        engine = Engine(home, toolbox, reporter)
        # A command that waited here may have found the folder gone.
        home.create()
        engine.link_tools()
        try:
            plane.start(instance_types=instance_types(plan), devices=devices_of(plan), metrics=metrics_of(plan))
            engine.prepare(stack)
            engine.up(stack, arguments=_refresh(home, engine, stack, plan, reporter))
            with reporter.task("Sample jobs find their place") as task:
                return settled(home, plan, task)
        except KeyboardInterrupt:
            with interrupts.counted():
                plane.undo()
            raise


def _refresh(home: Home, engine: Engine, stack: str, plan: Plan, reporter: Reporter) -> list[str]:
    """Return the flag that makes Pulumi look at the cluster again, where it would take for granted what is gone.

    Not always: a refresh finds what Kueue has written to running jobs, and would no longer say "unchanged".
    """
    if not engine.has_made(stack):
        return []
    lost = missing(home.kubeconfig, manifests_of(plan))
    if not lost:
        return []
    reporter.warn(f"Gone from the cluster since the last update: {', '.join(lost)}. Pulumi makes them again.")
    return ["--refresh"]


def down(home: Home, reporter: Reporter, *, purge: bool) -> None:
    """End every process of the home; state stays unless `purge` removes the whole folder.

    Raises:
        PlatformError: the folder is no home, or another command holds it.
    """
    if not os.path.lexists(home.root):
        reporter.say(f"Nothing to take down: {home.root} does not exist.")
        return
    home.create()
    with exclusive(home.lock, purpose="make down", reporter=reporter, timeout_seconds=LOCK_SECONDS):
        with reporter.task("Processes end"), interrupts.counted():
            end_leftovers(home, reporter)
            ControlPlane(home, None, reporter).stop()
        if purge:
            home.purge()
            reporter.say(f"Removed {home.root}. Built tools stay in {default_cache()} for the next platform.")


def status(home: Home) -> list[ProcessStatus]:
    """Return one row per process of the control plane, whether it runs or not."""
    return ControlPlane(home, None, Reporter()).status()


def overview(home: Home) -> Snapshot:
    """Return what the running cluster holds now.

    Raises:
        PlatformError: there is no platform.
        SourceUnreachable: it does not answer.
    """
    if not home.kubeconfig.exists():
        raise PlatformError(
            f"MIZAN_HOME {home.root}",
            "no platform",
            needs="one that has been started",
            because="the table shows what runs now",
            fix="Run `make up`",
        )
    return fetch(home.kubeconfig)


def costs(home: Home, stack: str, reporter: Reporter) -> CostView:
    """Return what GPUs cost now, and open Prometheus' page where there is one and a browser.

    Raises:
        PlatformError: there is no platform, or the stack belongs to another cluster.
        SourceUnreachable: Prometheus does not answer.
    """
    source = source_of(plan_of(stack))
    address = _address(home)
    asked = questions(source)
    is_known = bool(ask(address, freshness(source)))
    rows = [row for each in asked for row in answer_rows(each, ask(address, each.query))] if is_known else []
    page = page_of(address, asked) if _is_served(home, address, reporter) else None
    open_page = opener() if page else None
    is_opened = bool(page and open_page and open_page(page))
    return CostView(address=address, rows=rows, asked=asked, page=page, is_opened=is_opened)


def _address(home: Home) -> str:
    """Return where Prometheus answers.

    Raises:
        PlatformError: there is no platform.
    """
    address = prometheus.address(home)
    if address is None:
        raise PlatformError(
            f"MIZAN_HOME {home.root}",
            "no Prometheus",
            needs="a platform that has been started",
            because="costs are asked of it",
            fix="Run `make up`",
        )
    return address


def enforce(home: Home, stack: str, reporter: Reporter) -> Run:
    """Hold and release the teams' queues once by the budgets of a stack's file, as it is now.

    Raises:
        PlatformError: there is no platform, no budget, or the stack belongs to another cluster.
        SourceUnreachable: the cluster does not answer.
    """
    plan = plan_of(stack)
    address = _address(home)
    with ControlPlane(home, None, reporter).client() as client:
        return enforce_budgets(home, client, plan, address)


def _is_served(home: Home, address: str, reporter: Reporter) -> bool:
    """Return whether Prometheus serves its page, which may have to be built first; nothing else needs it."""
    if has_page(address):
        return True
    try:
        files_of_page = prometheus_page(default_cache(), reporter)
    except PlatformError as error:
        reporter.warn(str(error))
        return False
    if files_of_page is None:
        return False
    prometheus.serve_page(home, files_of_page)
    return has_page(address)


def take_away(home: Home, node: str, reporter: Reporter) -> None:
    """Take a node away as a cloud takes back spot: notice, eviction, gone.

    Raises:
        PlatformError: there is no such node, or it is not spot.
        SourceUnreachable: the cluster does not answer.
    """
    overview(home)
    with reporter.task(f"Node {node} is taken away"), ControlPlane(home, None, reporter).client() as client:
        interrupt(client, node)


def settled(home: Home, plan: Plan, task: Task, seconds: float = SETTLE_SECONDS) -> Snapshot:
    """Return the cluster once every job of the plan runs, has ended or waits, and stays so; else after `seconds`."""
    deadline = time.monotonic() + seconds
    before: list[JobRow] = []
    since = time.monotonic()
    while True:
        snapshot = fetch(home.kubeconfig)
        rows = job_rows(snapshot)
        if rows != before:
            before, since = rows, time.monotonic()
        unsettled = [row for row in rows if row.state in ("new", "starting")]
        is_settled = len(rows) >= len(plan.jobs) and not unsettled and time.monotonic() - since >= STILL_SECONDS
        if is_settled or time.monotonic() > deadline:
            return snapshot
        task.step(f"{len(rows) - len(unsettled)} of {len(plan.jobs)}")
        time.sleep(POLL_SECONDS)
