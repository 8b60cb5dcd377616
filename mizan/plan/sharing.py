"""How a pool's GPUs are shared, and what its nodes carry for that."""

from collections.abc import Mapping

from mizan import keys
from mizan.catalogue import machines
from mizan.config import Cloud, Pool
from mizan.sharing import GpuSharing, Manager, SharingMode, pool_layout, sharing_of


def pool_sharing(pool: Pool, cloud: Cloud) -> GpuSharing:
    """Return how a pool's GPUs are shared."""
    gpu = machines()[pool.machine].gpu
    asked = pool.sharing
    return sharing_of(
        gpu,
        asked.mode,
        asked.managed_by(cloud),
        layout=pool_layout(gpu, asked.profile, asked.layout),
        replicas=asked.replicas,
    )


def sharing_labels(pool: str, sharing: GpuSharing) -> Mapping[str, str]:
    """Return the labels by which NVIDIA's operator knows how to set up a node; none where nothing is shared.

    They stand on the node pool, as every node that an autoscaler makes is a new one. GKE labels its own nodes itself.
    """
    if sharing.manager is not Manager.OPERATOR or sharing.mode in (SharingMode.NONE, SharingMode.DRA):
        return {}
    cut = {keys.MIG_CONFIG: sharing.mig_config} if sharing.mig_config else {}
    return {keys.DEVICE_PLUGIN_CONFIG: pool, **cut}
