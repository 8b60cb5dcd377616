"""Faults that a simulated cloud is told to show: `create:gcp:container/nodePool:NodePool:gpu-spot=RESOURCE_EXHAUSTED`.

Before the `=`: an operation (create, update, delete, read, invoke, configure), a type, and the name that the program
gives the resource; `*` stands for anything in both. `configure` takes a package, `invoke` a function, neither a name.

After it, an effect:

    CODE            the cloud refuses with this code, as it would: nothing is made, or it is there and half finished
    CODE:nothing    nothing is made, whatever the code usually leaves
    CODE:half       it is there and half finished; the next update goes on with it
    slow:SECONDS    it takes that long
    throttled:N     the cloud says "too many requests" N times, and then does it
"""

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path

from local import files
from mizan.errors import PlatformError

VARIABLE = "MIZAN_REHEARSAL_FAULTS"
# Every refusal that was told says so.
MARK = "as it was told by --fault"
FILE = "faults.json"

OPERATIONS = ("create", "update", "delete", "read", "invoke", "configure")
_FORM = re.compile(rf"(?P<operation>{'|'.join(OPERATIONS)}):(?P<target>[^=\s]+)=(?P<effect>\S+)")
_EFFECT = re.compile(r"(?P<word>[A-Za-z][\w.]*)(?::(?P<more>[\w.]+))?")

# A cloud shows these after it has made the object: it has accepted the request and cannot carry it out.
# Sources: comment on GCE_STOCKOUT in terraform-provider-google-beta@93c65b2d resource_container_node_pool.go; health
# issues of https://docs.aws.amazon.com/eks/latest/APIReference/API_Issue.html, read 2026-11-22.
_HALFWAY = frozenset(
    {
        *("GCE_STOCKOUT", "ZONE_RESOURCE_POOL_EXHAUSTED", "NodeCreationFailure", "AsgInstanceLaunchFailures"),
        *("InsufficientFreeAddresses", "InstanceLimitExceeded"),
    }
)


class Leaves(StrEnum):
    """What a refused creation leaves behind."""

    NOTHING = "nothing"
    HALF = "half"


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One fault.

    Attributes:
        operation: what it strikes.
        target: `type:name` of the resource, a function or a package; `*` stands for anything.
        code: what the cloud answers; empty when it only takes its time.
        leaves: what a refused creation leaves behind.
        seconds: how long it takes.
        times: how often the cloud asks to try again.
    """

    operation: str
    target: str
    code: str = ""
    leaves: Leaves = Leaves.NOTHING
    seconds: float = 0.0
    times: int = 0

    def strikes(self, operation: str, target: str) -> bool:
        """Return whether it is meant for this operation on `type:name`."""
        return self.operation == operation and fnmatchcase(target, self.target)


def parse(text: str) -> Fault:
    """Return the fault that a text of the form above tells.

    Raises:
        PlatformError: it has another form.
    """
    form = _FORM.fullmatch(text)
    effect = _EFFECT.fullmatch(form["effect"]) if form else None
    if form is None or effect is None:
        raise _no_fault(text)
    try:
        return _with_effect(Fault(operation=form["operation"], target=form["target"]), effect["word"], effect["more"])
    except ValueError as error:
        raise _no_fault(text) from error


def write(folder: Path, texts: Iterable[str]) -> None:
    """Tell the simulated clouds of a stack these faults from now on, and no others.

    Raises:
        PlatformError: one has another form, or the file cannot be written.
    """
    listed = list(texts)
    for text in listed:
        parse(text)
    files.write(folder / FILE, json.dumps(listed, indent=2) + "\n")


def told(folder: Path, environment: Mapping[str, str] = os.environ) -> list[Fault]:
    """Return the faults of the stack's folder and of the variable MIZAN_REHEARSAL_FAULTS, which spaces separate.

    Raises:
        PlatformError: one has another form.
    """
    path = folder / FILE
    texts = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    return [parse(text) for text in [*texts, *environment.get(VARIABLE, "").split()]]


def _with_effect(fault: Fault, word: str, more: str | None) -> Fault:
    if word == "slow":
        return replace(fault, seconds=float(more or ""))
    if word == "throttled":
        return replace(fault, times=int(more or ""))
    usual = Leaves.HALF if word in _HALFWAY else Leaves.NOTHING
    return replace(fault, code=word, leaves=Leaves(more) if more else usual)


def _no_fault(text: str) -> PlatformError:
    return PlatformError(
        f"fault {text!r}",
        "of another form",
        needs="OPERATION:TYPE:NAME=EFFECT",
        because="the simulated clouds must know what to do, to which resource",
        fix="Write it like `create:gcp:container/nodePool:NodePool:gpu-spot=RESOURCE_EXHAUSTED`, `delete:*=slow:30` or "
        "`update:aws:eks/nodeGroup:NodeGroup:*=throttled:3`",
    )
