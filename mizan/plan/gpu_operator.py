"""Whether NVIDIA's GPU operator is in a stack's cluster, and which of its pools it sets up."""

from collections.abc import Iterable, Iterator, Sequence

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


def of_setup(pools: Sequence[PoolPlan], operator: GpuOperatorAddon | None, cloud: Cloud) -> Iterator[str]:
    """Yield the pools of a cluster of the stack's own whose nodes have no GPU until somebody else sees to it.

    Source: docs/guide/gke.md and docs/guide/eks.md; the images of EKS's nodes have the driver.
    """
    waiting = [pool for pool in pools if is_set_up_by_operator(pool, cloud)]
    if cloud not in (Cloud.GKE, Cloud.EKS) or not waiting or (operator and operator.install is Install.HELM):
        return
    names = f"pool{'s' if len(waiting) > 1 else ''} {', '.join(pool.name for pool in waiting)}"
    why, fix = (
        ("the stack has no GPU operator", "Add `gpuOperator: {install: helm}` to the addons, leave `driver` out,")
        if operator is None
        else ("the GPU operator is somebody else's", "Write `install: helm`,")
    )
    kept = sum(offer.min_nodes for pool in waiting for offer in pool.offers)
    paid = f", while `minNodes` is paid: {kept} node{'' if kept == 1 else 's'}" if kept else ""
    yield (
        f"{names}: {why}. Until somebody has installed NVIDIA's {_setup(waiting, cloud)}, no node there offers a GPU "
        f"and jobs wait{paid}. {fix} or see to it before the first job."
    )


def _setup(pools: Iterable[PoolPlan], cloud: Cloud) -> str:
    """Return what nodes need that come with nothing of the operator's."""
    claims = any(pool.sharing.mode is SharingMode.DRA for pool in pools)
    plugin = "DRA driver for GPUs" if claims else "device plugin"
    return f"driver and {plugin}" if cloud is Cloud.GKE else plugin


def is_shared_by_operator(pool: PoolPlan) -> bool:
    """Return whether the operator sets a pool's sharing up."""
    return pool.sharing.manager is Manager.OPERATOR and pool.sharing.mode is not SharingMode.NONE


def is_set_up_by_operator(pool: PoolPlan, cloud: Cloud) -> bool:
    """Return whether the operator, where there is one, sets a pool's nodes up, shared or not; else GKE itself does."""
    return cloud is not Cloud.GKE or pool.gke.driver is GpuDriver.DISABLED
