"""Files of one platform: written whole or not at all, readable by their owner only, untouched when unchanged."""

import hashlib
import os
import tempfile
from collections.abc import Iterable
from io import StringIO
from pathlib import Path

from ruamel.yaml import YAML


def write(path: Path, content: str | bytes) -> bool:
    """Return whether `path` had to change to hold `content`; its mode is 0600.

    The file is replaced in one step, so that a process reading it meanwhile sees the old or the new content.
    """
    data = content.encode() if isinstance(content, str) else content
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
