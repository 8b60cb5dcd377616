"""How long a build still takes and how much disk it needs, as plain arithmetic."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from local.toolchain.specs import Tool

GB = 10**9
DISK_BYTES_FOR_ALL = 19 * GB
DISK_BYTES_AT_LEAST = 2 * GB

# Of the disk needed: compiled packages 9.4 GB, modules 4.4 GB, executables 1.0 GB.
# Source: docs/adr/0004-tool-builds.md.
BUILD_CACHE_RATIO, MODULE_CACHE_RATIO, TOOL_CACHE_RATIO = 0.62, 0.31, 0.07

# How much of the expectation a measurement must outweigh: the first tools may have come from Go's warm cache.
_PRIOR_CPU_SECONDS = 300.0
_FASTEST_PER_CORE = 2.0

# A tool that takes longer than expected is taken to need this much of the expectation still.
_LATE_RATIO = 0.1


@dataclass(frozen=True)
class Pace:
    """How fast building goes here: the figures of specs.py, corrected by the tools built so far."""

    cores: int
    built_cpu_seconds: float = 0.0
    built_wall_seconds: float = 0.0

    @property
    def cpu_seconds_per_second(self) -> float:
        """Return the work done in a second, in the CPU seconds of specs.py."""
        work = _PRIOR_CPU_SECONDS + self.built_cpu_seconds
        seconds = _PRIOR_CPU_SECONDS / self.cores + self.built_wall_seconds
        return min(work / seconds, _FASTEST_PER_CORE * self.cores)

    def after(self, tool: Tool, wall_seconds: float) -> "Pace":
        """Return the pace once `tool` was built in `wall_seconds`."""
        return replace(
            self,
            built_cpu_seconds=self.built_cpu_seconds + tool.cpu_seconds,
            built_wall_seconds=self.built_wall_seconds + wall_seconds,
        )


def cpu_seconds(tools: Iterable[Tool]) -> int:
    """Return what building `tools` costs."""
    return sum(tool.cpu_seconds for tool in tools)


def seconds_left(pace: Pace, current: Tool, elapsed_seconds: float, waiting: Iterable[Tool]) -> float:
    """Return the seconds until `current`, begun `elapsed_seconds` ago, and all of `waiting` are built."""
    expected = current.cpu_seconds / pace.cpu_seconds_per_second
    rest_of_current = max(expected - elapsed_seconds, expected * _LATE_RATIO)
    return rest_of_current + cpu_seconds(waiting) / pace.cpu_seconds_per_second


def duration(seconds: float) -> str:
    """Return `seconds` as a person says them; an estimate is never worth more than a minute's precision."""
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes else "less than a minute"


def disk_bytes(to_build: Iterable[Tool], all_tools: Iterable[Tool]) -> int:
    """Return the free bytes that building `to_build` needs: their share of what all tools need."""
    share = cpu_seconds(to_build) / max(cpu_seconds(all_tools), 1)
    return max(round(DISK_BYTES_FOR_ALL * share), DISK_BYTES_AT_LEAST)
