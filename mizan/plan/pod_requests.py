"""What a pod of a workload asks for: GPUs or a part of one, and the CPU and memory that go with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mizan import keys
from mizan.config import GpuRequest
from mizan.plan.model import Flavor, Offer
from mizan.plan.queue_model import FlavorQuota, QueuePlan
from mizan.plan.room import pod_room
from mizan.sharing import WHOLE, GpuPart, GpuSharing, Manager, SharingMode


@dataclass(frozen=True, kw_only=True)
class PodRequest:
    """What each pod of a workload asks for.

    Attributes:
        resource: what Kubernetes and Kueue count.
        units: of `resource`; more than one only of whole GPUs.
        part: what a unit is of a GPU, by name.
        mode: in which its GPUs are shared.
        manager: who sets the sharing up.
        replicas: pods that share a GPU by time-slicing or MPS; 1 for all else.
        gpu_memory_gib: of all units, where they have least.
        pools: on whose nodes it may run.
        node_labels: that its nodes have beside what the queue sees to, each with the values that will do.
        claim: the ResourceClaimTemplate by which it asks for its GPUs instead of as a resource; None without DRA.
        cpu_millis: thousandths of a CPU, so that a full node still has room for what the system runs on it.
        memory_mib: of the node, in the same way.
    """

    resource: str
    units: int
    part: str
    mode: SharingMode
    manager: Manager
    replicas: int
    gpu_memory_gib: Fraction
    pools: tuple[str, ...]
    cpu_millis: int
    memory_mib: int
    node_labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    claim: str | None = None

    @property
    def is_part(self) -> bool:
        """Return whether it asks for a part of a GPU that others have parts of too."""
        return self.part != WHOLE

    @property
    def words(self) -> str:
        """Return it in words: `4 GPUs`, or `1 x 1g.5gb`."""
        return self.spelt(self.units)

    def spelt(self, units: int) -> str:
        """Return so many of what it asks for in words."""
        return spelt(units, self.part)

    def units_of(self, flavor: Flavor, counted: int) -> int:
        """Return what so many units of a flavor's quota are in what it asks for; 0 where it cannot run there."""
        return counted * flavor.sharing.amounts.get(self.resource, 0) if flavor.pool in self.pools else 0

    def pods_on(self, offer: Offer) -> int:
        """Return how many of its pods a node of an offer holds; 0 where none can run there."""
        return offer.resources.get(self.resource, 0) // self.units if offer.pool in self.pools else 0


def spelt(units: int | str, part: str) -> str:
    """Return so many parts of GPUs in words: `1 GPU`, `4 GPUs`, `7 x 1g.5gb` or `4 x 1/4 of a GPU`."""
    if part == WHOLE:
        return f"{units} GPU{'' if str(units) == '1' else 's'}"
    return f"{units} x {part}{' of a GPU' if '/' in part else ''}"


def spelt_units(units: int, sharing: GpuSharing) -> str:
    """Return so many of what a quota of a pool counts in words."""
    return spelt(units, WHOLE if sharing.counts_gpus else sharing.parts[0].name)


def reachable(request: GpuRequest, queue: QueuePlan) -> tuple[tuple[FlavorQuota, GpuPart], ...]:
    """Return the quotas of a queue that can serve a request, each with the part of a GPU that a pod gets there.

    `mizan.config` has checked that there is one, and that all are one resource.
    """
    mode = request.mode_among(quota.flavor.sharing for quota in queue.quotas)
    return tuple(
        (quota, part)
        for quota in queue.quotas
        if mode is not None
        for part in request.parts_of(quota.flavor.sharing, mode)
    )


def reachable_offers(request: GpuRequest, queue: QueuePlan) -> tuple[Offer, ...]:
    """Return the offers on whose nodes a pod can run."""
    return tuple(offer for quota, _ in reachable(request, queue) for offer in quota.flavor.offers)


def pod_request(request: GpuRequest, queue: QueuePlan) -> PodRequest:
    """Return what each pod asks for that gets its GPUs from a queue as a request says."""
    found = reachable(request, queue)
    quota, part = found[0]
    sharing = quota.flavor.sharing
    cpu_millis, memory_mib = pod_room(
        ((offer.machine, each.share) for quota, each in found for offer in quota.flavor.offers), request.count
    )
    pools = tuple(dict.fromkeys(quota.flavor.pool for quota, _ in found))
    return PodRequest(
        resource=part.resource,
        units=request.count,
        part=part.name,
        mode=sharing.mode,
        manager=sharing.manager,
        replicas=sharing.replicas,
        gpu_memory_gib=min(each.memory_gib for _, each in found) * request.count,
        pools=pools,
        node_labels=_node_labels(request, queue, part.resource, pools),
        claim=part.claim_template(request.count) if sharing.mode is SharingMode.DRA else None,
        cpu_millis=cpu_millis,
        memory_mib=memory_mib,
    )


def _node_labels(
    request: GpuRequest, queue: QueuePlan, resource: str, pools: tuple[str, ...]
) -> Mapping[str, tuple[str, ...]]:
    """Return what tells the nodes that serve a request from others of its queue that offer the same resource.

    Kueue holds it against the labels of a flavor, which has both. A capacity type is never among it: that is for the
    queue to choose.
    Source: kubernetes-sigs/kueue@v0.19.2 pkg/scheduler/flavorassigner/flavorassigner.go, flavorSelector.
    """
    flavors = [quota.flavor for quota in queue.quotas if resource in quota.flavor.sharing.amounts]
    labels: dict[str, tuple[str, ...]] = {}
    if request.model is not None:
        labels[keys.GPU_PRODUCT] = tuple(
            dict.fromkeys(flavor.sharing.gpu.product_label for flavor in flavors if flavor.pool in pools)
        )
    of_model = [flavor for flavor in flavors if request.model in (None, flavor.sharing.gpu.name)]
    if any(flavor.pool not in pools for flavor in of_model):
        labels[keys.POOL] = pools
    return labels
