"""GPU models and the machines that carry them; the data is CSV beside this file."""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

Provider = Literal["aws", "gcp"]


@dataclass(frozen=True, kw_only=True)
class GpuModel:
    """One GPU model as NVIDIA's feature discovery names it on a node."""

    name: str
    product_label: str
    memory_gib: int
    architecture: str
    source: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One cloud machine type with whole GPUs."""

    provider: Provider
    name: str
    gpu: GpuModel
    gpus: int
    vcpus: int
    memory_gib: int
    source: str


def _rows(file: str) -> list[dict[str, str]]:
    with files(__name__).joinpath(file).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


@cache
def gpu_models() -> MappingProxyType[str, GpuModel]:
    """Return every GPU model by its name, such as `a100-40gb`."""
    return MappingProxyType(
        {
            row["gpu"]: GpuModel(
                name=row["gpu"],
                product_label=row["product_label"],
                memory_gib=int(row["memory_gib"]),
                architecture=row["architecture"],
                source=row["source"],
            )
            for row in _rows("gpus.csv")
        }
    )


@cache
def machines() -> MappingProxyType[str, Machine]:
    """Return every machine by its name, such as `a2-highgpu-4g`; no name occurs at two providers."""
    return MappingProxyType(
        {
            row["machine"]: Machine(
                provider=row["provider"],  # type: ignore[arg-type]  # the data tests hold it to the two providers
                name=row["machine"],
                gpu=gpu_models()[row["gpu"]],
                gpus=int(row["gpus"]),
                vcpus=int(row["vcpus"]),
                memory_gib=int(row["memory_gib"]),
                source=row["source"],
            )
            for row in _rows("machines.csv")
        }
    )
