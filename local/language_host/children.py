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
END_GRACE_SECONDS = 3.0
"""The same when the host itself must end, which the engine waits 5 s for; source: ExecPlugin of Pulumi 3.259."""
_GUARD_SECONDS = 1.0

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
    """Every process this host started and has not yet seen the end of.

    Programs write where the host writes and may clean up when they are stopped; plugins are streamed and have nothing
    to clean up.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._running: set[_Process] = set()
        self._plugins: set[_Process] = set()
        self._interrupted: set[_Process] = set()
        self._guard: _Process | None = None
        self._is_ending = False
        # Held while a process starts and while one is reaped: whoever signals under it misses no process that has
        # just started and meets no process id that the system has given to somebody else since.
        self._changes = threading.Condition()

    def start(
        self, command: Sequence[str], *, folder: Path, environment: Mapping[str, str], is_plugin: bool = False
    ) -> _Process:
        """Return the started process, whose end somebody must `wait` for or `stream` to.

        Raises:
            HostIsEnding: `end` was called.
            OSError: the command could not be run.
        """
        output = subprocess.PIPE if is_plugin else None
        with self._changes:
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
            if is_plugin:
                self._plugins.add(process)
            self._tell_guard(f"+ {process.pid}\n")
        return process

    def wait(self, process: _Process) -> int:
        """Return the exit code (negative for a signal) once it has ended, and end what it left running.

        There is no time limit: how long an update takes is the user's affair. `interrupt` and `kill` end the wait.
        """
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        with self._changes:
            _signal_session(process, signal.SIGKILL)
            self._running.discard(process)
            self._tell_guard(f"- {process.pid}\n")
            self._changes.notify_all()
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
        with self._changes:
            if not self._interrupt(process):
                return
        timer = threading.Timer(CANCEL_GRACE_SECONDS, self.kill, [process])
        timer.daemon = True
        timer.start()

    def interrupt_programs(self) -> None:
        """Interrupt every program."""
        with self._changes:
            programs = self._running - self._plugins
        for program in programs:
            self.interrupt(program)

    def was_interrupted(self, process: _Process) -> bool:
        """Return whether it was interrupted while it ran."""
        return process in self._interrupted

    def kill(self, process: _Process) -> None:
        """End it and everything in its session at once; nothing happens when it has ended."""
        with self._changes:
            if process in self._running:
                _signal_session(process, signal.SIGKILL)

    def end(self) -> None:
        """End everything, plugins at once and programs within END_GRACE_SECONDS, and start nothing any more."""
        with self._changes:
            self._is_ending = True
            for process in self._running & self._plugins:
                _signal_session(process, signal.SIGKILL)
            for process in self._running - self._plugins:
                self._interrupt(process)
            self._changes.wait_for(lambda: self._running <= self._plugins, END_GRACE_SECONDS)
            for process in self._running:
                _signal_session(process, signal.SIGKILL)
            if self._guard is not None:
                with suppress(subprocess.TimeoutExpired):
                    self._guard.communicate(timeout=_GUARD_SECONDS)

    def _interrupt(self, process: _Process) -> bool:
        """Interrupt it once: a second time would break off what it does about the first."""
        if process not in self._running or process in self._interrupted:
            return False
        self._interrupted.add(process)
        _signal_session(process, signal.SIGINT)
        return True

    def _tell_guard(self, line: str) -> None:
        if self._guard is None:
            self._guard = subprocess.Popen(
                ["/bin/sh", "-c", _GUARD],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        if self._guard.stdin is not None:
            with suppress(BrokenPipeError, ValueError):  # the guard has ended, or been told to
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
