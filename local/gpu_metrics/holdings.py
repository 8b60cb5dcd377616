"""Which pod has which part of its node.

A kubelet remembers what it gave; no simulated one does. So a pod keeps what it once got for as long as it is there, and
whoever comes gets what is free: of GPUs that are shared one with the fewest pods, else the first, as NVIDIA's device
plugin does. Source: NVIDIA/k8s-device-plugin@v0.20.0 internal/rm/allocate.go, distributedAlloc.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.gpu_metrics.fleet import Fleet, Slot
from local.gpu_metrics.objects import Cluster, Pod
from mizan import keys


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a container has: one slot of its pod's node.

    Attributes:
        slot: index of it among the node's.
        claim: namespace and name of the ResourceClaim that it has it by.
    """

    container: str
    slot: int
    claim: tuple[str, str] | None = None


Holdings = Mapping[str, tuple[Place, ...]]
"""By the pod's UID what it got from its kubelet; what it claims is not in here, the claim says it."""


def held(before: Holdings, cluster: Cluster, fleet: Fleet) -> Holdings:
    """Return who has what now: what was held before by a pod that is still there, and what newcomers get."""
    slots = {node.name: fleet.slots_of(node) for node in cluster.nodes}
    by_node = defaultdict(list)
    for pod in cluster.pods:
        if slots.get(pod.node):
            by_node[pod.node].append(pod)
    found: dict[str, tuple[Place, ...]] = {}
    for node, pods in by_node.items():
        found |= _on_node(before, pods, slots[node])
    return found


def claimed(pod: Pod, cluster: Cluster, slots: Sequence[Slot]) -> Iterator[Place]:
    """Yield what a pod has by ResourceClaims."""
    indexes = {slot.device: index for index, slot in enumerate(slots) if slot.device}
    for container in pod.containers:
        for name in container.claims:
            claim = cluster.claims.get((pod.namespace, pod.claims.get(name, "")))
            for device in claim.devices if claim else ():
                is_ours = device.driver == keys.NVIDIA_DRA_DRIVER and device.pool == pod.node
                if claim and is_ours and device.name in indexes:
                    key = (claim.namespace, claim.name)
                    yield Place(container=container.name, slot=indexes[device.name], claim=key)


def _on_node(before: Holdings, pods: Iterable[Pod], slots: Sequence[Slot]) -> dict[str, tuple[Place, ...]]:
    found: dict[str, tuple[Place, ...]] = {}
    newcomers = []
    for pod in pods:
        kept = before.get(pod.uid)
        if kept is not None and all(place.slot < len(slots) for place in kept):
            found[pod.uid] = kept
        else:
            newcomers.append(pod)
    taken = {place.slot for places in found.values() for place in places}
    for pod in sorted(newcomers, key=lambda pod: (pod.created, pod.uid)):
        found[pod.uid] = tuple(_placed(pod, slots, taken))
    return found


def _placed(pod: Pod, slots: Sequence[Slot], taken: set[int]) -> Iterator[Place]:
    for container in pod.containers:
        for resource, amount in sorted(container.amounts.items()):
            for _ in range(amount):
                index = _free(resource, slots, taken)
                if index is None:
                    break
                taken.add(index)
                yield Place(container=container.name, slot=index)


def _free(resource: str, slots: Sequence[Slot], taken: set[int]) -> int | None:
    """Return the slot that is given next; None where none is left."""
    pods = Counter(slots[index].gpu for index in taken if slots[index].copy is not None)
    free = [index for index, slot in enumerate(slots) if slot.resource == resource and index not in taken]
    return min(free, key=lambda index: (pods[slots[index].gpu], index), default=None)
