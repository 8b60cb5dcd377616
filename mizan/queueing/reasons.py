"""Kueue's messages as a person says them; what is not understood stays as Kueue wrote it.

Source of every message: kubernetes-sigs/kueue@v0.19.2 pkg/scheduler/flavorassigner/flavorassigner.go,
pkg/scheduler/scheduler.go, pkg/scheduler/preemption/preemption.go and apis/kueue/v1beta2/workload_types.go.
"""

import re
from collections.abc import Callable

from mizan import keys
from mizan.queueing.words import short

Replacement = str | Callable[[re.Match[str]], str]


def _more(found: re.Match[str]) -> str:
    resource, flavor, units = found.groups()
    return f"needs {units} more{'' if resource == keys.NVIDIA_GPU else f' {short(resource)}'} in {flavor}"


def _never(found: re.Match[str]) -> str:
    resource, flavor, most = found.groups()
    counted = "" if resource == keys.NVIDIA_GPU else f" x {short(resource)}"
    return f"never fits {flavor}, which can give it {most}{counted} at most"


_POD_SET = re.compile(r"couldn't assign flavors to pod set (\S+): ")
_READABLE: tuple[tuple[re.Pattern[str], Replacement], ...] = (
    (re.compile(r"insufficient unused quota for (\S+) in flavor (\S+), (\S+) more needed"), _more),
    (
        re.compile(
            r"insufficient quota for (\S+) in flavor (\S+), previously considered podsets requests \(\S+\) "
            r"\+ current podset request \(\S+\) > maximum capacity \((\S+)\)"
        ),
        _never,
    ),
    (re.compile(r"untolerated taint \{(\S+) .*?\} in flavor ([^\s,;]+)"), r"does not tolerate \1 of \2"),
    (re.compile(r"flavor (\S+) doesn't match node affinity"), r"its node selector excludes \1"),
    (re.compile(r"\. Pending the preemption of (\d+) workload\(s\)"), r"; waits for \1 preempted to end"),
)
_NEEDS_AGAIN = re.compile(r"(more (?:\S+ )?in [^\s,]+), needs ")
_PREEMPTOR = re.compile(r"\(UID: (\S+), JobUID: (\S+)\) due to (.+?); preemptor path: (\S+?);")

EVICTIONS = {
    "AdmissionCheck": "an admission check asked for it",
    "ClusterQueueStopped": "its queue was stopped",
    "LocalQueueStopped": "its local queue was stopped",
    "NodeFailures": "its nodes failed",
    "PodsReadyTimeout": "its pods were not ready in time",
    "Preempted": "preempted",
}


def readable(message: str) -> str:
    """Return why quota was not given, on one line: what is missing where."""
    text = " ".join(message.split())
    for pattern, replacement in _READABLE:
        text = pattern.sub(replacement, text)
    text = _NEEDS_AGAIN.sub(r"\1, ", text)
    return _POD_SET.sub("" if len(_POD_SET.findall(text)) == 1 else r"\1: ", text)


def preemptor(message: str) -> tuple[str, str, str, str] | None:
    """Return the preempting workload's UID, its job's, the reason and its queue, None where nobody preempted."""
    match = _PREEMPTOR.search(message)
    if match is None:
        return None
    uid, job_uid, reason, path = match.groups()
    return uid, job_uid, reason, path.rpartition("/")[2]
