"""What DCGM measures of one GPU and of one part of it: every field of mizan.metrics.COUNTERS."""

from collections.abc import Mapping
from dataclasses import dataclass

from local.gpu_metrics.gpus import Gpu, Part

# Of an A100, and the same for every model, as nobody is billed by them: 400 W and 1410 MHz at most. The rest is chosen
# so that a graph looks right.
# Source: https://upb-pc2.atlassian.net/wiki/spaces/PC2DOK/pages/1900609/NVIDIA+A100+40GB+with+NVLINK, read 2026-11-23.
_IDLE_WATT, _FULL_WATT = 60.0, 400.0
_COOL_CELSIUS, _WARM_CELSIUS, _HOT_CELSIUS = 31, 64, 93
_MEMORY_WARMER = 7
_IDLE_MHZ, _FULL_MHZ, _HELD_BACK_MHZ = 210, 1410, 780

_MILLIJOULE_PER_JOULE = 1_000
_NANOSECONDS = 1_000_000_000
# Of what it would do: the rest of the time a GPU that is held back waits.
_HELD_BACK = 0.5

# Bits of DCGM_FI_DEV_CLOCKS_EVENT_REASONS, see mizan/metrics/dcgm.py.
_REASON_IDLE, _REASON_POWER_CAP, _REASON_HARDWARE_HEAT = 1, 4, 64


@dataclass(frozen=True, kw_only=True)
class Growth:
    """A field that never falls.

    Attributes:
        per_second: that it grows by now.
        least: what it is at least, whatever it was before.
    """

    per_second: float = 0.0
    least: float = 0.0


def measured(gpu: Gpu, part: Part) -> Mapping[str, float]:
    """Return the fields that rise and fall, of a GPU or of one of its instances.

    An instance has no use in percent and no decoder; heat, power, clocks and faults are those of its GPU.
    Source: https://github.com/NVIDIA/dcgm-exporter/issues/216.
    """
    is_cut = part.profile is not None
    return {**_use(part), **({} if is_cut else _use_in_percent(part)), **_memory(part), **_device(gpu)}


def grown(gpu: Gpu) -> Mapping[str, Growth]:
    """Return the fields that never fall; an instance has those of its GPU."""
    faults = gpu.faults
    held_back = _HELD_BACK * _NANOSECONDS * (gpu.compute > 0)
    errors, rows = float(faults.ecc_errors), float(faults.is_row_pending)
    return {
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": Growth(per_second=_watt(gpu) * _MILLIJOULE_PER_JOULE),
        "DCGM_FI_DEV_POWER_VIOLATION": Growth(per_second=held_back * faults.is_capped),
        "DCGM_FI_DEV_THERMAL_VIOLATION": Growth(per_second=held_back * faults.is_hot),
        "DCGM_FI_DEV_RELIABILITY_VIOLATION": Growth(),
        "DCGM_FI_DEV_BOARD_LIMIT_VIOLATION": Growth(),
        "DCGM_FI_DEV_SYNC_BOOST_VIOLATION": Growth(),
        "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": Growth(),
        "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL": Growth(least=errors),
        "DCGM_FI_DEV_ECC_SBE_AGG_TOTAL": Growth(),
        "DCGM_FI_DEV_ECC_DBE_AGG_TOTAL": Growth(least=errors),
        "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": Growth(least=rows),
        "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": Growth(),
    }


def _use(part: Part) -> Mapping[str, float]:
    return {
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE": round(part.compute, 6),
        "DCGM_FI_PROF_SM_ACTIVE": round(part.compute * 0.8, 6),
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": round(part.compute * 0.4, 6),
        "DCGM_FI_PROF_DRAM_ACTIVE": round(part.compute * 0.5, 6),
    }


def _use_in_percent(part: Part) -> Mapping[str, float]:
    return {"DCGM_FI_DEV_GPU_UTIL": percent(part.compute), "DCGM_FI_DEV_DEC_UTIL": 0}


def _memory(part: Part) -> Mapping[str, float]:
    return {
        "DCGM_FI_DEV_FB_USED": part.used_mib,
        "DCGM_FI_DEV_FB_FREE": part.usable_mib - part.used_mib,
        "DCGM_FI_DEV_FB_RESERVED": part.memory_mib - part.usable_mib,
    }


def _device(gpu: Gpu) -> Mapping[str, float]:
    faults = gpu.faults
    warm = _COOL_CELSIUS + round((_WARM_CELSIUS - _COOL_CELSIUS) * gpu.compute)
    heat = _HOT_CELSIUS if faults.is_hot else warm
    return {
        "DCGM_FI_DEV_POWER_USAGE": round(_watt(gpu), 3),
        "DCGM_FI_DEV_GPU_TEMP": heat,
        "DCGM_FI_DEV_MEMORY_TEMP": heat + _MEMORY_WARMER,
        "DCGM_FI_DEV_SM_CLOCK": _clock(gpu),
        "DCGM_FI_DEV_CLOCKS_EVENT_REASONS": _reasons(gpu),
        "DCGM_FI_DEV_XID_ERRORS": faults.xid,
        "DCGM_FI_DEV_ROW_REMAP_FAILURE": int(faults.has_remap_failed),
        "DCGM_FI_DEV_ROW_REMAP_PENDING": int(faults.is_row_pending),
    }


def percent(part: float) -> int:
    """Return a part of 1 in whole percent, as the driver tells it."""
    return round(part * 100)


def _watt(gpu: Gpu) -> float:
    held_back = gpu.faults.is_capped or gpu.faults.is_hot
    full = _HELD_BACK * _FULL_WATT if held_back else _FULL_WATT
    return _IDLE_WATT + (full - _IDLE_WATT) * gpu.compute


def _clock(gpu: Gpu) -> int:
    if not gpu.compute:
        return _IDLE_MHZ
    return _HELD_BACK_MHZ if gpu.faults.is_capped or gpu.faults.is_hot else _FULL_MHZ


def _reasons(gpu: Gpu) -> int:
    return (
        _REASON_IDLE * (not gpu.compute)
        | _REASON_POWER_CAP * gpu.faults.is_capped
        | _REASON_HARDWARE_HEAT * gpu.faults.is_hot
    )
