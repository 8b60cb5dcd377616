"""One `go build`, or download: run in its own process group, followed through its log, ended with all it started.

What it raises:

    PlatformError
    ├── BuildFailed            Go could not build it
    ├── ChecksumMismatch       a module is not the one that go.sum or the checksum database knows
    └── SourceUnreachable
        └── ModulesUnreachable the network failed twice
"""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import BinaryIO, NoReturn

from local.toolchain.go import Go
from local.toolchain.specs import Tool
from mizan.errors import PlatformError, SourceUnreachable

_BUILD_TIMEOUT_SECONDS = 2 * 3600.0
_END_SECONDS = 5.0
_POLL_SECONDS = 0.5
_SHOWN_LINES = 15

_CHECKSUM_FAULT = re.compile(r"checksum mismatch|SECURITY ERROR")
_NETWORK_FAULT = re.compile(
    r"i/o timeout|TLS handshake timeout|Client\.Timeout|timeout awaiting|context deadline exceeded"
    r"|connection (?:timed out|reset|refused)|unexpected EOF|no such host|network is unreachable"
)
_DISK_FAULT = "no space left on device"

OnActivity = Callable[[str], None]


@dataclass(frozen=True)
class Order:
    """What to build, from where, to where."""

    tool: Tool
    family: Path
    executable: Path
    log: Path
    environment: Mapping[str, str]


class BuildFailed(PlatformError):
    """Go could not build a tool; the text ends with the last lines of its log."""

    def __init__(self, order: Order, observed: str, output: str) -> None:
        """Explain `observed` with the last lines of `output`."""
        is_disk_full = _DISK_FAULT in output
        super().__init__(
            order.tool.name,
            "the disk filled up while it was built" if is_disk_full else observed,
            needs="a build without errors",
            because="it is neither on PATH nor in the cache",
            fix=("Free disk space" if is_disk_full else "Mend what the last lines name")
            + " and run the same command again: finished tools are kept and Go goes on where it stopped",
            see=str(order.log),
        )
        lines = output.strip().splitlines()[-_SHOWN_LINES:]
        self.args = ("\n  ".join([str(self), "Last lines of the log:", *lines]),)


class ChecksumMismatch(PlatformError):
    """A downloaded module is not the one that was pinned."""

    def __init__(self, order: Order, output: str) -> None:
        """Name the module that `output` complains about."""
        line = next(line.strip() for line in output.splitlines() if _CHECKSUM_FAULT.search(line))
        super().__init__(
            order.tool.name,
            line,
            needs="the very modules that go.sum pins",
            because="a changed module may run anything on this machine; nothing was built from it",
            fix="Do not build on. Find out which proxy or mirror GOPROXY names and who changed the module; "
            "`go clean -modcache` removes a damaged download",
            see=str(order.log),
        )


class ModulesUnreachable(SourceUnreachable):
    """Modules could not be downloaded."""

    def __init__(self, order: Order, output: str) -> None:
        """Quote the line of `output` that tells of the network."""
        line = next(line.strip() for line in output.splitlines() if _NETWORK_FAULT.search(line))
        super().__init__(
            order.tool.name,
            f"modules could not be downloaded, twice: {line}",
            needs="a Go module proxy that answers",
            because="the tool is built from its modules",
            fix="Check the network and `go env GOPROXY`, then run the same command again: what was downloaded is kept",
            see=str(order.log),
        )


def build(go: Go, order: Order, on_activity: OnActivity) -> None:
    """Build the executable; a network failure is tried once more, nothing else is.

    Raises:
        PlatformError: one of this module's errors.
    """
    order.log.write_bytes(b"")
    status, output = _attempt(go, order, on_activity)
    if status != 0 and is_network_failure(output):
        on_activity("the network failed, trying once more")
        status, output = _attempt(go, order, on_activity)
    if status != 0:
        raise explain(order, status, output)


def is_network_failure(output: str) -> bool:
    """Return whether another attempt may help."""
    return _NETWORK_FAULT.search(output) is not None and _CHECKSUM_FAULT.search(output) is None


def explain(order: Order, status: int, output: str) -> PlatformError:
    """Return the error for a build that ended with `status` after printing `output`."""
    if _CHECKSUM_FAULT.search(output):
        return ChecksumMismatch(order, output)
    if is_network_failure(output):
        return ModulesUnreachable(order, output)
    work = "go build" if order.tool.package else "go mod download"
    return BuildFailed(order, f"`{work}` ended with status {status}", output)


def activity(line: str) -> str | None:
    """Return what a line of `go build -v` says Go does now, or None where it says nothing of the kind."""
    if download := re.fullmatch(r"go: downloading (\S+ \S+)", line):
        return f"downloading {download[1]}"
    return f"compiling {line}" if re.fullmatch(r"[\w.~-]+(/[\w.~-]+)*", line) else None


@contextmanager
def signals_unwind() -> Iterator[None]:
    """Make SIGTERM and a closed terminal end the program through its `finally` blocks, with exit status 128 + signal.

    Only in the main thread, which alone may set handlers, and only for a signal that nobody else handles.
    """
    is_main_thread = threading.current_thread() is threading.main_thread()
    taken = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if is_main_thread and signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in taken:
        signal.signal(number, _exit)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _exit(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def _attempt(go: Go, order: Order, on_activity: OnActivity) -> tuple[int, str]:
    """Return the exit status and the output of one run of Go."""
    status, text = run_logged(_command(go, order), order.family, order.environment, order.log, on_activity)
    if status is None:
        raise BuildFailed(order, f"not built within {_BUILD_TIMEOUT_SECONDS / 3600:.0f} h", text)
    return status, text


def run_logged(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path, on_activity: OnActivity
) -> tuple[int | None, str]:
    """Return a command's exit status, None where it took too long, and its output, which also lands in the log.

    What it started ends with it, and with whatever ends this program.
    """
    with log.open("ab") as sink, log.open("rb") as output:
        start = output.seek(0, os.SEEK_END)
        # Its own session: Ctrl-C reaches this program alone, which then ends the whole group in order.
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = _follow(process, output, on_activity)
        finally:
            _end_group(process)
        output.seek(start)
        return status, output.read().decode(errors="replace")


def _command(go: Go, order: Order) -> list[str]:
    """Return what builds the tool, or what fetches the modules that its files are in."""
    tool = order.tool
    if tool.package is None:
        return [go.executable, "mod", "download", *sorted({asset.module for asset in tool.assets})]
    tags = [f"-tags={','.join(tool.tags)}"] if tool.tags else []
    return [go.executable, "build", "-v", f"-ldflags={tool.ldflags}", "-o", str(order.executable), *tags, tool.package]


def _follow(process: subprocess.Popen[bytes], output: BinaryIO, on_activity: OnActivity) -> int | None:
    """Report what `process` does until it ends; return its status, or None when it takes too long."""
    deadline = time.monotonic() + _BUILD_TIMEOUT_SECONDS
    now = "starting"
    while time.monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(_POLL_SECONDS)
        told = [activity(line.strip()) for line in output.read().decode(errors="replace").splitlines()]
        now = next((text for text in reversed(told) if text), now)
        on_activity(now)
    return None


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything that it started, if they still run."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        with suppress(subprocess.TimeoutExpired):
            process.wait(_END_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait(_END_SECONDS)
