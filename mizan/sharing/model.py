"""What sharing makes of one GPU."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mizan import keys
from mizan.catalogue import GpuModel
from mizan.sharing.modes import Manager, SharingMode


@dataclass(frozen=True, kw_only=True)
class GpuPart:
    """What a pod gets of a GPU when it asks for one unit.

    Attributes:
        name: the MIG profile, `gpu` for a whole one, or `1/4` of one that four share.
        resource: what Kubernetes and Kueue count; for DRA the name that Kueue counts devices of the class by.
        per_gpu: so many on each GPU.
        memory_gib: of each; with time-slicing it is what is left when all take the same, and nothing holds them to it.
        share: of the GPU's price, so that `per_gpu` times `share`, summed over a GPU's parts, is 1.
    """

    name: str
    resource: str
    per_gpu: int
    memory_gib: Fraction
    share: Fraction

    def claim_template(self, count: int = 1) -> str:
        """Return the name of the ResourceClaimTemplate by which a pod claims so many of it at once, for DRA."""
        device = keys.claimed_device(self.resource) or self.name
        return device if count == 1 else f"{device}-x{count}"


@dataclass(frozen=True, kw_only=True)
class GpuSharing:
    """How the GPUs of a pool are shared.

    Quotas of a pool count units. A unit is a part where all parts of a GPU are alike, so also a whole GPU; where a GPU
    is cut into parts that differ, it is the GPU with all its parts.

    Attributes:
        parts: from the largest.
        replicas: pods that share a GPU by time-slicing or MPS; 1 for all else.
        layout: instances of a GPU by MIG profile, from the largest; empty without MIG.
        mig_config: the layout's name for the MIG manager; None without MIG or where GKE or nobody cuts it.
        device_class: by part name, for DRA: the DeviceClass that its pods claim from.
    """

    mode: SharingMode
    manager: Manager
    gpu: GpuModel
    parts: tuple[GpuPart, ...]
    replicas: int = 1
    layout: Mapping[str, int] = field(default_factory=dict)
    mig_config: str | None = None
    device_class: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_shared(self) -> bool:
        """Return whether a GPU has more than one part, or is cut at all."""
        return bool(self.layout) or self.replicas > 1

    @property
    def is_mixed(self) -> bool:
        """Return whether the parts of a GPU differ."""
        return len(self.parts) > 1

    @property
    def counts_gpus(self) -> bool:
        """Return whether a unit is a whole GPU, with one part or with several."""
        return self.is_mixed or not self.is_shared

    @property
    def parts_per_gpu(self) -> int:
        """Return how many pods share a GPU at most."""
        return sum(part.per_gpu for part in self.parts)

    @property
    def units_per_gpu(self) -> int:
        """Return the units of each GPU."""
        return 1 if self.is_mixed else self.parts[0].per_gpu

    @property
    def unit_share(self) -> Fraction:
        """Return a unit's share of the GPU's price."""
        return Fraction(1, self.units_per_gpu)

    @property
    def unit_name(self) -> str:
        """Return what a unit is called in words: `GPU`, or the part with the sharing, such as `1g.5gb`."""
        return "GPU" if self.counts_gpus else self.parts[0].name

    @property
    def amounts(self) -> Mapping[str, int]:
        """Return what a unit is in Kubernetes' resources."""
        return {part.resource: part.per_gpu // self.units_per_gpu for part in self.parts}

    @property
    def is_made_by_operator(self) -> bool:
        """Return whether nodes offer resources of the operator's making, unknown before there is one."""
        return self.mode is not SharingMode.DRA and set(self.amounts) != {keys.NVIDIA_GPU}

    def part(self, name: str) -> GpuPart | None:
        """Return the part of a name, None where there is none."""
        return next((part for part in self.parts if part.name == name), None)
