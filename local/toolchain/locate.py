"""A tool that the machine already has: on PATH or in Pulumi's plugin folder."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local.home import Home
from local.toolchain.plugin import ask_plugin
from local.toolchain.specs import PathVersion, Tool
from local.toolchain.versions import parse_version

_PROBE_TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Candidate:
    """An executable of a tool's name.

    Attributes:
        path: where it is.
        version: the version it shows; empty when it shows none.
        misfit: why it can not be used, the end of a sentence; None when it fits.
    """

    path: Path
    version: str
    misfit: str | None = None


def on_path(tool: Tool, folders: Sequence[Path], environment: Mapping[str, str]) -> Candidate | None:
    """Return the first executable of the tool's name in `folders`, fitting or not, or None."""
    if tool.path_version is None:
        return None
    found = find_executable(tool.name, folders)
    if found is None:
        return None
    try:
        output = _ask(found, tool.path_version, environment)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        return Candidate(found, "", f"does not tell its version ({_reason(error)})")
    return judge(found, tool.path_version, output)


def judge(path: Path, path_version: PathVersion, output: str) -> Candidate:
    """Return the candidate at `path` with the verdict on what it printed about its version."""
    match = re.search(path_version.pattern, output, re.MULTILINE)
    if match is None:
        first = next((line.strip() for line in output.splitlines() if line.strip()), "nothing")
        return Candidate(path, "", f"shows no version (it printed {first!r})")
    version = parse_version(match.group(1))
    if version is None:
        return Candidate(path, match.group(1), f"shows {match.group(1)!r}, which is not a release")
    if version not in path_version.fits:
        return Candidate(path, str(version), f"is {version}; needs {path_version.fits}")
    return Candidate(path, str(version))


def in_plugin_folder(tool: Tool, environment: Mapping[str, str]) -> Candidate | None:
    """Return the plugin that Pulumi itself installed at the tool's exact version, or None."""
    if tool.plugin_folder is None:
        return None
    home = Path(environment.get("PULUMI_HOME") or "~/.pulumi").expanduser()
    folder = home / "plugins" / tool.plugin_folder
    if folder.with_name(f"{folder.name}.partial").exists():  # Pulumi's own mark of an unfinished installation
        return None
    executable = find_executable(tool.name, [folder])
    return Candidate(executable, tool.version) if executable else None


def search_folders(environment: Mapping[str, str], cache: Path) -> tuple[Path, ...]:
    """Return the folders of PATH in order, without this project's own: a link there would come to point at itself."""
    own = (Home.from_environment(environment).bin.resolve(), cache.resolve())
    folders = (Path(part).absolute() for part in environment.get("PATH", "").split(os.pathsep) if part)
    return tuple(folder for folder in folders if not any(folder.resolve().is_relative_to(root) for root in own))


def find_executable(name: str, folders: Sequence[Path]) -> Path | None:
    """Return the first executable file `name` in `folders`, or None."""
    # An empty path would make shutil.which search the PATH of this process.
    found = shutil.which(name, path=os.pathsep.join(map(str, folders))) if folders else None
    return Path(found) if found else None


def _ask(executable: Path, path_version: PathVersion, environment: Mapping[str, str]) -> str:
    if path_version.arguments is None:
        return ask_plugin(executable, _PROBE_TIMEOUT_SECONDS)
    answer = subprocess.run(
        [executable, *path_version.arguments],
        env={**environment, "PULUMI_SKIP_UPDATE_CHECK": "true"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=_PROBE_TIMEOUT_SECONDS,
        check=True,
    )
    return answer.stdout.decode(errors="replace")


def _reason(error: Exception) -> str:
    if isinstance(error, subprocess.TimeoutExpired):
        return f"no answer within {error.timeout:.0f} s"
    if isinstance(error, subprocess.CalledProcessError):
        return f"exit status {error.returncode}"
    return str(error)
