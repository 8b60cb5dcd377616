"""Files of one platform: written whole or not at all, readable by their owner only, untouched when unchanged."""

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML

from mizan.errors import PlatformError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_FIX = "Give its folder back to your own user, or set MIZAN_HOME to a folder on a disk that you may write"


def refusal(where: Path | str, error: OSError, *, because: str, fix: str = _FIX) -> PlatformError:
    """Return what a person is told when the system refuses to write `where`.

    Args:
        where: the file or folder that was to be written.
        error: how the system refused.
        because: why it must be written, without the word "because".
        fix: what to do unless the disk is full, which has a remedy of its own.
    """
    seen = error.strerror or str(error)
    # Often it is not the file itself but something on the way to it.
    named = "" if error.filename is None or str(error.filename) in str(where) else f", {error.filename}"
    is_full = error.errno in _FULL
    return PlatformError(
        str(where),
        f"cannot be written ({seen}{named})",
        needs="free space on its disk" if is_full else "a place that you may write",
        because=because,
        fix="Free disk space and run the same command again" if is_full else fix,
    )


@contextmanager
def writing(where: Path | str, *, because: str, fix: str = _FIX) -> Iterator[None]:
    """Make every OSError of the block the `refusal` to write `where`."""
    try:
        yield
    except OSError as error:
        raise refusal(where, error, because=because, fix=fix) from error


def write(path: Path, content: str | bytes) -> bool:
    """Return whether `path` had to change to hold `content`; its mode is 0600.

    The file is replaced in one step, so that a process reading it meanwhile sees the old or the new content.

    Raises:
        PlatformError: the system refuses; what was there before is still there.
    """
    with writing(path, because="the platform cannot go on without this file"):
        return _write(path, content.encode() if isinstance(content, str) else content)


def _write(path: Path, data: bytes) -> bool:
    if path.is_file() and path.read_bytes() == data:
        path.chmod(0o600)
        return False
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return True


def to_yaml(document: object) -> str:
    """Return `document`, made of plain values, as YAML in the order given."""
    text = StringIO()
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.width = 4096
    yaml.dump(document, text)
    return text.getvalue()


def digest(parts: Iterable[str | bytes]) -> str:
    """Return a hash of `parts` in their order; moving a character from one part to the next changes it."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part.encode() if isinstance(part, str) else part).digest())
    return total.hexdigest()
