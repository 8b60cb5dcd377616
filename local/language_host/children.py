"""The processes this host starts: each in a session of its own, streamed, and ended with the host.

A session of its own keeps the engine's signals away: the engine interrupts the host's whole process group at every
stop, and a policy pack in that group would print a KeyboardInterrupt traceback into the user's update.
"""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

CANCEL_GRACE_SECONDS = 5.0
"""How long an interrupted program may clean up before it is killed; source: WaitDelay in Run of Pulumi 3.259's host."""
_START_SECONDS = 2.0

# The other side of that session: nothing ends it when this host is killed outright. This shell does, since the end of
# the host closes its input: it reads "+ SESSION" and "- SESSION" and in the end kills what is left.
_GUARD = """
while read -r sign session; do
  case $sign in
    +) live="$live $session" ;;
    -) rest=; for one in $live; do [ "$one" = "$session" ] || rest="$rest $one"; done; live=$rest ;;
  esac
done
for one in $live; do kill -s KILL -- "-$one"; done
"""

Chunk = tuple[str, bytes]
"""What a process wrote: `("stdout" or "stderr", bytes)`."""
_Process = subprocess.Popen[bytes]


class HostIsEnding(Exception):
    """Nothing may be started any more."""


class Children:
    """Every process this host started and has not yet seen the end of."""

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[_Process] = set()
        self._interrupted: set[_Process] = set()
        self._guard: _Process | None = None
        self._is_ending = False
        # Held while a process starts and while one is reaped: whoever signals under it misses no process that has
        # just started and meets no process id that the system has given to somebody else since.
        self._lock = threading.Lock()

    def start(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], is_streamed: bool = False
    ) -> _Process:
        """Return the started process; unless it is streamed it writes where this host writes.

        Raises:
            HostIsEnding: `kill_all` was called.
            OSError: the command could not be run.
        """
        output = subprocess.PIPE if is_streamed else None
        with self._lock:
            if self._is_ending:
                raise HostIsEnding
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            self._running.add(process)
            self._tell_guard(f"+ {process.pid}\n")
        return process

    def wait(self, process: _Process) -> int:
        """Return the exit code (negative for a signal) once it has ended, and end what it left running.

        There is no time limit: how long an update takes is the user's affair. `interrupt` and `kill` end the wait.
        """
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            _signal_session(process, signal.SIGKILL)
            self._running.discard(process)
            self._tell_guard(f"- {process.pid}\n")
            return process.wait()

    def stream(self, process: _Process) -> Iterator[Chunk | int]:
        """Yield what it writes as it is written, and its exit code last."""
        queue: SimpleQueue[Chunk | int | None] = SimpleQueue()
        pipes = {"stdout": process.stdout, "stderr": process.stderr}
        for name, pipe in pipes.items():
            threading.Thread(target=_pump, args=(name, pipe, queue), daemon=True).start()
        threading.Thread(target=lambda: queue.put(self.wait(process)), daemon=True).start()
        code, open_pipes = None, len(pipes)
        while code is None or open_pipes:
            item = queue.get()
            if item is None:
                open_pipes -= 1
            elif isinstance(item, int):
                code = item
            else:
                yield item
        yield code

    def interrupt(self, process: _Process) -> None:
        """Interrupt it as Ctrl-C would, and kill it when it has not ended after CANCEL_GRACE_SECONDS."""
        with self._lock:
            if process not in self._running:
                return
            self._interrupted.add(process)
            _signal_session(process, signal.SIGINT)
        timer = threading.Timer(CANCEL_GRACE_SECONDS, self.kill, [process])
        timer.daemon = True
        timer.start()

    def was_interrupted(self, process: _Process) -> bool:
        """Return whether `interrupt` reached it while it ran."""
        return process in self._interrupted

    def kill(self, process: _Process) -> None:
        """End it and everything in its session at once; nothing happens when it has ended."""
        with self._lock:
            if process in self._running:
                _signal_session(process, signal.SIGKILL)

    def kill_all(self) -> None:
        """End every process at once and start none any more."""
        self._is_ending = True
        is_locked = self._lock.acquire(timeout=_START_SECONDS)
        try:
            for process in list(self._running):
                _signal_session(process, signal.SIGKILL)
            if self._guard is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._guard.communicate(timeout=_START_SECONDS)
        finally:
            if is_locked:
                self._lock.release()

    def _tell_guard(self, line: str) -> None:
        if self._is_ending:
            return
        if self._guard is None:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        if self._guard.stdin is not None:
            with suppress(BrokenPipeError):
                os.write(self._guard.stdin.fileno(), line.encode())


def _signal_session(process: _Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _pump(name: str, pipe: IO[bytes] | None, queue: "SimpleQueue[Chunk | int | None]") -> None:
    if pipe is not None:
        with pipe:
            while chunk := os.read(pipe.fileno(), 65536):
                queue.put((name, chunk))
    queue.put(None)
