"""A platform of the tests' own: `make` as a person runs it, in a home nobody else uses."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from local import files
from local.control_plane import processes
from local.control_plane.status import ProcessStatus, look
from local.engine import shell_environment
from local.home import PROJECT, Home
from local.snapshot import Snapshot, fetch

MAKE_SECONDS = 240
PROGRAMS = Path(__file__).parent / "programs"
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Done:
    """What a command printed, both streams together, and its exit status."""

    status: int
    text: str


@dataclass(frozen=True)
class TestPlatform:
    """One home, and the commands on it."""

    __test__ = False
    home: Home

    def make(self, *arguments: str, **variables: str) -> Done:
        """Run make to its end."""
        done = subprocess.run(
            ["make", "--no-print-directory", *arguments],
            cwd=PROJECT,
            env=self.environment(**variables),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAKE_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def begin(self, log: Path, *arguments: str) -> "subprocess.Popen[bytes]":
        """Start make in a group of its own, as a terminal does."""
        with log.open("wb") as output:
            return subprocess.Popen(
                ["make", "--no-print-directory", *arguments],
                cwd=PROJECT,
                env=self.environment(),
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def pulumi(self, folder: Path, *arguments: str, **variables: str) -> Done:
        """Run a pulumi command of the test's own against this home."""
        environment = {**os.environ, **shell_environment(self.home), **variables}
        done = subprocess.run(
            [str(self.home.bin / "pulumi"), *arguments, "--non-interactive"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAKE_SECONDS,
            check=False,
        )
        return Done(done.returncode, done.stdout)

    def environment(self, **variables: str) -> dict[str, str]:
        """Return the caller's environment with this home."""
        return {**os.environ, "MIZAN_HOME": str(self.home.root), **variables}

    def processes(self) -> list[psutil.Process]:
        """Return every living process that names or is marked as this home's, but the test itself."""
        return [process for process in psutil.process_iter() if process.pid != os.getpid() and self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        ((variable, mark),) = processes.marking(self.home, "").items()
        try:
            is_marked = process.environ().get(variable, "").startswith(mark)
        except psutil.Error:
            is_marked = False
        try:
            return is_marked or str(self.home.root) in " ".join(process.cmdline())
        except psutil.Error:
            return is_marked

    def rows(self) -> dict[str, ProcessStatus]:
        """Return the control plane's processes by name."""
        return {row.name: row for row in look(self.home)}

    def snapshot(self) -> Snapshot:
        """Return what the cluster holds."""
        return fetch(self.home.kubeconfig)


def program(name: str, folder: Path) -> Path:
    """Return a folder with somebody else's program, a copy of tests/e2e/programs/<name>.py, run by our Python."""
    options = {"toolchain": "pip", "virtualenv": sys.prefix}
    files.write(
        folder / "Pulumi.yaml", files.to_yaml({"name": name, "runtime": {"name": "python", "options": options}})
    )
    shutil.copy(PROGRAMS / f"{name}.py", folder / "__main__.py")
    return folder


def interrupt(process: "subprocess.Popen[bytes]") -> int:
    """Press Ctrl-C and return the exit status."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=60)


def wait_until(what: Callable[[], object], *, seconds: float, told: str) -> None:
    """Return once `what` is true; fail with `told` after `seconds`."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {told}"
        time.sleep(POLL_SECONDS)
