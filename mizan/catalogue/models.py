"""What a GPU, one of its MIG slices and a machine are."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Provider = Literal["aws", "gcp"]


@dataclass(frozen=True, kw_only=True)
class MigProfile:
    """One size of MIG instance that a GPU can be cut into.

    Attributes:
        name: as NVIDIA writes it, such as `1g.10gb`.
        compute_slices: of the GPU's `mig_compute_slices`.
        memory_slices: of the GPU's `mig_memory_slices`; `1g.10gb` of a 40 GB A100 has two with one of compute.
        memory_gib: as the name says it; a pod sees a little less.
        max_instances: on one GPU that is cut into nothing else.
        is_on_gke: whether GKE cuts the GPU into it by itself: its autoscaler and its device plugin both know it.
    """

    name: str
    compute_slices: int
    memory_slices: int
    memory_gib: int
    max_instances: int
    is_on_gke: bool


@dataclass(frozen=True, kw_only=True)
class GpuModel:
    """One GPU model as NVIDIA's feature discovery names it on a node; gpus.csv has the source of each figure.

    Attributes:
        product_label: value of the node label `nvidia.com/gpu.product`.
        memory_gib: as the model's name says it; a cloud may count less of it.
        architecture: value of the node label `nvidia.com/gpu.family`.
        gke_accelerator: value of GKE's node label and accelerator type; empty where GKE does not offer it.
        karpenter_gpu_name: value of Karpenter's node label; empty where AWS does not offer it. Models of one chip that
            differ in memory alone share it.
        has_time_slicing: whether pods can take turns on it.
        mps_clients: pods that can share it with MPS at once; 0 where none can.
        mig_compute_slices: that MIG cuts it into; 0 where MIG is not supported.
        mig_memory_slices: likewise.
        mig_profiles: from the smallest to the whole GPU, without the variants for media and graphics.
        fp16_tflops: dense FP16 on tensor cores, 10^12 operations a second; never the figure with sparsity.
        bandwidth_gb_per_second: of its memory, 10^9 bytes a second.
    """

    name: str
    product_label: str
    memory_gib: int
    architecture: str
    gke_accelerator: str
    karpenter_gpu_name: str
    has_time_slicing: bool
    mps_clients: int
    mig_compute_slices: int
    mig_memory_slices: int
    mig_profiles: tuple[MigProfile, ...]
    fp16_tflops: Decimal
    bandwidth_gb_per_second: int

    @property
    def has_mps(self) -> bool:
        """Return whether pods can share it with MPS."""
        return self.mps_clients > 0

    @property
    def has_mig(self) -> bool:
        """Return whether MIG can cut it."""
        return self.mig_compute_slices > 0


@dataclass(frozen=True, kw_only=True)
class Machine:
    """One cloud machine type with whole GPUs; machines.csv has the source of each figure.

    Attributes:
        gke_accelerator: of its nodes on GKE; empty on another cloud. It is the GPU's, but for a3-megagpu-8g.
        network_gbps: that lasts, not a burst; of all its interfaces together, those between GPUs too.
        local_ssd_gib: that comes with the machine and its price; 0 where there is none, or only on request.
    """

    provider: Provider
    name: str
    gpu: GpuModel
    gpus: int
    vcpus: int
    memory_gib: int
    gke_accelerator: str
    network_gbps: Decimal
    local_ssd_gib: int
