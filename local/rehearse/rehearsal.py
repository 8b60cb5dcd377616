"""The steps of a rehearsal, each with what must hold after it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lightkube.resources.core_v1 import Namespace, Node

from local.control_plane import processes
from local.control_plane.daemons import EVERY_DAEMON
from local.engine import PULUMI
from local.overview import job_rows
from local.platform import settled
from local.rehearsal import faults
from local.rehearsal.clouds import CLOUDS
from local.rehearsal.store import leftovers
from local.rehearse import events
from local.rehearse.agreement import astray, differences, retained
from local.rehearse.options import ends_an_update
from local.rehearse.report import Check, Step
from local.rehearse.stage import Stage
from mizan import keys
from mizan.errors import PlatformError
from mizan.plan import Plan

# A node is there, and Kueue has told why a job waits, within seconds of the update.
SETTLE_SECONDS = 60.0
EMPTY_SECONDS = 60.0
POLL_SECONDS = 0.2

# A job is where it shall be when it is none of these.
_LOST = ("new", "starting", "failed")

Update = Callable[..., None]


@dataclass(kw_only=True)
class Rehearsal:
    """One stack's rehearsal in progress.

    Attributes:
        stage: on which it runs.
        must_live: called between steps; raises when what follows the cloud's node pools has failed.
        steps: those that are done.
        checks: what was found.
        resources: of Pulumi's state when the stack was whole.
    """

    stage: Stage
    must_live: Callable[[], None] = lambda: None
    steps: list[Step] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    resources: list[dict[str, Any]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """Return the file with what Pulumi said during the last update."""
        return self.stage.home.logs / "pulumi-events.json"

    @contextmanager
    def timed(self, title: str) -> Iterator[None]:
        """Note how long the block takes."""
        self.stage.reporter.say(f"— {title}")
        began = time.monotonic()
        yield
        self.steps.append(Step(title=title, seconds=time.monotonic() - began))
        self.must_live()

    def found(self, claim: str, against: Sequence[str], seen: str = "") -> None:
        """Note that a claim holds, unless something speaks against it."""
        self.checks.append(Check(claim=claim, is_met=not against, detail="; ".join(against) or seen))

    def up(self, *arguments: str) -> None:
        """Run `pulumi up` with the policy pack.

        Raises:
            PlatformError: it failed.
        """
        stage = self.stage
        stage.engine.up(stage.stack, config_file=stage.settings, arguments=(*events.arguments(self.log), *arguments))

    def preview(self) -> None:
        """Run `pulumi preview` with the policy pack.

        Raises:
            PlatformError: it failed.
        """
        stage = self.stage
        stage.engine.preview(stage.stack, config_file=stage.settings, arguments=events.arguments(self.log))

    def destroy(self, *, is_preview: bool = False) -> None:
        """Run `pulumi destroy`, or its preview.

        Raises:
            PlatformError: it failed.
        """
        stage = self.stage
        arguments = (*events.arguments(self.log), *(() if is_preview else ("--skip-preview",)))
        stage.engine.destroy(stage.stack, config_file=stage.settings, arguments=arguments, is_preview=is_preview)

    def come(self, told: Sequence[str] = ()) -> None:
        """Bring the stack up. With faults the first update meets them, and the next goes on without."""
        if told:
            self._meet(told, "The first update, which meets the faults", self.up)
        else:
            with self.timed("The preview"):
                self.preview()
        with self.timed("The update goes on" if told else "The first update"):
            self.up("--skip-preview")
        stage = self.stage
        self.resources = stage.engine.resources(stage.stack)
        title = CLOUDS[stage.package].title
        self.found(
            f"{title}, simulated, holds what Pulumi's state says: every resource once, and whole",
            differences(self.resources, stage.records),
            f"{len(leftovers(stage.cloud))} resources",
        )

    def settle(self) -> None:
        """Wait until the sample jobs have found their place."""
        stage = self.stage
        jobs = stage.plan.jobs
        with self.timed("Sample jobs find their place"), stage.reporter.task("Sample jobs") as task:
            rows = job_rows(settled(stage.home, stage.plan, task, SETTLE_SECONDS))
        against = [f"{row.namespace}/{row.name} is {row.state}: {row.detail}" for row in rows if row.state in _LOST]
        if len(rows) < len(jobs):
            against.append(f"{len(rows)} of {len(jobs)} are there")
        seen = [f"{row.name} {row.state}, {row.flavor or 'without a flavor'} {row.detail}".strip() for row in rows]
        self.found("Every sample job runs, has run, or waits for a reason", against, "; ".join(seen))

    def stay(self) -> None:
        """Run the update again: it must change nothing."""
        against = []
        with self.timed("A second update"):
            try:
                self.up("--expect-no-changes", "--skip-preview")
            except PlatformError as error:
                changed = {kind: number for kind, number in events.changes(self.log).items() if kind != "same"}
                against = [str(changed or error)]
        self.found("A second update changes nothing", against, f"{events.changes(self.log).get('same', 0)} unchanged")

    def go(self, told: Sequence[str] = ()) -> None:
        """Destroy the stack, as its guide says. With faults the first destroy meets them, and the next goes on."""
        stage = self.stage
        if _is_protected(stage.plan):
            self._be_refused()
            stage.change((f"mizan:{stage.plan.cloud.value}", "deletionProtection"), value=False)
            with self.timed("An update takes deletion protection off"):
                self.up("--skip-preview")
        kept = retained(stage.engine.resources(stage.stack))
        if told:
            self._meet(told, "The destroy, which meets the faults", self.destroy)
        with self.timed("The destroy goes on" if told else "The destroy"):
            self.destroy()
        with self.timed("Simulated nodes go"):
            left = self._left_in_cluster()
        self.found("The cluster holds no node, and no namespace of the stack", left)
        self.found(
            f"{CLOUDS[stage.package].title}, simulated, holds nothing any more but what is to be kept",
            astray(leftovers(stage.cloud), kept),
            "; ".join(f"kept {kind} {identity}" for kind, identity in sorted(kept)) or "nothing is to be kept",
        )
        urns = [str(resource["urn"]) for resource in stage.engine.resources(stage.stack)]
        self.found("Pulumi's state is empty", urns)

    def end(self) -> None:
        """End every process of the rehearsal and remove its folder."""
        home = self.stage.home
        with self.timed("Every process ends"):
            self.stage.clear()
        left = [f"process {process.pid}" for process in processes.orphans(home, [*EVERY_DAEMON, PULUMI])]
        if home.root.exists():
            left.append(str(home.root))
        self.found("No process and no file of the rehearsal is left", left)

    def _be_refused(self) -> None:
        """Try to destroy a protected stack: its preview fails, before anything has gone."""
        errors: list[str] = []
        with self.timed("A destroy, which deletion protection refuses"), suppress(PlatformError):
            try:
                self.destroy(is_preview=True)
            finally:
                errors = events.errors(self.log)
        refused = [error for error in errors if "protect" in error]
        against = [] if refused else [f"it was not: {errors[:1]}"]
        self.found(
            "A destroy is refused while the cluster is protected", against, "".join(refused[:1]).partition("\n")[0]
        )

    def _meet(self, told: Sequence[str], title: str, update: Update) -> None:
        """Run an update that meets faults: it fails as it was told, and leaves what the next one goes on from."""
        must_fail = any(ends_an_update(text) for text in told)
        faults.write(self.stage.cloud, told)
        errors: list[str] = []
        has_failed = False
        try:
            with self.timed(title):
                try:
                    update()
                except PlatformError:
                    has_failed = True
                    errors = events.errors(self.log)
        finally:
            faults.write(self.stage.cloud, [])
        lines = [line.strip(" \t*") for error in errors for line in error.splitlines()]
        struck = [line for line in lines if faults.MARK in line]
        if must_fail:
            against = [] if struck else ["no resource met it" if not has_failed else f"failed by {errors[:1]}"]
        else:
            against = [f"failed by {errors[:1]}"] if has_failed else []
        seen = struck[0] if struck else "it took its time and went on"
        self.found(f"What was told was met: {', '.join(told)}", against, seen)

    def _left_in_cluster(self) -> list[str]:
        """Return what is in the cluster that should not be, as soon as it is nothing, or after a minute."""
        deadline = time.monotonic() + EMPTY_SECONDS
        with self.stage.plane.client() as client:
            while True:
                nodes = [f"node {_name(node)}" for node in client.list(Node)]
                of_stack = client.list(Namespace, labels={keys.STACK: self.stage.stack})
                spaces = [f"namespace {_name(space)}" for space in of_stack]
                if not (nodes or spaces) or time.monotonic() > deadline:
                    return [*nodes, *spaces]
                self.must_live()
                time.sleep(POLL_SECONDS)


def _is_protected(plan: Plan) -> bool:
    cluster = plan.gke or plan.eks
    return cluster is not None and cluster.deletion_protection


def _name(item: Node | Namespace) -> str:
    return str(item.metadata.name if item.metadata else "")
