"""What the GPUs of a simulated node are to Kubernetes: whole ones, parts that GKE or NVIDIA's operator makes. Pure.

All of it comes from what the cloud was given: the fields of a node pool, and the labels of its nodes.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from local.rehearsal.values import Values
from mizan import keys
from mizan.catalogue import machines
from mizan.manifests.kwok_nodes import advertised
from mizan.plan import Plan
from mizan.sharing import Manager, SharingMode, layout_of, sharing_of

# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/labels/system_labels.go.
PARTITION_SIZE = "cloud.google.com/gke-gpu-partition-size"
SHARING_STRATEGY = "cloud.google.com/gke-gpu-sharing-strategy"
MAX_SHARED_CLIENTS = "cloud.google.com/gke-max-shared-clients-per-gpu"

_STRATEGIES = {"TIME_SHARING": "time-sharing", "MPS": "mps"}


@dataclass(frozen=True, kw_only=True)
class GkeSharing:
    """How GKE shares each GPU of a node pool; a GPU that it cuts may be shared further, each part like a whole one.

    Attributes:
        partition_size: the MIG profile that each GPU is cut into; empty where none is.
        strategy: as the node's label says it; empty where pods take no turns.
        clients: of each GPU, or of each part.
    """

    partition_size: str = ""
    strategy: str = ""
    clients: int = 1

    @classmethod
    def of(cls, accelerator: Values) -> "GkeSharing":
        """Return what an accelerator of a node pool's inputs says."""
        shared = accelerator.get("gpuSharingConfig") or {}
        return cls(
            partition_size=accelerator.get("gpuPartitionSize") or "",
            strategy=_STRATEGIES.get(shared.get("gpuSharingStrategy", ""), ""),
            clients=int(shared.get("maxSharedClientsPerGpu") or 1),
        )

    @property
    def labels(self) -> dict[str, str]:
        """Return what GKE writes on its nodes, empty where it writes nothing."""
        return {
            PARTITION_SIZE: self.partition_size,
            SHARING_STRATEGY: self.strategy,
            MAX_SHARED_CLIENTS: str(self.clients) if self.strategy else "",
        }

    def resources(self, machine: str, gpus: int) -> dict[str, int]:
        """Return what a node with so many GPUs offers.

        Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/machinetypes/gpu.go,
        PhysicalToAllocatable.
        """
        parts = 1
        if self.partition_size:
            gpu = machines()[machine].gpu
            parts = sharing_of(
                gpu, SharingMode.MIG, Manager.GKE, layout=layout_of(gpu, self.partition_size)
            ).units_per_gpu
        return {keys.NVIDIA_GPU: gpus * parts * self.clients}


def resources_by_operator(labels: Mapping[str, str], gpus: int, plan: Plan) -> dict[str, int]:
    """Return what NVIDIA's operator makes of a node's GPUs, as the node's labels ask for it.

    Without the label of a configuration they are whole, and so they stay where their layout is not asked for. Where
    pods claim devices there is no device plugin, and GPUs are no resource of a node.
    """
    if any(pool.sharing.mode is SharingMode.DRA for pool in plan.pools):
        return {}
    named = labels.get(keys.DEVICE_PLUGIN_CONFIG)
    if named is None:
        return {keys.NVIDIA_GPU: gpus}
    sharing = next((pool.sharing for pool in plan.pools if pool.name == named), None)
    if sharing is None:  # its plugin does not start without a configuration
        return {}
    if sharing.mig_config is not None and labels.get(keys.MIG_CONFIG) != sharing.mig_config:
        return {keys.NVIDIA_GPU: gpus}
    return {resource: amount * sharing.units_per_gpu * gpus for resource, amount in sharing.amounts.items()}


def annotations(machine: str, gpus: int, resources: Mapping[str, int]) -> dict[str, str]:
    """Return what lets a node of Karpenter's kwok provider offer its parts of GPUs; nothing where they are whole."""
    if resources == {keys.NVIDIA_GPU: gpus}:
        return {}
    return {keys.SIMULATED_RESOURCES: advertised(machines()[machine], resources)}


def limits(machine: str, gpus: int, resources: Mapping[str, int], nodes: int) -> dict[str, str]:
    """Return the limits of a NodePool of so many nodes: as mizan.manifests.node_pools has them, and for its reasons."""
    if resources == {keys.NVIDIA_GPU: gpus}:
        return {keys.NVIDIA_GPU: str(gpus * nodes)}
    return {"cpu": str(machines()[machine].vcpus * nodes)}
