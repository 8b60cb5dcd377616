"""`make rehearse`: one stack's rehearsal from nothing to nothing, one at a time per stack."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TextIO

from local import interrupts
from local.home import PROJECT, Home
from local.lock import exclusive
from local.platform import LOCK_SECONDS, tools
from local.progress import Reporter
from local.rehearsal.clouds import CLOUDS
from local.rehearse.options import Options, options_of
from local.rehearse.rehearsal import Rehearsal
from local.rehearse.report import Report, by_type, costs
from local.rehearse.shadow import Shadow
from local.rehearse.simulated import simulated
from local.rehearse.stage import Stage, copy_settings
from local.toolchain import TOOLS
from mizan.config import Cloud, read_stack, stack_file
from mizan.errors import PlatformError
from mizan.plan import Plan, build_plan


def plan_of(stack: str) -> Plan:
    """Return the Plan of one of the project's stacks that make a cluster in a cloud.

    Raises:
        PlatformError: the stack's file is at fault, or the stack makes no cluster in a cloud.
    """
    plan = build_plan(stack, read_stack(stack_file(stack, PROJECT), datetime.now(UTC).date()))
    if plan.cloud not in (Cloud.GKE, Cloud.EKS):
        is_local = plan.cloud is Cloud.LOCAL
        raise PlatformError(
            f"stack {stack}",
            f"mizan:cloud: {plan.cloud}",
            needs=f"mizan:cloud: {Cloud.GKE} or {Cloud.EKS}",
            because="a rehearsal stands in for a cloud, and this stack makes nothing in one",
            fix=f"Run `make up STACK={stack}`" if is_local else f"Run `pulumi preview --stack {stack}`",
        )
    return plan


def rehearse(
    stack: str,
    reporter: Reporter,
    *,
    told_faults: Sequence[str] = (),
    out_of_stock: Sequence[str] = (),
    is_kept: bool = False,
    output: TextIO | None = None,
) -> Report:
    """Return what was found when a stack came, stayed and went.

    Interrupted, everything ends and nothing is left. After an error every process ends, and the folder stays for its
    logs until the next rehearsal of the stack. What `is_kept` runs on.

    Args:
        stack: its name.
        reporter: told what happens.
        told_faults: what the simulated cloud refuses, such as `create:gcp:container/nodePool:NodePool:gpu=QUOTA`.
        out_of_stock: what the simulated cloud has none of, such as `a2-highgpu-4g:spot`.
        is_kept: whether the stack is left as it is once it is up.
        output: where Pulumi's own output goes; None lets it have ours.

    Raises:
        PlatformError: the stack, an option, a tool, a process or an update is at fault.
    """
    plan = plan_of(stack)
    options = options_of(plan, told_faults, out_of_stock, is_kept=is_kept)
    home = Home.of_rehearsal(stack)
    home.create()
    with exclusive(home.lock, purpose="make rehearse", reporter=reporter, timeout_seconds=LOCK_SECONDS):
        rehearsal = Rehearsal(stage=stage_of(plan, home, reporter, output))
        try:
            _run(rehearsal, options)
        except KeyboardInterrupt:
            rehearsal.stage.clear()
            raise
        except PlatformError:
            rehearsal.stage.clear(is_kept=True)
            reporter.warn(f"Its logs stay in {home.logs} until {stack} is rehearsed again.")
            raise
    return _report(rehearsal, options)


def stage_of(plan: Plan, home: Home, reporter: Reporter, output: TextIO | None = None) -> Stage:
    """Return a stage on which nothing of an earlier rehearsal is left; whoever calls holds the home's lock.

    Raises:
        PlatformError: a tool cannot be had, or a file cannot be written.
    """
    toolbox = tools(reporter, tuple(TOOLS))
    settings = home.state / "stack" / f"Pulumi.{plan.stack}.yaml"
    stage = Stage(plan=plan, home=home, settings=settings, toolbox=toolbox, reporter=reporter, output=output)
    with interrupts.counted():
        stage.clear()
    home.create()
    copy_settings(stack_file(plan.stack, PROJECT), settings, PROJECT)
    return stage


def _run(rehearsal: Rehearsal, options: Options) -> None:
    stage = rehearsal.stage
    with rehearsal.timed("The control plane starts"):
        stage.start(options.out_of_stock)
    with Shadow(stage.plane, stage.plan, stage.cloud, stage.reporter) as shadow:
        rehearsal.must_live = shadow.check
        rehearsal.come(options.faults_of_up)
        rehearsal.settle()
        rehearsal.stay()
        if not options.is_kept:
            rehearsal.go(options.faults_of_destroy)
    if not options.is_kept:
        rehearsal.must_live = lambda: None
        rehearsal.end()


def _report(rehearsal: Rehearsal, options: Options) -> Report:
    stage = rehearsal.stage
    kept = (
        f"Kept in {stage.home.root}. For your own kubectl and pulumi: . {stage.environment_file}",
        f"No node pool of the cloud is followed any more. To end it: MIZAN_HOME={stage.home.root} make down PURGE=1",
    )
    return Report(
        stack=stage.plan.stack,
        cloud=CLOUDS[stage.package].title,
        region=stage.plan.region,
        resources=by_type(rehearsal.resources),
        checks=tuple(rehearsal.checks),
        simulated=simulated(stage.plan, options.out_of_stock),
        steps=tuple(rehearsal.steps),
        usd_per_month=costs(rehearsal.resources),
        kept=kept if options.is_kept else (),
    )
