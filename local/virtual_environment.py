"""The virtual environment of this checkout, filled once however many commands ask for it at a time.

The Makefile runs this file with whatever Python the machine has, before anything is installed: standard library only.
"""

import fcntl
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

STAMP = ".venv/.installed"
PYTHON = ".venv/bin/python"

# The Makefile names the same ones: an environment older than any of these is filled again.
SOURCES = ("requirements.txt", "pyproject.toml", PYTHON)

PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
PROBE_SECONDS = 60
STEP_SECONDS = 1800
LOCK_SECONDS = 3600.0
POLL_SECONDS = 0.2


def ensure(project: Path, install: Callable[[Path], None], say: Callable[[str], None] | None = None) -> None:
    """Return once the project's .venv holds what requirements.txt locks; one command at a time installs.

    Raises:
        SystemExit: a step failed, or another command has held the environment for an hour.
    """
    say = say or _tell
    with _alone(project, say):
        # Another command may have installed while this one waited.
        if not is_current(project):
            say("Installing Python packages into .venv (about half a minute)")
            install(project)
            (project / STAMP).touch()


def _tell(text: str) -> None:
    """Print to standard error: standard output of `make env` is evaluated by a shell."""
    sys.stderr.write(f"{text}\n")


def is_current(project: Path) -> bool:
    """Return whether nothing has changed since the last complete install; a link to a Python that is gone has."""
    try:
        installed = (project / STAMP).stat().st_mtime_ns
        return all((project / source).stat().st_mtime_ns <= installed for source in SOURCES)
    except FileNotFoundError:
        return False


def steps(project: Path) -> list[list[str]]:
    """Return the commands that fill .venv; an environment whose Python does not run is made anew."""
    python = str(project / PYTHON)
    new = [] if _runs(python) else [[sys.executable, "-m", "venv", "--clear", str(project / ".venv")]]
    return [
        *new,
        [python, *PIP, "--no-compile", "--require-hashes", "-r", "requirements.txt"],
        [python, *PIP, "--no-build-isolation", "--no-deps", "-e", "."],
    ]


def run_steps(project: Path) -> None:
    """Run every step, its output going to ours.

    Raises:
        SystemExit: one failed.
    """
    for command in steps(project):
        status = subprocess.run(command, cwd=project, timeout=STEP_SECONDS, check=False).returncode
        if status != 0:
            sys.exit(
                f"{' '.join(command)}: exit {status}; needs exit 0 because every command runs from .venv. "
                "Mend what is shown above and run the same command again: it goes on from there."
            )


def _runs(python: str) -> bool:
    """Return whether the environment's Python starts and finds its pip; after an upgrade of Python it does neither."""
    try:
        probe = subprocess.run([python, "-c", "import pip"], capture_output=True, timeout=PROBE_SECONDS, check=False)
    except OSError:
        return False
    return probe.returncode == 0


@contextmanager
def _alone(project: Path, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the project's folder itself: a lock inside .venv would go away with it. The kernel frees a dead holder's."""
    descriptor = os.open(project, os.O_RDONLY | os.O_CLOEXEC)
    try:
        _lock(descriptor, project, say)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, project: Path, say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    is_told = False
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                sys.exit(
                    f"{project / '.venv'}: still being filled by another command; needs to be free within "
                    f"{LOCK_SECONDS:.0f} s because two installs would overwrite each other's files. "
                    "End that command, then run this one again."
                )
            if not is_told:
                say("Waiting: another command installs Python packages into .venv")
            is_told = True
            time.sleep(POLL_SECONDS)
        else:
            return


if __name__ == "__main__":
    try:
        ensure(Path.cwd(), run_steps)
    except KeyboardInterrupt:
        sys.exit(130)
