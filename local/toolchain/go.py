"""The Go installation: found, checked, and given one environment for every build."""

import json
import platform
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.toolchain.versions import Version
from mizan.errors import PlatformError

OLDEST_GO = Version(1, 26, 0)
INSTALL_GUIDE = "https://go.dev/doc/install"

# Decides the executable, so it is part of the cache key.
BUILD_FLAGS: Mapping[str, str] = {"CGO_ENABLED": "0", "GOFLAGS": "-trimpath -buildvcs=false"}
# GOTOOLCHAIN=local: Go must not download another Go behind the user's back.
BUILD_SETTINGS: Mapping[str, str] = {
    **BUILD_FLAGS,
    "GO111MODULE": "on",
    "GOWORK": "off",
    "GOTOOLCHAIN": "local",
    "GOGC": "400",
}

_QUERY_TIMEOUT_SECONDS = 60.0
_MODULE_TIMEOUT_SECONDS = 300.0
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Target:
    """The machine that the tools run on, in Go's words."""

    system: str
    architecture: str

    @classmethod
    def of_this_machine(cls) -> "Target":
        """Return GOOS and GOARCH without asking Go, which may be absent."""
        machine = platform.machine().lower()
        return cls(platform.system().lower(), _ARCHITECTURES.get(machine, machine))


@dataclass(frozen=True)
class Go:
    """A Go that is new enough, with the folders that it fills."""

    executable: str
    build_cache: Path
    module_cache: Path


def go_needed(go_mods: Iterable[str]) -> Version:
    """Return the oldest Go that accepts every one of the go.mod texts `go_mods`."""
    lines = (re.search(r"^go (\d+)\.(\d+)(?:\.(\d+))?", text, re.MULTILINE) for text in go_mods)
    versions = (Version(int(line[1]), int(line[2]), int(line[3] or 0)) for line in lines if line)
    return max([OLDEST_GO, *versions])


def find_go(environment: Mapping[str, str], oldest: Version, tools: str) -> Go:
    """Return the Go on PATH.

    Args:
        environment: the user's; its GOCACHE, GOMODCACHE, GOPROXY and GOSUMDB count.
        oldest: the release needed.
        tools: the names of the tools to build, for the message.

    Raises:
        PlatformError: Go is missing, does not run, or is too old.
    """
    executable = shutil.which("go", path=environment.get("PATH", ""))
    if executable is None:
        raise PlatformError(
            "go",
            "not found on PATH",
            needs=f"Go {oldest} or newer",
            because=f"no fitting version of {tools} is on PATH or in the cache, so it must be built",
            fix="Install Go, or put these tools on PATH",
            see=INSTALL_GUIDE,
        )
    facts = _go_facts(executable, environment)
    shown = re.search(r"go(\d+)\.(\d+)(?:\.(\d+))?", facts["GOVERSION"])
    version = Version(int(shown[1]), int(shown[2]), int(shown[3] or 0)) if shown else None
    if version is None or version < oldest:
        raise PlatformError(
            executable,
            f"Go {version or facts['GOVERSION'] or 'of unknown version'}",
            needs=f"Go {oldest} or newer",
            because=f"the modules of {tools} ask for it",
            fix="Install a newer Go and put it first on PATH",
            see=INSTALL_GUIDE,
        )
    return Go(executable, Path(facts["GOCACHE"]), Path(facts["GOMODCACHE"]))


def build_environment(environment: Mapping[str, str], target: Target, scratch: Path) -> dict[str, str]:
    """Return the environment of a build: the user's with the settings that decide the result.

    `scratch` takes Go's work files, so that whatever an interruption leaves is removed with it.
    """
    machine = {"GOOS": target.system, "GOARCH": target.architecture, "GOTMPDIR": str(scratch)}
    return {**environment, **BUILD_SETTINGS, **machine}


def module_folder(go: Go, module: str, family: Path, environment: Mapping[str, str]) -> Path:
    """Return the folder in Go's module cache that holds `module` at the family's version.

    Raises:
        PlatformError: Go does not know the module or has not downloaded it.
    """
    command = [go.executable, "list", "-m", "-f", "{{.Dir}}", module]
    answer = subprocess.run(
        command,
        cwd=family,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_MODULE_TIMEOUT_SECONDS,
        check=False,
    )
    folder = answer.stdout.strip()
    if answer.returncode != 0 or not folder:
        raise PlatformError(
            module,
            f"not in Go's module cache ({answer.stderr.strip() or 'no folder'})",
            needs="its files",
            because="CRDs are copied out of it",
            fix=f"Check that {family / 'go.mod'} requires it, then run the same command again",
        )
    return Path(folder)


def _go_facts(executable: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    names = ("GOVERSION", "GOCACHE", "GOMODCACHE")
    try:
        answer = subprocess.run(
            [executable, "env", "-json", *names],
            env={**environment, **BUILD_SETTINGS},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_QUERY_TIMEOUT_SECONDS,
            check=True,
        )
        facts = json.loads(answer.stdout)
        return {name: str(facts[name]) for name in names}
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        raise PlatformError(
            executable,
            f"`go env` does not work ({error})",
            needs="a working Go",
            because="tools must be built",
            fix="Reinstall Go, or put the tools on PATH",
            see=INSTALL_GUIDE,
        ) from error
