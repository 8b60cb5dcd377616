"""Building what is missing, one build at a time on a machine: Go checked, disk checked, each tool sealed when done."""

import os
import shutil
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from local.lock import exclusive
from local.progress import Reporter, Task
from local.toolchain import cache as store
from local.toolchain.build import Order, build, signals_unwind
from local.toolchain.disk import DiskUsage, check_disk
from local.toolchain.estimate import GB, Pace, cpu_seconds, disk_bytes, duration, seconds_left
from local.toolchain.go import Go, Target, build_environment, find_go, go_needed, module_folder
from local.toolchain.specs import TOOLS, Tool
from mizan.errors import PlatformError

GO_FAMILIES = Path(__file__).resolve().parent.parent / "go"

# Longer than a cold build of every tool on one slow core.
LOCK_TIMEOUT_SECONDS = 3 * 3600.0


@dataclass(frozen=True)
class Workshop:
    """What building depends on beside the cache; tests bring their own.

    Attributes:
        tools: every tool known, in the order in which they are built.
        families: the folder with one Go module folder per family.
        target: the machine to build for.
        lock: the file that lets one build run at a time on this machine, for all its users.
        disk_usage: tells the free bytes of a folder's filesystem.
        cores: how many cores Go may use.
    """

    tools: Mapping[str, Tool] = field(default_factory=lambda: TOOLS)
    families: Path = GO_FAMILIES
    target: Target = field(default_factory=Target.of_this_machine)
    lock: Path = Path(tempfile.gettempdir()) / "mizan-tool-build.lock"
    disk_usage: DiskUsage = shutil.disk_usage
    cores: int = field(default_factory=lambda: len(os.sched_getaffinity(0)))

    def family(self, tool: Tool) -> Path:
        """Return the Go module folder of `tool`."""
        return self.families / tool.family

    def entry(self, tool: Tool, cache: Path) -> Path:
        """Return the cache entry of `tool` as its sources are now."""
        return store.entry_folder(cache, tool, store.entry_key(tool, self.family(tool), self.target))


def build_missing(
    tools: Sequence[Tool], workshop: Workshop, cache: Path, reporter: Reporter, environment: Mapping[str, str]
) -> dict[str, Path]:
    """Return the cache entry of each of `tools`, built here or by whoever held the lock before.

    Raises:
        PlatformError: Go is missing or too old, a disk is too full, or a build failed; finished tools are kept.
    """
    go_mods = [(workshop.family(tool) / "go.mod").read_text(encoding="utf-8") for tool in tools]
    go = find_go(environment, go_needed(go_mods), ", ".join(tool.name for tool in tools))
    entries = {tool.name: workshop.entry(tool, cache) for tool in tools}
    purpose = "building tools"
    with (
        signals_unwind(),
        exclusive(workshop.lock, purpose=purpose, reporter=reporter, timeout_seconds=LOCK_TIMEOUT_SECONDS),
    ):
        store.prepare(cache)
        missing = [tool for tool in tools if not _settled(entries[tool.name], cache)]
        if missing:
            needed_bytes = disk_bytes(missing, workshop.tools.values())
            check_disk(go, cache, needed_bytes, workshop.disk_usage)
            reporter.say(_announcement(missing, workshop.cores, needed_bytes))
            _Bench(go, workshop, cache, reporter, environment).build_all(missing, entries)
    return entries


def _settled(entry: Path, cache: Path) -> bool:
    """Return whether a whole entry is there now; a damaged one is removed."""
    if not entry.exists():
        return False
    if store.fault_of(entry) is None:
        return True
    store.discard(cache, entry)
    return False


def _announcement(tools: Sequence[Tool], cores: int, needed_bytes: int) -> str:
    names = ", ".join(tool.name for tool in tools)
    took = duration(cpu_seconds(tools) / Pace(cores).cpu_seconds_per_second)
    return (
        f"Building {names} from Go modules, once: {took} on {cores} cores, "
        f"{needed_bytes / GB:.0f} GB of disk in Go's caches while it runs."
    )


@dataclass(frozen=True)
class _Bench:
    go: Go
    workshop: Workshop
    cache: Path
    reporter: Reporter
    environment: Mapping[str, str]

    def build_all(self, tools: Sequence[Tool], entries: Mapping[str, Path]) -> None:
        """Build `tools` in order; each is usable as soon as it is done."""
        pace = Pace(self.workshop.cores)
        try:
            with self.reporter.task("Building tools") as task:
                for position, tool in enumerate(tools):
                    begun = time.monotonic()
                    self._build(tool, entries[tool.name], _Progress(task, pace, tools, position, begun))
                    seconds = time.monotonic() - begun
                    pace = pace.after(tool, seconds)
                    self.reporter.say(f"  {tool.name} {tool.version} built in {seconds:.0f} s")
        except (KeyboardInterrupt, SystemExit):
            self.reporter.warn("Build interrupted; finished tools are kept and the same command goes on from here.")
            raise

    def _build(self, tool: Tool, entry: Path, progress: "_Progress") -> None:
        family = self.workshop.family(tool)
        with store.unfinished(self.cache) as folder:
            made, scratch = folder / "entry", folder / "work"
            (made / "bin").mkdir(parents=True)
            scratch.mkdir()
            environment = build_environment(self.environment, self.workshop.target, scratch)
            log = store.log_file(self.cache, tool)
            build(self.go, Order(tool, family, made / "bin" / tool.name, log, environment), progress.show)
            for asset in tool.assets:
                progress.show(f"copying {asset.source}")
                module = module_folder(self.go, asset.module, family, environment)
                copy_files(module / asset.source, made / asset.target, tool)
            store.publish(made, entry, tool)


@dataclass(frozen=True)
class _Progress:
    """What is shown while the tool at `position` is built."""

    task: Task
    pace: Pace
    tools: Sequence[Tool]
    position: int
    begun: float

    def show(self, activity: str) -> None:
        """Say the tool, its step and the time left."""
        tool = self.tools[self.position]
        elapsed = time.monotonic() - self.begun
        left = seconds_left(self.pace, tool, elapsed, self.tools[self.position + 1 :])
        count = f"{self.position + 1} of {len(self.tools)}"
        self.task.step(f"{tool.name} ({count}): {activity}, {duration(left)} left")


def copy_files(source: Path, target: Path, tool: Tool) -> None:
    """Copy the files below `source`; their contents only, because Go's module cache is read-only.

    Raises:
        PlatformError: there are none.
    """
    files = sorted(path for path in source.rglob("*") if path.is_file())
    if not files:
        raise PlatformError(
            str(source),
            "holds no file",
            needs=f"the files of {tool.name} {tool.version}",
            because="the embedded cluster is set up with them",
            fix="If the module was upgraded, correct the folder in local/toolchain/specs.py; "
            "else remove the module from Go's cache with `go clean -modcache`",
        )
    for file in files:
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
