"""GPUs that are broken, too hot or held back.

DCGM repeats a GPU's faults for each pod that shares it; each GPU is told once. An XID stays until the driver is loaded
anew or another one follows.
"""

from collections.abc import Iterator, Sequence

from mizan.metrics.alerts.watch import NUMBER, Severity, Watch
from mizan.metrics.pods import on_node
from mizan.metrics.rule import Alert

# Errors of programs, of which a GPU stays healthy: page faults, exceptions and the like.
# Source: NVIDIA/k8s-device-plugin@02597b9 internal/rm/health.go, getDisabledHealthCheckXids.
APPLICATION_XIDS = (13, 31, 43, 45, 68, 109)

# After them a GPU is to be reset or replaced before it is used again: 48 uncorrectable memory error, 64 row not
# remapped, 74 NVLink, 79 off the bus, 95 uncontained memory error, 119 and 120 its own processor, 121 link to the CPU,
# 140 memory that was not remapped in time. Not among them, though a reset is due once its jobs have ended: 63 and 94.
# Source: awsdocs/amazon-eks-user-guide@4d52b4d latest/ug/nodes/node-health.adoc, NVIDIA node health issues.
FATAL_XIDS = (48, 64, 74, 79, 95, 119, 120, 121, 140)

_GPU = "node, gpu, UUID"
_HEAT_MINUTES = 10
_NANOSECONDS = 1_000_000_000
_LEAST_HELD_BACK = 0.1
_WHERE = "GPU {{ $labels.gpu }} of node {{ $labels.node }}"


def health_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of faults, and of heat."""
    paid = f"The node costs {watch.node_price()} an hour."
    yield from _errors(watch, paid)
    yield from _memory(watch, paid)
    yield from _heat(watch, paid)


def _errors(watch: Watch, paid: str) -> Iterator[Alert]:
    xid = _worst(watch, "DEV_XID_ERRORS", "> 0")
    known = (*APPLICATION_XIDS, *FATAL_XIDS)
    yield watch.alert(
        "GpuFailed",
        f"{xid} unless ({_other_than(xid, FATAL_XIDS)})",
        Severity.CRITICAL,
        minutes=1,
        summary=f"{_WHERE} has failed with XID {NUMBER}. {paid}",
        description="Jobs on it fail or stand still, and are paid. Cordon the node, let its jobs start elsewhere from "
        "their checkpoints, and give the machine back.",
    )
    yield watch.alert(
        "GpuXid",
        _other_than(xid, known),
        Severity.WARNING,
        minutes=1,
        summary=f"{_WHERE} has told XID {NUMBER}. {paid}",
        description="It is none of those that programs cause. Look it up in NVIDIA's catalogue; mostly a reset is due "
        "once its jobs have ended.",
    )


def _memory(watch: Watch, paid: str) -> Iterator[Alert]:
    yield watch.alert(
        "GpuMemoryError",
        _worst(watch, "DEV_ECC_DBE_VOL_TOTAL", "> 0"),
        Severity.CRITICAL,
        minutes=1,
        summary=f"{_WHERE} has had {NUMBER} uncorrectable memory errors since its driver was loaded. {paid}",
        description="Each ends the jobs that use it, or falsifies them. Cordon the node, let its jobs end, and reset "
        "the GPU; where they come back, give the machine back.",
    )
    yield watch.alert(
        "GpuRemapFailed",
        _worst(watch, "DEV_ROW_REMAP_FAILURE", "> 0"),
        Severity.CRITICAL,
        minutes=1,
        summary=f"{_WHERE} has a broken row of memory and no spare one. {paid}",
        description="A reset does not help. Cordon the node, let its jobs end, and give the machine back.",
    )
    yield watch.alert(
        "GpuRemapPending",
        _worst(watch, "DEV_ROW_REMAP_PENDING", "> 0"),
        Severity.WARNING,
        minutes=60,
        summary=f"{_WHERE} replaces a broken row of memory at its next reset. {paid}",
        description="Until then the row is in use. Drain the node when its jobs have ended, and reset the GPU or end "
        "the node.",
    )


def _heat(watch: Watch, paid: str) -> Iterator[Alert]:
    celsius = watch.limits.gpu_celsius
    yield watch.alert(
        "GpuHot",
        _worst(watch, "DEV_GPU_TEMP", f">= {celsius}"),
        Severity.WARNING,
        minutes=_HEAT_MINUTES,
        summary=f"{_WHERE} has had {celsius} degrees Celsius or more for {_HEAT_MINUTES} minutes, now {NUMBER}. {paid}",
        description="It slows down soon, and you pay the same. In a cloud give the machine back; else see to fans and "
        "air.",
    )
    held_back = (
        f"max by ({_GPU}) ({on_node(_held_back(watch, name))})"
        for name in ("DEV_THERMAL_VIOLATION", "DEV_RELIABILITY_VIOLATION", "DEV_BOARD_LIMIT_VIOLATION")
    )
    yield watch.alert(
        "GpuThrottled",
        " or ".join(held_back),
        Severity.WARNING,
        minutes=_HEAT_MINUTES,
        summary=f"{_WHERE} was held back {{{{ $value | humanizePercentage }}}} of the time, by heat or for its own "
        f"safety. {paid}",
        description="Its jobs take longer and are paid for longer, and so are those that wait for it in a gang. Give "
        "the machine back.",
    )


def _held_back(watch: Watch, name: str) -> str:
    """Return how much of the time a GPU was held back by a reason, where it was much."""
    return f"rate({watch.source.metric(_field(name))}[15m]) / {_NANOSECONDS} > {_LEAST_HELD_BACK}"


def _other_than(expr: str, values: Sequence[int]) -> str:
    return " ".join((expr, *(f"!= {value}" for value in values)))


def _worst(watch: Watch, name: str, condition: str) -> str:
    """Return the GPUs that meet a condition, which is asked first: it leaves few of many."""
    met = f"{watch.source.metric(_field(name))} {condition}"
    return f"max by ({_GPU}) ({on_node(met)})"


def _field(name: str) -> str:
    return f"DCGM_FI_{name}"
