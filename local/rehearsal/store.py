"""What a simulated cloud holds: one JSON file per resource, so that a person can look and nothing is lost by a kill.

    <MIZAN_HOME>/rehearsal/<stack>/<package>/<Kind>/<name>-<digest>.json

Several providers of one cloud may be running, each a process; the kernel's lock on `lock` lets one at a time change it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from local import files
from local.rehearsal.values import Values

_DIGEST_LENGTH = 12


class Condition(StrEnum):
    """How a resource is there."""

    WHOLE = "whole"
    HALF = "half"  # made, and its making then failed
    KEPT = "kept"  # deleted as far as Pulumi knows, and still in the cloud
    FOREIGN = "foreign"  # there before the stack, such as a network that it is given


@dataclass(frozen=True, kw_only=True)
class Record:
    """One resource.

    Attributes:
        type: its type in Pulumi.
        id: its id; unique among its type.
        urn: Pulumi's name of it; empty for a foreign one.
        condition: how it is there.
        seed: what its made-up parts follow from.
        created: when, ISO 8601.
        inputs: as the program and the provider gave them.
        outputs: as Pulumi keeps them.
    """

    type: str
    id: str
    urn: str
    condition: Condition
    seed: str
    created: str
    inputs: Values
    outputs: Values

    @property
    def name(self) -> str:
        """Return the name it has in the program, or its id."""
        return self.urn.rpartition("::")[2] or self.id

    @property
    def facts(self) -> Values:
        """Return its outputs and its id."""
        return {**self.outputs, "id": self.id}


def state_folder(home: Path, stack: str) -> Path:
    """Return where the simulated clouds of a stack keep everything."""
    return home / "rehearsal" / stack


class Store:
    """The resources of one cloud in one stack."""

    def __init__(self, folder: Path, package: str) -> None:
        """Keep the place; nothing is made before the first resource is."""
        self.folder = folder / package
        self._lock = folder / "lock"

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Let nobody else change anything while the block runs, neither a thread nor another process."""
        with files.writing(self._lock, because="the simulated cloud keeps its resources beside it"):
            self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def records(self) -> list[Record]:
        """Return every resource there is."""
        return [_read(path) for path in sorted(self.folder.glob("*/*.json"))]

    def find(self, kind: str, identity: str) -> Record | None:
        """Return the resource of this type and id."""
        return next((record for record in self.records() if (record.type, record.id) == (kind, identity)), None)

    def put(self, record: Record) -> None:
        """Keep a resource as it is now, under the name that it has now.

        Raises:
            PlatformError: the file cannot be written.
        """
        path = self._path(record)
        files.write(path, json.dumps(asdict(record), indent=2) + "\n")
        for earlier in path.parent.glob(f"*-{_digest(record)}.json"):
            if earlier != path:
                earlier.unlink()

    def remove(self, record: Record) -> None:
        """Forget a resource."""
        self._path(record).unlink(missing_ok=True)

    def _path(self, record: Record) -> Path:
        safe = "".join(letter if letter.isalnum() else "-" for letter in record.name)[:60]
        return self.folder / record.type.rpartition(":")[2] / f"{safe}-{_digest(record)}.json"


def leftovers(folder: Path) -> list[Record]:
    """Return what the simulated clouds of a stack still hold and should not after `pulumi destroy`.

    What a cloud keeps for ever, and what was there before the stack, does not count.
    """
    stores = [Store(folder, path.name) for path in sorted(folder.iterdir()) if path.is_dir()] if folder.is_dir() else []
    remaining = {Condition.WHOLE, Condition.HALF}
    return [record for store in stores for record in store.records() if record.condition in remaining]


def in_condition(record: Record, condition: Condition) -> Record:
    """Return the resource in another condition."""
    return replace(record, condition=condition)


def _digest(record: Record) -> str:
    return files.digest([record.type, record.id])[:_DIGEST_LENGTH]


def _read(path: Path) -> Record:
    values = json.loads(path.read_text(encoding="utf-8"))
    return Record(**{**values, "condition": Condition(values["condition"])})
