"""Free disk space, checked before a build begins."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from local.toolchain.estimate import (
    BUILD_CACHE_RATIO,
    DISK_BYTES_AT_LEAST,
    GB,
    MODULE_CACHE_RATIO,
    TOOL_CACHE_RATIO,
)
from local.toolchain.go import Go
from mizan.errors import PlatformError


class Usage(Protocol):
    """What shutil.disk_usage returns, as far as it matters here."""

    @property
    def free(self) -> int:
        """Bytes that an ordinary user may still write."""


DiskUsage = Callable[[Path], Usage]


def check_disk(go: Go, cache: Path, needed_bytes: int, disk_usage: DiskUsage) -> None:
    """Check that every filesystem that the build writes to has room for its part of `needed_bytes`.

    Raises:
        PlatformError: one of them has not.
    """
    parts = {
        go.build_cache: BUILD_CACHE_RATIO,
        go.module_cache: MODULE_CACHE_RATIO,
        cache: TOOL_CACHE_RATIO,
    }
    for folder, ratio in _by_filesystem(parts).items():
        part_bytes = max(round(needed_bytes * ratio), DISK_BYTES_AT_LEAST)
        free_bytes = disk_usage(folder).free
        if free_bytes < part_bytes:
            raise PlatformError(
                str(folder),
                f"{free_bytes / GB:.1f} GB free",
                needs=f"{part_bytes / GB:.1f} GB",
                because="Go keeps modules and compiled packages while it builds the tools",
                fix="Free some space, or set GOCACHE, GOMODCACHE and MIZAN_CACHE to folders on a larger disk",
            )


def _by_filesystem(parts: Mapping[Path, float]) -> dict[Path, float]:
    """Return, for each filesystem, one existing folder on it and the sum of the parts that fall to it."""
    folders: dict[int, Path] = {}
    ratios: dict[Path, float] = {}
    for wanted, ratio in parts.items():
        folder = next(path for path in (wanted, *wanted.parents) if path.exists())
        folder = folders.setdefault(os.stat(folder).st_dev, folder)  # noqa: PTH116 - the device number
        ratios[folder] = ratios.get(folder, 0.0) + ratio
    return ratios
