"""`make bench`: measures on a platform of its own, prints each figure beside its limit, exits 1 when one is missed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from rich.console import Console
from rich.table import Table

from local.control_plane import ControlPlane
from local.engine import Engine, shell_environment
from local.home import PROJECT, Home
from local.platform import tools
from local.progress import Reporter
from mizan.manifests.kwok_nodes import instance_types
from tests.bench.stack import OBJECTS, plan, values, write_manifests, write_stack_file

GIBIBYTE = 1024**3
COMMAND_SECONDS = 600.0


@dataclass(frozen=True)
class Figure:
    """One measured value and its limit, both in `unit`."""

    name: str
    value: float
    limit: float
    unit: str = "s"

    @property
    def holds(self) -> bool:
        """Return whether the limit is kept."""
        return self.value <= self.limit


def seconds(work: Callable[[], object]) -> float:
    """Return how long `work` takes."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def main() -> int:
    """Return 0 when every limit is kept."""
    reporter = Reporter()
    with tempfile.TemporaryDirectory(prefix="mizan-bench-") as folder:
        home = Home(Path(folder) / "home")
        home.create()
        plane = ControlPlane(home, tools(reporter), reporter)
        try:
            figures = [*_control_plane(plane), *_updates(home, reporter, Path(folder)), *_whole(home)]
        finally:
            plane.stop()
    return _print(figures)


def _control_plane(plane: ControlPlane) -> list[Figure]:
    ready = seconds(lambda: plane.start(instance_types=instance_types(plan("warm"))))
    idle = sum(row.rss_bytes or 0 for row in plane.status()) / GIBIBYTE
    return [
        Figure("control plane ready, new home", ready, 10.0),
        Figure("memory of all processes, idle", idle, 2.0, "GiB"),
    ]


def _updates(home: Home, reporter: Reporter, folder: Path) -> list[Figure]:
    """Create the same hundred objects under three prefixes: by kubectl, by Pulumi, by Pulumi with preview."""
    apply = seconds(lambda: _kubectl(home, "apply", "--server-side", "-f", str(write_manifests("kubectl", folder))))
    engine = Engine(home, tools(reporter), reporter)
    created = _first_up(engine, "skip", folder, "--skip-preview")
    previewed = _first_up(engine, "preview", folder)
    unchanged = seconds(lambda: _up(engine, "preview", folder))
    return [
        Figure(f"kubectl apply --server-side, {OBJECTS} objects", apply, float("inf")),
        Figure(f"pulumi up --skip-preview, the same {OBJECTS} objects", created, 3 * apply + 5),
        Figure(f"pulumi up with preview, the same {OBJECTS} objects", previewed, 15.0),
        Figure("pulumi up with preview, unchanged", unchanged, 10.0),
    ]


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


def _whole(home: Home) -> list[Figure]:
    """Time `make up` as a person runs it, on the running control plane and then once more."""
    environment = {**os.environ, "MIZAN_HOME": str(home.root)}

    def make_up() -> None:
        subprocess.run(
            ["make", "up"], cwd=PROJECT, env=environment, check=True, timeout=COMMAND_SECONDS, stdout=subprocess.DEVNULL
        )

    make_up()
    return [Figure("make up, warm", seconds(make_up), 60.0)]


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
