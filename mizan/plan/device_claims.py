"""What a stack may not expect of pools whose GPUs pods claim as devices."""

from collections.abc import Iterator, Sequence

from mizan import versions
from mizan.config import Cloud, GkeImage, Install, KueueAddon
from mizan.plan.model import PoolPlan
from mizan.sharing import SharingMode

# Whoever makes nodes, and why none for claims.
# Source: kubernetes-sigs/karpenter@v1.14.1 pkg/operator/options/options.go, IGNORE_DRA_REQUESTS, true by default, and
# pkg/controllers/provisioning/scheduling/scheduler.go, NewDRAError; NVIDIA/cloud-native-docs@52dcb7b
# gpu-operator/dra-intro-install.rst, which has no procedure for GKE.
_KARPENTER = "Karpenter makes no node for a pod with claims"
_AUTOSCALERS = {
    Cloud.LOCAL: _KARPENTER,
    Cloud.EKS: _KARPENTER,
    Cloud.EXISTING: f"{_KARPENTER} unless it was set so",
    Cloud.GKE: "nobody has shown that GKE's autoscaler makes nodes for claims of NVIDIA's driver",
}


def of_claims(pools: Sequence[PoolPlan], kueue: KueueAddon, cloud: Cloud) -> Iterator[str]:
    """Yield pools that do not grow with claims, GPUs that nobody cuts, and what others must have or be told."""
    claimed = [pool for pool in pools if pool.sharing.mode is SharingMode.DRA]
    for pool in claimed:
        least, most = sum(offer.min_nodes for offer in pool.offers), sum(offer.max_nodes for offer in pool.offers)
        if most > least:
            yield (
                f"pool {pool.name}: {least} nodes stay and up to {most} are allowed, but {_AUTOSCALERS[cloud]}; a job "
                f"admitted beyond {least} waits for a node that never comes, until Kueue evicts it. Raise `minNodes`, "
                "or lower `maxNodes` and the quotas."
            )
        if pool.sharing.layout and cloud is not Cloud.LOCAL:
            yield (
                f"pool {pool.name}: its pods claim {', '.join(pool.sharing.layout)}, but beside its DRA driver the GPU "
                "operator runs no MIG manager, and a node offers the instances that it has when that driver starts. "
                "Let something of yours cut them before the driver starts, or let pods claim whole ones."
            )
    if claimed:
        yield from _of_versions(claimed, cloud)
    if claimed and kueue.install is Install.EXTERNAL and cloud is not Cloud.LOCAL:
        mappings = {
            pool.sharing.device_class[part.name]: part.resource for pool in claimed for part in pool.sharing.parts
        }
        written = ", ".join(f"{{name: {name}, deviceClassNames: [{of}]}}" for of, name in mappings.items())
        yield (
            "Kueue: an external one counts claims by what stands in its own configuration, and admits no job with any "
            f"other. Write `resources: {{deviceClassMappings: [{written}]}}` there."
        )


def _of_versions(claimed: Sequence[PoolPlan], cloud: Cloud) -> Iterator[str]:
    """Yield what claims need that the stack does not decide.

    On EKS the pinned image has the driver, and the stack's own clusters have a Kubernetes that is new enough
    (mizan/versions.py); a driver that the operator installs is refused where it is too old.
    """
    driver = f"NVIDIA's driver {versions.DRA_DRIVER_LEAST} or newer"
    if cloud is Cloud.EXISTING:
        yield (
            f"claims of devices: they need Kubernetes {versions.DRA_KUBERNETES_LEAST} or newer, and {driver} wherever "
            "the operator does not install it; nobody looks whether the cluster has them. See `kubectl version`, and "
            "`nvidia-smi` on a node."
        )
    if cloud is Cloud.GKE and any(pool.gke.image is GkeImage.COS for pool in claimed):
        yield (
            f"claims of devices: they need {driver}; on Container-Optimized OS it is the one that Google's installer "
            "has for the nodes' image, and nobody looks which. See `nvidia-smi` on a node, or write "
            "`gke: {image: ubuntu}` for the pools."
        )
