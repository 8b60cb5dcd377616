"""What NVIDIA's DRA driver would tell of the nodes of a pool, for nodes that are simulated."""

from collections.abc import Iterable, Mapping

from mizan.manifests.manifest import Manifest
from mizan.plan import PoolPlan
from mizan.sharing import GpuSharing, SharingMode


def simulated_devices(pools: Iterable[PoolPlan]) -> dict[str, list[Manifest]]:
    """Return by pool the devices of each of its nodes; nothing of pools whose GPUs nobody claims.

    Shape: {pool: [{name, attributes, capacity}]}, as in a ResourceSlice, without the UUIDs, which each node has its
    own. Of the driver's attributes they have those that a claim may select by.
    Source: kubernetes-sigs/dra-driver-nvidia-gpu@9593204 site/content/docs/reference/resourceslice-attributes.md.
    """
    return {
        pool.name: [device for gpu in range(pool.machine.gpus) for device in _devices(pool.sharing, gpu)]
        for pool in pools
        if pool.sharing.mode is SharingMode.DRA
    }


def _devices(sharing: GpuSharing, gpu: int) -> list[Manifest]:
    """Return what one GPU is: itself, or its instances, each at the first memory slice that is left."""
    if not sharing.layout:
        return [_device(sharing, f"gpu-{gpu}", {"type": "gpu"}, sharing.gpu.memory_gib)]
    found, start = [], 0
    profiles = {profile.name: profile for profile in sharing.gpu.mig_profiles}
    order = list(profiles)
    for name, count in sharing.layout.items():
        profile = profiles[name]
        for _ in range(count):
            # NVML numbers a GPU's profiles; the catalogue does not have its numbers.
            device = f"gpu-{gpu}-mig-{name.replace('.', '')}-{order.index(name)}-{start}"
            found.append(_device(sharing, device, {"type": "mig", "profile": name}, profile.memory_gib))
            start += profile.memory_slices
    return found


def _device(sharing: GpuSharing, name: str, attributes: Mapping[str, str], memory_gib: int) -> Manifest:
    told = {
        **attributes,
        # The label's first dash was a blank, and perhaps more of them were; to a DeviceClass of ours it is the same.
        "productName": sharing.gpu.product_label.replace("-", " ", 1),
        "architecture": sharing.gpu.architecture.title(),
        "brand": "Nvidia",
    }
    return {
        "name": name,
        "attributes": {key: {"string": value} for key, value in told.items()},
        "capacity": {"memory": {"value": f"{memory_gib}Gi"}},
    }
