"""The counters that NVIDIA's DCGM exporter tells of each GPU and of each of its MIG instances.

Each is a series per GPU and pod, so that nothing is in here that nobody looks at. The exporter does not start with a
name that it does not know, and leaves out what a GPU cannot tell: the PROF fields before Volta, ECC without ECC memory.
DCGM 4.6 has new names for rows and power; it takes the old ones still, and no older exporter takes the new ones.

Source, where no other is named: NVIDIA/dcgm-exporter@4.5.3-4.8.2 etc/default-counters.csv for types and units,
internal/pkg/counters/counter_config.go for what the file may hold; NVIDIA/go-dcgm@ec245c0 pkg/dcgm/dcgm_fields.h.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class CounterType(StrEnum):
    """What Prometheus takes a series for."""

    GAUGE = "gauge"
    COUNTER = "counter"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """A field of DCGM.

    Attributes:
        field: DCGM's name, which is also the metric's.
        help: what Prometheus shows beside it, without a comma: the exporter's file has no way to write one.
        unit: of the values, in words.
        because: what it is measured for.
    """

    field: str
    type: CounterType
    help: str
    unit: str
    because: str


def _gauge(field: str, text: str, unit: str, because: str) -> Counter:
    return Counter(field=f"DCGM_FI_{field}", type=CounterType.GAUGE, help=text, unit=unit, because=because)


def _counter(field: str, text: str, unit: str, because: str) -> Counter:
    return Counter(field=f"DCGM_FI_{field}", type=CounterType.COUNTER, help=text, unit=unit, because=because)


_USE = (
    _gauge(
        *("DEV_GPU_UTIL", "Time in which a kernel ran on the GPU (in %).", "percent"),
        because="use of a GPU that is not cut; a MIG instance has none",
    ),
    # Source: https://github.com/NVIDIA/dcgm-exporter/issues/216 and /issues/430.
    _gauge(
        *("PROF_GR_ENGINE_ACTIVE", "Part of the time in which the compute engine was active.", "ratio 0 to 1"),
        because="use of a MIG instance; OpenCost reads it for all GPUs",
    ),
    _gauge(
        *("PROF_SM_ACTIVE", "Part of the time in which a multiprocessor had work on average.", "ratio 0 to 1"),
        because="a kernel on one multiprocessor keeps the GPU 100 % busy and wastes the others",
    ),
    _gauge(
        *("PROF_PIPE_TENSOR_ACTIVE", "Part of the time in which the tensor cores were active.", "ratio 0 to 1"),
        because="training without tensor cores pays for a GPU that it does not need",
    ),
    _gauge(
        *("PROF_DRAM_ACTIVE", "Part of the time in which the memory was read or written.", "ratio 0 to 1"),
        because="work that waits for memory gains nothing from a faster GPU; works on MIG",
    ),
    _gauge(
        *("DEV_DEC_UTIL", "Time in which the video decoder worked (in %).", "percent"),
        because="OpenCost counts GPUs by it; loading video starves a GPU that looks idle",
    ),
)
_MEMORY = (
    _gauge("DEV_FB_USED", "Memory in use (in MiB).", "MiB", because="whether a smaller GPU or MIG profile would do"),
    _gauge("DEV_FB_FREE", "Memory that is free (in MiB).", "MiB", because="used, free and reserved make the whole"),
    _gauge(
        *("DEV_FB_RESERVED", "Memory that the driver keeps for itself (in MiB).", "MiB"),
        because="without it used and free do not add up",
    ),
)
_POWER = (
    _gauge(
        *("DEV_POWER_USAGE", "Power draw (in W).", "watt"),
        because="a GPU that is 100 % busy and draws little does no work",
    ),
    _counter(
        *("DEV_TOTAL_ENERGY_CONSUMPTION", "Energy since the driver was loaded (in mJ).", "millijoule"),
        because="energy by team; an average of power misses what is between two scrapes",
    ),
    _gauge("DEV_GPU_TEMP", "Temperature of the GPU (in C).", "degrees Celsius", because="heat slows clocks down"),
    _gauge("DEV_MEMORY_TEMP", "Temperature of the memory (in C).", "degrees Celsius", because="it fails first by heat"),
    _gauge(
        *("DEV_SM_CLOCK", "Clock of the multiprocessors (in MHz).", "megahertz"),
        because="shows how much slower a GPU is that is held back",
    ),
)
_HELD_BACK = (
    # Bits: 1 idle, 2 clocks set, 4 power cap, 8 hardware slowdown, 16 sync boost, 32 heat by software, 64 heat by
    # hardware, 128 power brake, 256 display. Source: NVIDIA/go-dcgm@b7fa315 pkg/dcgm/dcgm_fields.h.
    _gauge(
        *("DEV_CLOCKS_EVENT_REASONS", "Why clocks are lower than they could be (bits).", "bits"),
        because="says why a GPU is slow; its old name is CLOCK_THROTTLE_REASONS",
    ),
    _counter(
        *("DEV_POWER_VIOLATION", "Time slowed down by power limits (in ns).", "nanosecond"),
        because="paid time in which a GPU is held back by its power supply",
    ),
    _counter(
        *("DEV_THERMAL_VIOLATION", "Time slowed down by heat (in ns).", "nanosecond"),
        because="paid time in which a GPU is held back by heat: a machine to give back",
    ),
    _counter(
        *("DEV_RELIABILITY_VIOLATION", "Time slowed down for reliability (in ns).", "nanosecond"),
        because="a GPU that is held back so will fail",
    ),
    _counter(
        *("DEV_BOARD_LIMIT_VIOLATION", "Time slowed down by limits of the board (in ns).", "nanosecond"),
        because="paid time in which a GPU is held back by its board",
    ),
    _counter(
        *("DEV_SYNC_BOOST_VIOLATION", "Time slowed down to keep pace with its group (in ns).", "nanosecond"),
        because="one slow GPU slows its neighbours down",
    ),
)
_FAULTS = (
    # Two of the same number look like one: an alert looks for any that is not 0, and for how long.
    _gauge("DEV_XID_ERRORS", "Number of the last XID error.", "XID", because="says that a GPU failed and how"),
    _counter(
        *("DEV_ECC_SBE_VOL_TOTAL", "Corrected memory errors since the driver was loaded.", "errors"),
        because="many of them come before one that ends a job",
    ),
    _counter(
        *("DEV_ECC_DBE_VOL_TOTAL", "Uncorrected memory errors since the driver was loaded.", "errors"),
        because="each ends the jobs on its GPU",
    ),
    _counter(
        *("DEV_ECC_SBE_AGG_TOTAL", "Corrected memory errors of the GPU's life.", "errors"),
        because="how old the memory is, whoever had the machine before",
    ),
    _counter(
        *("DEV_ECC_DBE_AGG_TOTAL", "Uncorrected memory errors of the GPU's life.", "errors"),
        because="a GPU that had some will have more",
    ),
    _counter(
        *("DEV_UNCORRECTABLE_REMAPPED_ROWS", "Rows remapped after uncorrectable errors.", "rows"),
        because="spare rows are few",
    ),
    _counter(
        *("DEV_CORRECTABLE_REMAPPED_ROWS", "Rows remapped after correctable errors.", "rows"),
        because="spare rows are few",
    ),
    _gauge(
        *("DEV_ROW_REMAP_FAILURE", "Whether a row could not be remapped.", "0 or 1"),
        because="the GPU has to be replaced",
    ),
    _gauge(
        *("DEV_ROW_REMAP_PENDING", "Whether a row is remapped at the next reset.", "0 or 1"),
        because="the GPU has to be reset once its jobs have ended",
    ),
)

COUNTERS: tuple[Counter, ...] = (*_USE, *_MEMORY, *_POWER, *_HELD_BACK, *_FAULTS)
"""All of them, each once."""


def counters_csv(counters: Iterable[Counter] = COUNTERS) -> str:
    """Return the exporter's file: `FIELD, type, help` with exactly two commas a line."""
    return "".join(f"{counter.field}, {counter.type.value}, {counter.help}\n" for counter in counters)
