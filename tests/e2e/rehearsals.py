"""Rehearsals of a test's own: one that stays up between its tests, and what happens in its cluster."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.home import Home
from local.lock import exclusive
from local.overview import JobRow, job_rows
from local.progress import Reporter
from local.rehearse.rehearsal import Rehearsal
from local.rehearse.run import plan_of, stage_of
from local.rehearse.shadow import Shadow
from local.rehearse.stage import Stage
from local.snapshot import Snapshot, fetch


@contextmanager
def begun(stack: str, folder: Path) -> Iterator[Rehearsal]:
    """A rehearsal whose control plane runs, and nothing else yet; in the end nothing of it is left."""
    plan = plan_of(stack)
    home = Home(folder / "home")
    home.create()
    reporter = Reporter()
    with exclusive(home.lock, purpose="test", reporter=reporter, timeout_seconds=5):
        rehearsal = Rehearsal(stage=stage_of(plan, home, reporter))
        try:
            rehearsal.stage.start()
            yield rehearsal
        finally:
            rehearsal.stage.clear()


@contextmanager
def followed(rehearsal: Rehearsal) -> Iterator[None]:
    """What the node pools of a rehearsal's cloud do, while the block runs."""
    stage = rehearsal.stage
    with Shadow(stage.plane, stage.plan, stage.cloud, stage.reporter) as shadow:
        rehearsal.must_live = shadow.check
        yield


def snapshot(stage: Stage) -> Snapshot:
    """What a rehearsal's cluster holds now."""
    return fetch(stage.home.kubeconfig)


def jobs(stage: Stage) -> dict[str, JobRow]:
    """The project's jobs in a rehearsal's cluster, by name."""
    return {row.name: row for row in job_rows(snapshot(stage))}


def kubectl(stage: Stage, *arguments: str, text: str | None = None) -> str:
    """What kubectl prints as a rehearsal's administrator; the text is its standard input."""
    done = subprocess.run(
        [str(stage.home.bin / "kubectl"), "--kubeconfig", str(stage.home.kubeconfig), *arguments],
        input=text,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
