"""From a pool's setting and its GPU model to what a pod gets of a GPU."""

from collections.abc import Mapping
from fractions import Fraction

from mizan import keys
from mizan.catalogue import GpuModel
from mizan.sharing.mig import config_name, layout_of, memory_slices, profiles
from mizan.sharing.model import GpuPart, GpuSharing
from mizan.sharing.modes import Manager, SharingMode

# GKE takes 2 to 48 clients for each GPU, and a GPU of these architectures serves 48 clients of MPS; beyond it nothing
# is left of a GPU for anybody. Source: https://docs.cloud.google.com/kubernetes-engine/docs/concepts/timesharing-gpus,
# read 2026-11-23; NVIDIA/k8s-device-plugin@v0.20.0 cmd/mps-control-daemon/mps/device.go.
MOST_REPLICAS = 48

# The part of a GPU that nobody shares.
WHOLE = "gpu"


def sharing_of(
    gpu: GpuModel,
    mode: SharingMode = SharingMode.NONE,
    manager: Manager = Manager.OPERATOR,
    *,
    layout: Mapping[str, int] | None = None,
    replicas: int | None = None,
) -> GpuSharing:
    """Return what sharing makes of a GPU; `mizan.config` has checked that the GPU can be shared so.

    A MIG instance's share of the price is its memory slices of those that all instances of the GPU have: slices that a
    layout leaves over are borne by its instances. With time-slicing and MPS every replica bears the same.

    Args:
        gpu: of the pool's machine.
        mode: of the sharing.
        manager: who sets it up.
        layout: instances by MIG profile, for `mig` and `dra`.
        replicas: pods on one GPU, for `time-slicing` and `mps`.
    """
    if layout:
        order = list(profiles(gpu))
        sorted_layout = {name: layout[name] for name in sorted(layout, key=order.index, reverse=True)}
        return _cut(gpu, mode, manager, sorted_layout)
    if mode in (SharingMode.TIME_SLICING, SharingMode.MPS) and replicas:
        return GpuSharing(
            mode=mode,
            manager=manager,
            gpu=gpu,
            parts=(
                GpuPart(
                    name=f"1/{replicas}",
                    resource=keys.NVIDIA_GPU if manager is Manager.GKE else keys.NVIDIA_SHARED_GPU,
                    per_gpu=replicas,
                    memory_gib=Fraction(gpu.memory_gib, replicas),
                    share=Fraction(1, replicas),
                ),
            ),
            replicas=replicas,
        )
    classes = {WHOLE: _device_class(gpu)} if mode is SharingMode.DRA else {}
    resource = keys.dra_resource(_device_name(gpu)) if mode is SharingMode.DRA else keys.NVIDIA_GPU
    whole = GpuPart(name=WHOLE, resource=resource, per_gpu=1, memory_gib=Fraction(gpu.memory_gib), share=Fraction(1))
    return GpuSharing(mode=mode, manager=manager, gpu=gpu, parts=(whole,), device_class=classes)


def pool_layout(gpu: GpuModel, profile: str | None, layout: Mapping[str, int] | None) -> Mapping[str, int] | None:
    """Return the layout that a pool's setting asks for: that of one profile, or the one that it writes out."""
    return layout_of(gpu, profile) if profile is not None else layout


def _cut(gpu: GpuModel, mode: SharingMode, manager: Manager, layout: Mapping[str, int]) -> GpuSharing:
    used = memory_slices(gpu, layout)
    parts = tuple(
        GpuPart(
            name=name,
            resource=_resource(gpu, name, mode, manager),
            per_gpu=count,
            memory_gib=Fraction(profiles(gpu)[name].memory_gib),
            share=Fraction(profiles(gpu)[name].memory_slices, used),
        )
        for name, count in layout.items()
    )
    is_ours = mode is SharingMode.MIG and manager is Manager.OPERATOR
    return GpuSharing(
        mode=mode,
        manager=manager,
        gpu=gpu,
        parts=parts,
        layout=layout,
        mig_config=config_name(gpu, layout) if is_ours else None,
        device_class={name: _device_class(gpu, name) for name in layout} if mode is SharingMode.DRA else {},
    )


def _resource(gpu: GpuModel, profile: str, mode: SharingMode, manager: Manager) -> str:
    if mode is SharingMode.DRA:
        return keys.dra_resource(_device_name(gpu, profile))
    return keys.NVIDIA_GPU if manager is Manager.GKE else f"{keys.NVIDIA_MIG}{profile}"


def _device_name(gpu: GpuModel, profile: str | None = None) -> str:
    return gpu.name if profile is None else f"{gpu.name}-{profile}"


def _device_class(gpu: GpuModel, profile: str | None = None) -> str:
    return keys.device_class(_device_name(gpu, profile))
