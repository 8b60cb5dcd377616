"""`make bench`: measures on a platform of its own, prints each figure beside its limit, exits 1 when one is missed.

`python -m tests.bench --cold` builds every tool with empty caches instead.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import psutil
from rich.console import Console
from rich.table import Table

from local.control_plane import ControlPlane, total_rss_bytes
from local.engine import Engine, shell_environment
from local.home import PROJECT, Home
from local.platform import tools
from local.progress import Reporter
from local.toolchain import TOOLS, ensure
from mizan.manifests.kwok_nodes import instance_types
from tests.bench import estimate, prices, queues, rehearsals, rules
from tests.bench.figure import Figure
from tests.bench.stack import OBJECTS, plan, values, write_manifests, write_stack_file

GIBIBYTE = 1024**3
GIGABYTE = 1e9
COMMAND_SECONDS = 600.0
SETTLE_SECONDS = 10.0
RUNS = 3


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def main() -> int:
    """Return 0 when every limit is kept."""
    reporter = Reporter()
    if sys.argv[1:] not in ([], ["--cold"]):
        sys.stdout.write(f"{__doc__}")
        return 0 if sys.argv[1:] == ["--help"] else 2
    if sys.argv[1:] == ["--cold"]:
        return _print(cold_build(reporter))
    with tempfile.TemporaryDirectory(prefix="mizan-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        plane = ControlPlane(home, tools(reporter), reporter)
        try:
            figures = [*_control_plane(plane), *_updates(home, reporter, Path(folder)), *_queues(plane)]
        finally:
            plane.stop()
        figures += [*_dollars(), *rules.figures(Path(folder), reporter)]
        figures += [*_whole(Path(folder)), *rehearsals.figures(Path(folder))]
    return _print(figures)


def _control_plane(plane: ControlPlane) -> list[Figure]:
    ready = seconds(lambda: plane.start(instance_types=instance_types(plan("kubectl"))))
    return [
        Figure("control plane ready, new home", ready, 10.0),
        Figure("memory of all processes, idle", _idle(plane), 2.0, "GB"),
    ]


def _idle(plane: ControlPlane) -> float:
    """Return the memory in GB once it has stopped growing: less than 1 % in ten seconds."""
    before = 0
    now = total_rss_bytes(plane.status())
    while now > before * 1.01:
        time.sleep(SETTLE_SECONDS)
        before, now = now, total_rss_bytes(plane.status())
    return now / GIGABYTE


def _updates(home: Home, reporter: Reporter, folder: Path) -> list[Figure]:
    """Create a hundred objects again and again under new names: by kubectl, by Pulumi, by Pulumi with preview."""
    engine = Engine(home, tools(reporter), reporter)
    engine.link_tools()
    apply = median(_apply(home, f"kubectl-{run}", folder) for run in range(RUNS))
    created = median(_first_up(engine, f"skip-{run}", folder, "--skip-preview") for run in range(RUNS))
    previewed = median(_first_up(engine, f"preview-{run}", folder) for run in range(RUNS))
    unchanged = median(seconds(lambda: _up(engine, "preview-0", folder)) for _ in range(RUNS))
    return [
        Figure(f"kubectl apply --server-side, {OBJECTS} objects", apply, float("inf")),
        Figure(f"pulumi up --skip-preview, the same {OBJECTS} objects", created, 3 * apply + 5),
        Figure(f"pulumi up with preview, the same {OBJECTS} objects", previewed, 15.0),
        Figure("pulumi up with preview, unchanged", unchanged, 10.0),
    ]


def _queues(plane: ControlPlane) -> list[Figure]:
    with plane.client() as client:
        admitted = queues.JOBS / queues.admissions_per_second(client)
    return [
        Figure(f"Kueue admits {queues.JOBS} queued jobs, 60 a second", admitted, queues.JOBS / 60),
        Figure(f"render all objects of {queues.TEAMS} teams", queues.rendering_seconds(), 1.0),
    ]


def _dollars() -> list[Figure]:
    size = f"{estimate.POOLS} pools and {estimate.TEAMS} teams"
    return [
        Figure("load all shipped prices", prices.loading_seconds(), prices.LIMIT_SECONDS),
        Figure(f"estimate of {size}", estimate.estimating_seconds(), 1.0),
        Figure("a preview takes longer by its estimate", estimate.preview_seconds(), 0.5),
    ]


def _apply(home: Home, prefix: str, folder: Path) -> float:
    manifests = write_manifests(prefix, folder)
    return seconds(lambda: _kubectl(home, "apply", "--server-side", "-f", str(manifests)))


def _first_up(engine: Engine, prefix: str, folder: Path, *arguments: str) -> float:
    engine.prepare(prefix, config_file=write_stack_file(prefix, folder, values(prefix)))
    return seconds(lambda: _up(engine, prefix, folder, *arguments))


def _up(engine: Engine, prefix: str, folder: Path, *arguments: str) -> None:
    engine.up(
        prefix,
        config_file=folder / f"Pulumi.{prefix}.yaml",
        arguments=("--suppress-outputs", "--suppress-progress", *arguments),
    )


def _kubectl(home: Home, *arguments: str) -> None:
    environment = {**os.environ, **shell_environment(home)}
    subprocess.run(
        [str(home.bin / "kubectl"), *arguments],
        env=environment,
        check=True,
        timeout=COMMAND_SECONDS,
        stdout=subprocess.DEVNULL,
    )


def _whole(folder: Path) -> list[Figure]:
    """Time `make up` as a person runs it: tools built, nothing else there; then once more."""
    environment = {**os.environ, "MIZAN_HOME": str(folder / "warm")}

    def make(*arguments: str) -> None:
        command = ["make", *arguments]
        subprocess.run(
            command, cwd=PROJECT, env=environment, check=True, timeout=COMMAND_SECONDS, stdout=subprocess.DEVNULL
        )

    try:
        first = seconds(lambda: make("up"))
        again = seconds(lambda: make("up"))
    finally:
        make("down", "PURGE=1")
    return [Figure("make up, tools built, new home", first, 60.0), Figure("make up again, unchanged", again, 60.0)]


def cold_build(reporter: Reporter) -> list[Figure]:
    """Time the build of every tool with empty caches: Go's modules, Go's packages and ours."""
    with tempfile.TemporaryDirectory(prefix="mizan-cold-") as folder:
        caches = {"GOCACHE": f"{folder}/packages", "GOMODCACHE": f"{folder}/modules", "GOFLAGS": "-modcacherw"}
        environment = {**os.environ, **caches}
        build = seconds(
            lambda: ensure(tuple(TOOLS), cache=Path(folder) / "tools", reporter=reporter, environment=environment)
        )
    return [Figure("cold build of every tool", build / 60, 35.0, "min")]


def _print(figures: list[Figure]) -> int:
    memory = psutil.virtual_memory().total / GIBIBYTE
    table = Table(title=f"{os.cpu_count()} cores, {memory:.0f} GiB, {time.strftime('%Y-%m-%d')}", title_justify="left")
    for column in ("figure", "measured", "limit", "ratio", ""):
        table.add_column(column)
    for figure in figures:
        has_limit = figure.limit != float("inf")
        table.add_row(
            figure.name,
            f"{figure.value:.2f} {figure.unit}",
            f"{figure.limit:.2f} {figure.unit}" if has_limit else "-",
            f"{figure.value / figure.limit:.2f}" if has_limit else "-",
            "" if figure.holds else "missed",
        )
    Console().print(table)
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
