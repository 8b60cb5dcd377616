"""Background processes: started so that they outlive their caller, found again by pid file, ended for certain."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import psutil

from local import files
from local.home import Home
from mizan.errors import PlatformError

LOG_LIMIT_BYTES = 10_000_000
LAST_LINES = 12
_TAIL_BYTES = 65_536
# The most that Linux can be told to allow. Source: proc(5), /proc/sys/kernel/pid_max.
_HIGHEST_PID = 2**22

# Set in the environment of every process started here, which the kernel shows to its own user alone. It tells a process
# from a later one with the same pid more surely than a start time, which moves when the clock is set, and tells whose
# a process is that has lost its pid file.
_MARKER = "MIZAN_PROCESS_OF"
_KILL_WAIT_SECONDS = 10.0

# Kept so that an ended child is reaped and does not stay behind as a zombie.
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}
_EXIT_CODES: dict[int, int] = {}
# Of those children: for a moment after its start the kernel shows a process without an environment.
_MARKS: dict[int, str] = {}


@dataclass(frozen=True)
class Command:
    """What a process runs.

    Attributes:
        name: the process, as in its log and pid file.
        arguments: executable and arguments.
        environment: variables beside PATH, HOME and TMPDIR; nothing else is inherited.
        inputs: files read once at its start; it must start anew when one changes.
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[Path, ...] = ()

    def fingerprint(self) -> str:
        """Return a hash of all that decides how the process behaves."""
        executable = Path(self.arguments[0]).stat()
        variables = [f"{name}={value}" for name, value in sorted(self.environment.items())]
        contents = [path.read_bytes() for path in self.inputs]
        return files.digest([*self.arguments, *variables, f"{executable.st_size} {executable.st_mtime_ns}", *contents])


@dataclass(frozen=True)
class Record:
    """The pid file of a process.

    Attributes:
        pid: the process.
        fingerprint: what it was started from.
        log_offset: where its lines begin in its log, bytes.
    """

    pid: int
    fingerprint: str
    log_offset: int = 0


def log_file(home: Home, name: str) -> Path:
    """Return the log of process `name`."""
    return home.logs / f"{name}.log"


def record(home: Home, name: str) -> Record | None:
    """Return what the pid file says, or None where there is none that can be read."""
    try:
        held = Record(**json.loads(_pid_file(home, name).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return held if _is_sound(held) else None


def find(home: Home, name: str) -> psutil.Process | None:
    """Return the living process `name` of `home`, or None; a stranger that now has its pid is not taken for it."""
    held = record(home, name)
    if held is None:
        return None
    try:
        process = psutil.Process(held.pid)
        is_ours = is_alive(process) and _mark_of(process) == _mark(home, name)
    except psutil.Error:
        return None
    return process if is_ours else None


def is_alive(process: psutil.Process) -> bool:
    """Return whether `process` still runs; an ended child of ours is reaped on the way."""
    child = _CHILDREN.get(process.pid)
    if child is not None:
        # Asked instead of the process table, where one that is killed shows as a zombie before its last thread is gone.
        if child.poll() is None:
            return True
        _EXIT_CODES[process.pid] = child.returncode
        del _CHILDREN[process.pid], _MARKS[process.pid]
        return False
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def start(home: Home, command: Command) -> psutil.Process:
    """Return the new process, in a session of its own, with its log appended to and its pid file written.

    Raises:
        PlatformError: its log or its pid file cannot be written, or the executable cannot be run.
    """
    child, offset = _run(home, command)
    _CHILDREN[child.pid], _MARKS[child.pid] = child, _mark(home, command.name)
    try:
        process = psutil.Process(child.pid)
        held = Record(child.pid, command.fingerprint(), offset)
        files.write(_pid_file(home, command.name), json.dumps(asdict(held)) + "\n")
    except BaseException:
        child.kill()
        child.wait(_KILL_WAIT_SECONDS)
        del _CHILDREN[child.pid], _MARKS[child.pid]
        raise
    return process


def _run(home: Home, command: Command) -> tuple[subprocess.Popen[bytes], int]:
    """Return the new process, and where its lines begin in its log."""
    log = log_file(home, command.name)
    with files.writing(log, because="it tells why a process ends"):
        _rotate(log)
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR") if name in os.environ}
    try:
        offset = os.fstat(descriptor).st_size
        child = subprocess.Popen(
            command.arguments,
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=home.root,
            env={**inherited, **command.environment, **marking(home, command.name)},
            start_new_session=True,
            umask=0o077,
        )
    except OSError as error:
        raise PlatformError(
            command.arguments[0],
            f"cannot be run ({error.strerror})",
            needs="an executable for this machine",
            because=f"it is {command.name} of the control plane",
            fix="Mend what the system says; a tool of the cache that is removed is built anew by `make up`",
        ) from error
    finally:
        os.close(descriptor)
    return child, offset


def end(processes: Iterable[psutil.Process], *, grace_seconds: float) -> None:
    """Return once all `processes` are gone: asked to end, and killed after `grace_seconds`.

    Raises:
        PlatformError: one of them outlived even that.
    """
    waiting = list(processes)
    for process in waiting:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    waiting = _wait(waiting, grace_seconds)
    for process in waiting:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    waiting = _wait(waiting, _KILL_WAIT_SECONDS)
    if waiting:
        pids = ", ".join(str(process.pid) for process in waiting)
        raise PlatformError(
            f"process {pids}",
            f"still there {_KILL_WAIT_SECONDS:.0f} s after SIGKILL",
            needs="to be gone",
            because="another start would share its data with it",
            fix="Look at it with `ps -o pid,stat,wchan,cmd -p PID`; a process in state D waits for its disk",
        )


def marking(home: Home, name: str) -> dict[str, str]:
    """Return the environment that marks a process, and all that it starts, as `name` of `home`."""
    return {_MARKER: _mark(home, name)}


def forget(home: Home, name: str) -> None:
    """Remove the pid file, so that the process counts as stopped on purpose."""
    file = _pid_file(home, name)
    with files.writing(file, because="it would pass for a process that was killed", fix="Remove it by hand"):
        file.unlink(missing_ok=True)


def orphans(home: Home, names: Collection[str]) -> list[psutil.Process]:
    """Return the living processes of `home` that no pid file knows, such as after somebody deleted those files."""
    known = {process.pid for name in names if (process := find(home, name))}
    marks = {_mark(home, name) for name in names}
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.pid not in known and is_alive(process) and _mark_of(process) in marks:
                found.append(process)
    return found


def ending(home: Home, name: str) -> str:
    """Return how the process that the pid file names ended, as far as it is known."""
    held = record(home, name)
    code = _EXIT_CODES.get(held.pid) if held else None
    if code is None:
        return "ended"
    return f"ended with exit code {code}" if code >= 0 else f"was ended by {signal.Signals(-code).name}"


def last_lines(home: Home, name: str, count: int = LAST_LINES) -> list[str]:
    """Return the last `count` lines that the latest start of process `name` wrote."""
    return [line for line in latest_text(home, name).splitlines() if line.strip()][-count:]


def latest_text(home: Home, name: str) -> str:
    """Return what the latest start of process `name` wrote, its last 64 KiB at most."""
    held = record(home, name)
    try:
        with log_file(home, name).open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            begin = min(held.log_offset, size) if held else 0
            log.seek(max(begin, size - _TAIL_BYTES))
            return log.read().decode(errors="replace")
    except OSError:
        return ""


def _is_sound(held: Record) -> bool:
    """Return whether `held` has the types that it claims, which JSON does not see to; a bool is no number here."""
    is_pid = type(held.pid) is int and 0 < held.pid <= _HIGHEST_PID
    return is_pid and type(held.fingerprint) is str and type(held.log_offset) is int and held.log_offset >= 0


def _wait(processes: list[psutil.Process], timeout_seconds: float) -> list[psutil.Process]:
    """Return those of `processes` that are still alive after at most `timeout_seconds`."""
    deadline = time.monotonic() + timeout_seconds
    while (alive := [process for process in processes if is_alive(process)]) and time.monotonic() < deadline:
        time.sleep(0.02)
    return alive


def _rotate(log: Path) -> None:
    with suppress(FileNotFoundError):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_name(log.name + ".1"))


def _pid_file(home: Home, name: str) -> Path:
    return home.pids / f"{name}.json"


def _mark(home: Home, name: str) -> str:
    return f"{home.root.resolve()}:{name}"


def _mark_of(process: psutil.Process) -> str | None:
    return _MARKS.get(process.pid) or process.environ().get(_MARKER)
