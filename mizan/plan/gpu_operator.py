"""Whether NVIDIA's GPU operator is in a stack's cluster, and which of its pools it sets up."""

from collections.abc import Iterable

from mizan.config import Cloud, GpuDriver, GpuOperatorAddon, Install, StackConfig
from mizan.plan.model import PoolPlan
from mizan.sharing import Manager, SharingMode


def gpu_operator_of(config: StackConfig, pools: Iterable[PoolPlan]) -> GpuOperatorAddon | None:
    """Return the operator of a stack; None where its nodes have their GPUs without one.

    On EKS nodes have a driver and no device plugin, so that it always comes. On GKE it comes for pools that GKE does
    not share itself. The embedded cluster has no node to set up, and has the operator's configurations to look at. In
    somebody else's cluster nothing comes unasked.
    """
    asked = config.addons.gpu_operator
    shares = any(is_shared_by_operator(pool) for pool in pools)
    match config.cloud:
        case Cloud.EKS:
            return asked or GpuOperatorAddon()
        case Cloud.GKE:
            return asked or (GpuOperatorAddon() if shares else None)
        case Cloud.LOCAL:
            return asked or (GpuOperatorAddon(install=Install.EXTERNAL) if shares else None)
        case Cloud.EXISTING:
            return asked


def is_shared_by_operator(pool: PoolPlan) -> bool:
    """Return whether the operator sets a pool's sharing up."""
    return pool.sharing.manager is Manager.OPERATOR and pool.sharing.mode is not SharingMode.NONE


def is_set_up_by_operator(pool: PoolPlan, cloud: Cloud) -> bool:
    """Return whether the operator, where there is one, sets a pool's nodes up, shared or not; else GKE itself does."""
    return cloud is not Cloud.GKE or pool.gke.driver is GpuDriver.DISABLED
