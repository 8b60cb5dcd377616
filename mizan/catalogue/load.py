"""GPU models and machines from the CSV files beside this file, each read once."""

import csv
from collections import defaultdict
from decimal import Decimal
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from mizan.catalogue.models import GpuModel, Machine, MigProfile


@cache
def gpu_models() -> MappingProxyType[str, GpuModel]:
    """Return every GPU model by its name, such as `a100-40gb`."""
    profiles = _mig_profiles()
    return MappingProxyType(
        {
            row["gpu"]: GpuModel(
                name=row["gpu"],
                product_label=row["product_label"],
                memory_gib=int(row["memory_gib"]),
                architecture=row["architecture"],
                gke_accelerator=row["gke_accelerator"],
                karpenter_gpu_name=row["karpenter_gpu_name"],
                has_time_slicing=row["time_slicing"] == "yes",
                mps_clients=int(row["mps_clients"]),
                mig_compute_slices=int(row["mig_compute_slices"]),
                mig_memory_slices=int(row["mig_memory_slices"]),
                mig_profiles=profiles.get(row["gpu"], ()),
                fp16_tflops=Decimal(row["fp16_tflops"]),
                bandwidth_gb_per_second=int(row["bandwidth_gb_per_second"]),
            )
            for row in _rows("gpus.csv")
        }
    )


@cache
def machines() -> MappingProxyType[str, Machine]:
    """Return every machine by its name, such as `a2-highgpu-4g`; no name occurs at two providers."""
    return MappingProxyType({row["machine"]: _machine(row) for row in _rows("machines.csv")})


def _machine(row: dict[str, str]) -> Machine:
    gpu = gpu_models()[row["gpu"]]
    return Machine(
        provider=row["provider"],  # type: ignore[arg-type]  # the data tests hold it to the two providers
        name=row["machine"],
        gpu=gpu,
        gpus=int(row["gpus"]),
        vcpus=int(row["vcpus"]),
        memory_gib=int(row["memory_gib"]),
        gke_accelerator=(row["gke_accelerator"] or gpu.gke_accelerator) if row["provider"] == "gcp" else "",
        network_gbps=Decimal(row["network_gbps"]),
        local_ssd_gib=int(row["local_ssd_gib"]),
    )


def _mig_profiles() -> dict[str, tuple[MigProfile, ...]]:
    """Return the profiles by GPU, in the order of the file."""
    profiles: defaultdict[str, list[MigProfile]] = defaultdict(list)
    for row in _rows("mig_profiles.csv"):
        profiles[row["gpu"]].append(
            MigProfile(
                name=row["profile"],
                compute_slices=int(row["compute_slices"]),
                memory_slices=int(row["memory_slices"]),
                memory_gib=int(row["memory_gib"]),
                max_instances=int(row["max_instances"]),
                is_on_gke=row["gke"] == "yes",
            )
        )
    return {gpu: tuple(of_gpu) for gpu, of_gpu in profiles.items()}


def _rows(file: str) -> list[dict[str, str]]:
    with files("mizan.catalogue").joinpath(file).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))
