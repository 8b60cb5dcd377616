"""Prometheus' own page: its Go module has the sources alone, and npm builds them where the machine has it.

Nothing else needs it. What npm downloads is what the module's own lock file names, and no script of a package is run
while it is installed.

Source: github.com/prometheus/prometheus@v0.305.0 web/ui/build_ui.sh; 47 CPU seconds, 3 MB.
"""

import os
from collections.abc import Mapping
from pathlib import Path

from local.lock import exclusive
from local.progress import Reporter, Task
from local.toolchain import cache as store
from local.toolchain.build import Order, build, run_logged, signals_unwind
from local.toolchain.go import build_environment, find_go, go_needed, module_folder
from local.toolchain.locate import find_executable, search_folders
from local.toolchain.specs import PROMETHEUS_VERSION, Asset, Tool
from local.toolchain.workshop import LOCK_TIMEOUT_SECONDS, Workshop, copy_files
from mizan.errors import PlatformError

FILES = "static"
"""The folder of an entry that Prometheus serves its page from, where it finds it under this name."""

PAGE = Tool(
    name="prometheus-page",
    family="prometheus",
    package=None,
    version=PROMETHEUS_VERSION,
    cpu_seconds=47,
    assets=(Asset("github.com/prometheus/prometheus", "web/ui", FILES),),
)

_BUILT = "mantine-ui"
_COMMANDS = (
    ("ci", "--ignore-scripts", "--no-audit", "--no-fund"),
    *(("run", "build", "-w", f"@prometheus-io/{name}") for name in ("lezer-promql", "codemirror-promql", _BUILT)),
)


def prometheus_page(
    cache: Path,
    reporter: Reporter,
    environment: Mapping[str, str] = os.environ,
    workshop: Workshop | None = None,
    tool: Tool = PAGE,
) -> Path | None:
    """Return the folder of the page's files, built where it is not in the cache; None on a machine without npm.

    Raises:
        PlatformError: Go or npm could not do it.
    """
    workshop = workshop or Workshop()
    entry = workshop.entry(tool, cache)
    if store.fault_of(entry) is None:
        return entry / FILES
    npm = find_executable("npm", search_folders(environment, cache))
    if npm is None:
        return None
    with (
        signals_unwind(),
        exclusive(workshop.lock, purpose="building tools", reporter=reporter, timeout_seconds=LOCK_TIMEOUT_SECONDS),
    ):
        store.prepare(cache)
        if entry.exists() and store.fault_of(entry) is not None:
            store.discard(cache, entry)
        if not entry.exists():
            with reporter.task("The page of Prometheus, built once by npm") as task:
                _Making(workshop, tool, cache, environment, task).make(npm, entry)
    return entry / FILES


class _Making:
    """One build."""

    def __init__(self, workshop: Workshop, tool: Tool, cache: Path, environment: Mapping[str, str], task: Task) -> None:
        self._family, self._target = workshop.family(tool), workshop.target
        self._tool, self._cache, self._environment, self._task = tool, cache, environment, task
        self._log = store.log_file(cache, tool)

    def make(self, npm: Path, entry: Path) -> None:
        with store.unfinished(self._cache) as folder:
            made, work, scratch = (folder / name for name in ("entry", "work", "go"))
            scratch.mkdir()
            self._copy_sources(work, scratch)
            for command in _COMMANDS:
                self._run([str(npm), *command], work, folder)
            copy_files(work / _BUILT / "dist", made / FILES / _BUILT, self._tool)
            store.publish(made, entry, self._tool)

    def _copy_sources(self, work: Path, scratch: Path) -> None:
        """Copy the sources out of Go's module cache, which is filled first."""
        go = find_go(self._environment, go_needed([(self._family / "go.mod").read_text()]), self._tool.name)
        environment = build_environment(self._environment, self._target, scratch)
        build(go, Order(self._tool, self._family, work, self._log, environment), self._task.step)
        (asset,) = self._tool.assets
        copy_files(module_folder(go, asset.module, self._family, environment) / asset.source, work, self._tool)

    def _run(self, command: list[str], work: Path, folder: Path) -> None:
        told = f"npm {' '.join(command[1:])}"
        # Its own cache goes with the build: hundreds of megabytes that nobody asked for.
        environment = {**self._environment, "npm_config_cache": str(folder / "npm"), "CI": "true"}
        status, text = run_logged(command, work, environment, self._log, lambda _: self._task.step(told))
        if status == 0:
            return
        ending = " / ".join(text.split("\n")[-4:]).strip(" /")
        raise PlatformError(
            self._tool.name,
            f"`{told}` {'took too long' if status is None else f'ended with status {status}'}: {ending}",
            needs="Node.js 20 or newer and a registry that answers",
            because="Prometheus' Go module has the sources of its page alone",
            fix="Mend what its last lines say; nothing but the page needs it",
            see=str(self._log),
        )
