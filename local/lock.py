"""One process at a time: a file lock that says who holds it."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from local.progress import Reporter
from mizan.errors import PlatformError

_POLL_SECONDS = 0.2
_CREATE_TIME_TOLERANCE_SECONDS = 1.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock, as written into its file.

    Attributes:
        pid: the process.
        created: its start, unix seconds; tells it from a later process with the same pid.
        purpose: what it does, such as "building tools".
        since: when it took the lock, ISO 8601 with offset.
    """

    pid: int
    created: float
    purpose: str
    since: str

    def __str__(self) -> str:
        """Return the holder for the end of a sentence."""
        clock = datetime.fromisoformat(self.since).astimezone().strftime("%H:%M:%S")
        return f"process {self.pid} ({self.purpose}) since {clock}"


@contextmanager
def exclusive(path: Path, *, purpose: str, reporter: Reporter, timeout_seconds: float) -> Iterator[None]:
    """Hold the lock `path` while the block runs; say who holds it while waiting.

    The kernel frees the lock when its process ends, however it ends. The file may belong to another user and stays
    behind: removing it would let two processes hold two files of one name.

    Raises:
        PlatformError: the lock is still held after `timeout_seconds`, or its file cannot be opened.
    """
    descriptor = _acquire(path, reporter, timeout_seconds)
    try:
        _record(descriptor, purpose)
        yield
    finally:
        _erase(descriptor)
        os.close(descriptor)


def holder(path: Path) -> Holder | None:
    """Return who wrote itself into the lock file and still lives, or None where nobody can be named."""
    try:
        found = Holder(**json.loads(path.read_text(encoding="utf-8")))
        alive = abs(psutil.Process(found.pid).create_time() - found.created) < _CREATE_TIME_TOLERANCE_SECONDS
    except (OSError, ValueError, TypeError, psutil.Error):
        return None
    return found if alive else None


def _acquire(path: Path, reporter: Reporter, timeout_seconds: float) -> int:
    deadline = time.monotonic() + timeout_seconds
    told = ""
    while True:
        descriptor = _open(path)
        if _try_lock(descriptor) and _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)
        who = str(holder(path) or "another process, perhaps of another user")
        if time.monotonic() >= deadline:
            raise _still_held(path, who, timeout_seconds)
        if who != told:
            reporter.say(f"Waiting: {path} is held by {who}")
            told = who
        time.sleep(_POLL_SECONDS)


def _open(path: Path) -> int:
    """Return a descriptor of the lock file, made if missing.

    Without O_CREAT for a file that exists: Linux refuses it for another user's file in a sticky folder such as /tmp
    (fs.protected_regular). Reading suffices for a lock; writing only adds the holder's name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    ways = (os.O_RDWR, os.O_RDONLY, os.O_RDWR | os.O_CREAT | os.O_EXCL, os.O_RDONLY)
    fault: OSError | None = None
    for way in ways:
        try:
            descriptor = os.open(path, way | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        except OSError as error:
            fault = error
            continue
        if way & os.O_CREAT:
            os.fchmod(descriptor, 0o644)
        return descriptor
    raise PlatformError(
        str(path),
        f"cannot be opened ({fault.strerror if fault else 'unknown'})",
        needs="a lock file that everybody may read",
        because="it keeps two runs from doing the same work at once",
        fix="Remove it, or have its owner run `chmod 644` on it",
    ) from fault


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, descriptor: int) -> bool:
    """Return whether the locked file is the one at `path`: somebody may have removed it in between."""
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _record(descriptor: int, purpose: str) -> None:
    me = psutil.Process()
    since = datetime.now(UTC).isoformat(timespec="seconds")
    text = json.dumps(asdict(Holder(me.pid, me.create_time(), purpose, since)))
    _erase(descriptor)
    with suppress(OSError):
        os.pwrite(descriptor, text.encode(), 0)


def _erase(descriptor: int) -> None:
    with suppress(OSError):
        os.ftruncate(descriptor, 0)


def _still_held(path: Path, who: str, timeout_seconds: float) -> PlatformError:
    return PlatformError(
        str(path),
        f"held by {who}",
        needs=f"the lock to be free within {timeout_seconds:.0f} s",
        because="two runs at once would overwrite each other's files",
        fix="Wait for that process or end it, then run the same command again",
    )
