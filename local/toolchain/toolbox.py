"""Every tool asked for, ready to run: from PATH, else from the cache, else built."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from local.language_host import launcher
from local.progress import Reporter
from local.toolchain import cache as store
from local.toolchain.locate import Candidate, find_executable, in_plugin_folder, on_path, search_folders
from local.toolchain.specs import Tool
from local.toolchain.workshop import Workshop, build_missing


class Origin(StrEnum):
    """Where a tool came from."""

    PATH = "PATH"
    PLUGIN_FOLDER = "Pulumi's plugin folder"
    CACHE = "cache"
    BUILT = "built just now"


@dataclass(frozen=True)
class ReadyTool:
    """A tool that can be run.

    Attributes:
        tool: what it is.
        path: its executable, or the folder of its files where it has none.
        version: the version there, which on PATH may differ from the pinned one.
        origin: where it came from.
        entry: its folder in the cache, or None when it is not from there.
    """

    tool: Tool
    path: Path
    version: str
    origin: Origin
    entry: Path | None = None


@dataclass(frozen=True)
class Toolbox:
    """The tools that were asked for.

    Attributes:
        tools: each by its name.
        language_host: Pulumi's own Python language host beside or on PATH with a `pulumi` from PATH, else None.
    """

    tools: Mapping[str, ReadyTool]
    language_host: Path | None = None

    @property
    def has_language_host(self) -> bool:
        """Return whether the `pulumi` in use brings its own Python language host."""
        return self.language_host is not None

    def path(self, name: str) -> Path:
        """Return the executable of the tool `name`."""
        return self.tools[name].path

    def crds(self, name: str) -> Path:
        """Return the folder with the CRD files of the tool `name`."""
        return self._asset(name, "crds")

    def chart(self, name: str) -> Path:
        """Return the Helm chart of the tool `name`."""
        return self._asset(name, "chart")

    def crd_chart(self, name: str) -> Path:
        """Return the Helm chart that installs the CRDs of the tool `name`."""
        return self._asset(name, "crd-chart")

    def _asset(self, name: str, folder: str) -> Path:
        ready = self.tools[name]
        if ready.entry is None or folder not in {asset.target for asset in ready.tool.assets}:
            msg = f"{name} brings no {folder}"
            raise LookupError(msg)
        return ready.entry / folder


def ensure(
    names: Iterable[str],
    *,
    cache: Path,
    reporter: Reporter,
    environment: Mapping[str, str] = os.environ,
    workshop: Workshop | None = None,
) -> Toolbox:
    """Return the tools `names`, building those that are neither on PATH at a fitting version nor in the cache.

    Nothing else is built, and Go is not even looked for when nothing must be built.

    Args:
        names: tools of TOOLS.
        cache: the per-user cache, such as `default_cache()`.
        reporter: told what takes time and why something is not used.
        environment: PATH, PULUMI_HOME and Go's own settings are read from it.
        workshop: where and how to build; None means the real one.

    Raises:
        PlatformError: Go is missing or too old, a disk is too full, or a build failed.
        ValueError: a name is unknown.
    """
    workshop = workshop or Workshop()
    wanted = _select(names, workshop.tools)
    candidates = {tool.name: _candidate(tool, cache, environment) for tool in wanted}
    ready = {name: tool for name, (tool, _) in candidates.items() if tool}
    missing = [tool for tool in wanted if tool.name not in ready]
    ready |= _cached(missing, workshop, cache, reporter)
    missing = [tool for tool in wanted if tool.name not in ready]
    if missing:
        for tool in missing:
            if unfit := candidates[tool.name][1]:
                reporter.say(f"{unfit.path} is not used: it {unfit.misfit}")
        entries = build_missing(missing, workshop, cache, reporter, environment)
        ready |= {tool.name: _from_entry(tool, entries[tool.name], Origin.BUILT) for tool in missing}
    tools = {tool.name: ready[tool.name] for tool in wanted}
    return Toolbox(tools, _language_host(tools.get("pulumi"), cache, environment))


def _select(names: Iterable[str], tools: Mapping[str, Tool]) -> list[Tool]:
    wanted = set(names)
    if unknown := sorted(wanted - tools.keys()):
        msg = f"unknown tools: {', '.join(unknown)}; known are {', '.join(tools)}"
        raise ValueError(msg)
    return [tool for name, tool in tools.items() if name in wanted]


def _candidate(tool: Tool, cache: Path, environment: Mapping[str, str]) -> tuple[ReadyTool | None, Candidate | None]:
    """Return the tool as the machine already has it, or else the misfit found on PATH."""
    found = on_path(tool, search_folders(environment, cache), environment)
    if found and found.misfit is None:
        return ReadyTool(tool, found.path, found.version, Origin.PATH), None
    if plugin := in_plugin_folder(tool, environment):
        return ReadyTool(tool, plugin.path, plugin.version, Origin.PLUGIN_FOLDER), None
    return None, found


def _cached(tools: Iterable[Tool], workshop: Workshop, cache: Path, reporter: Reporter) -> dict[str, ReadyTool]:
    """Return those of `tools` that the cache holds undamaged; name the damaged ones."""
    found = {}
    with store.writing(cache):
        for tool in tools:
            entry = workshop.entry(tool, cache)
            if not entry.exists():
                continue
            if fault := store.fault_of(entry):
                reporter.warn(f"{tool.name}: its cache entry {entry} is corrupted ({fault}); it is built again")
                continue
            found[tool.name] = _from_entry(tool, entry, Origin.CACHE)
    return found


def _from_entry(tool: Tool, entry: Path, origin: Origin) -> ReadyTool:
    return ReadyTool(tool, entry / "bin" / tool.name if tool.package else entry, tool.version, origin, entry)


def _language_host(pulumi: ReadyTool | None, cache: Path, environment: Mapping[str, str]) -> Path | None:
    """Return Pulumi's own language host; one on PATH does not count for a `pulumi` of another origin."""
    if pulumi is None or pulumi.origin is not Origin.PATH:
        return None
    beside = (pulumi.path.parent, pulumi.path.resolve().parent)
    return find_executable(launcher.NAME, (*beside, *search_folders(environment, cache)))
