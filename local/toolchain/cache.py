"""The per-user cache: one sealed folder per tool and everything that decides its executable.

What it holds:

    <cache>/tools/<name>-<key>/bin/<name>       the executable
                              /crds, /chart ... files that belong to it
                              /manifest.json    sha256 of every file
    <cache>/logs/<name>.log                     output of its last build
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict
from pathlib import Path

from local import files
from local.toolchain.go import BUILD_FLAGS, Target
from local.toolchain.specs import Tool

_FORMAT = 1
_KEY_LENGTH = 16
_MANIFEST = "manifest.json"
_UNFINISHED = ".unfinished-"


def default_cache(environment: Mapping[str, str] = os.environ) -> Path:
    """Return MIZAN_CACHE, else `mizan` in the user's cache folder."""
    if named := environment.get("MIZAN_CACHE"):
        return Path(named).expanduser().absolute()
    return Path(environment.get("XDG_CACHE_HOME") or "~/.cache").expanduser().absolute() / "mizan"


def entry_key(tool: Tool, family: Path, target: Target) -> str:
    """Return the hash of everything that decides the executable: sources, versions, flags and machine."""
    sources = sorted({family / "go.mod", family / "go.sum", *family.rglob("*.go")})
    parts = {
        "format": _FORMAT,
        "package": tool.package,
        "tags": tool.tags,
        "ldflags": tool.ldflags,
        "assets": [asdict(asset) for asset in tool.assets],
        "flags": dict(BUILD_FLAGS),
        "target": asdict(target),
        "sources": {str(path.relative_to(family)): _sha256(path) for path in sources if path.is_file()},
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:_KEY_LENGTH]


def entry_folder(cache: Path, tool: Tool, key: str) -> Path:
    """Return where the entry of `tool` is or will be."""
    return cache / "tools" / f"{tool.name}-{key}"


def log_file(cache: Path, tool: Tool) -> Path:
    """Return the log of the tool's last build."""
    return cache / "logs" / f"{tool.name}.log"


def fault_of(entry: Path) -> str | None:
    """Return what is wrong with an entry, the end of a sentence, or None when it is as it was sealed."""
    try:
        sealed = json.loads((entry / _MANIFEST).read_text(encoding="utf-8"))["files"]
        expected = {str(name): str(digest) for name, digest in sealed.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return f"{_MANIFEST} is missing or unreadable"
    present = _files(entry)
    faults = (_fault_of_file(name, present.get(name), expected.get(name)) for name in sorted({*expected, *present}))
    return next((fault for fault in faults if fault), None)


@contextmanager
def unfinished(cache: Path) -> Iterator[Path]:
    """Make a folder beside the entries for one that is being made; whatever is left in it goes away.

    Raises:
        PlatformError: the system refuses to write there, also in the block.
    """
    with writing(cache):
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=cache / "tools"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def publish(made: Path, entry: Path, tool: Tool) -> None:
    """Seal the folder `made` and give it its name in one step: an entry is whole or absent."""
    manifest = {"tool": tool.name, "version": tool.version, "files": {n: _sha256(p) for n, p in _files(made).items()}}
    (made / _MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    made.rename(entry)


def discard(cache: Path, entry: Path) -> None:
    """Remove an entry; interrupted, it leaves only what `prepare` removes."""
    with unfinished(cache) as folder:
        entry.rename(folder / entry.name)


def prepare(cache: Path) -> None:
    """Make the cache's folders and remove what an earlier, killed build left.

    Only for the holder of the build lock.

    Raises:
        PlatformError: the cache can not be written.
    """
    with writing(cache):
        for name in ("tools", "logs"):
            (cache / name).mkdir(parents=True, exist_ok=True)
        for leftover in (cache / "tools").glob(f"{_UNFINISHED}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        with unfinished(cache):
            pass


def writing(cache: Path) -> AbstractContextManager[None]:
    """Make every OSError of the block the refusal to write the cache."""
    return files.writing(
        cache, because="built tools are kept there", fix="Set MIZAN_CACHE to a folder on a disk that you may write"
    )


def _fault_of_file(name: str, path: Path | None, expected_sha256: str | None) -> str | None:
    if path is None:
        return f"{name} is missing"
    if expected_sha256 is None:
        return f"{name} does not belong there"
    try:
        found_sha256 = _sha256(path)
    except OSError as error:
        return f"{name} cannot be read ({error.strerror})"
    if found_sha256 != expected_sha256:
        return f"{name} does not match its sha256"
    if name.startswith("bin/") and not os.access(path, os.X_OK):
        return f"{name} is not executable"
    return None


def _files(folder: Path) -> dict[str, Path]:
    """Return every file below `folder` except the manifest, by its relative name."""
    paths = (path for path in folder.rglob("*") if not path.is_dir() and path != folder / _MANIFEST)
    return {path.relative_to(folder).as_posix(): path for path in sorted(paths)}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
