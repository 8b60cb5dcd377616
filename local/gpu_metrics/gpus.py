"""GPUs with what is on them at one instant: instances, pods, faults."""

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from local.gpu_metrics.faults import Faults, faults_of
from local.gpu_metrics.fleet import Fleet, Slot
from local.gpu_metrics.holdings import Holdings, Place, claimed
from local.gpu_metrics.objects import Cluster, Node, Pod
from local.gpu_metrics.profiles import DEFAULT, NOTHING, Load, behaviour
from mizan import keys


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """The device of a ResourceClaim."""

    namespace: str
    name: str
    device: str


@dataclass(frozen=True, kw_only=True)
class User:
    """A container that has a GPU, an instance or a turn.

    Attributes:
        load: of its pod.
        copy: number of its turn, where pods share.
        claim: that it has the device by.
    """

    pod: Pod
    container: str
    load: Load
    copy: int | None = None
    claim: Claimed | None = None


@dataclass(frozen=True, kw_only=True)
class Part:
    """What DCGM measures by itself: a GPU that is not cut, or a MIG instance.

    Attributes:
        profile: of the instance; None for a GPU.
        instance: its number; None for a GPU.
        turns: that it is shared in; 1 where one pod has it.
    """

    memory_mib: int
    users: tuple[User, ...]
    profile: str | None = None
    instance: int | None = None
    turns: int = 1

    @property
    def compute(self) -> float:
        """Return the part of the time in which any pod's kernel runs, 0 to 1."""
        return min(1.0, self._asked)

    @property
    def usable_mib(self) -> int:
        """Return what pods can have of its memory; the driver keeps a sixty-fourth."""
        return self.memory_mib - self.memory_mib // 64

    @property
    def used_mib(self) -> int:
        """Return what all pods have of its memory."""
        return sum(self.memory_of(uid) for uid in self._loads)

    def compute_of(self, uid: str) -> float:
        """Return a pod's part of the time, 0 to 1: those that ask for more than there is get less, all alike."""
        return self._loads[uid].compute / max(1.0, self._asked)

    def memory_of(self, uid: str) -> int:
        """Return what a pod has of its memory, in MiB."""
        loads = self._loads
        own = sum(user.pod.uid == uid for user in self.users)
        most = self.usable_mib * own // self.turns if self.turns > 1 else self.usable_mib // len(loads)
        return int(loads[uid].memory * most)

    @property
    def _asked(self) -> float:
        return sum(load.compute for load in self._loads.values())

    @property
    def _loads(self) -> Mapping[str, Load]:
        return {user.pod.uid: user.load for user in self.users}


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """A GPU of a node."""

    node: Node
    index: int
    parts: tuple[Part, ...]
    faults: Faults

    @property
    def uuid(self) -> str:
        """Return what tells it from every other; the simulated DRA driver calls it the same."""
        return f"GPU-{uuid.uuid5(uuid.NAMESPACE_OID, f'{self.node.uid}/gpu-{self.index}')}"

    @property
    def compute(self) -> float:
        """Return the part of it that is at work, 0 to 1; instances count by their memory."""
        memory = sum(part.memory_mib for part in self.parts)
        return sum(part.compute * part.memory_mib for part in self.parts) / memory


def gpus_of(cluster: Cluster, fleet: Fleet, holdings: Holdings, now: float) -> Iterator[Gpu]:
    """Yield every GPU of every node, in order.

    Args:
        cluster: as it is now.
        fleet: what its nodes have.
        holdings: who has what of it.
        now: unix seconds.
    """
    pods = defaultdict(list)
    for pod in cluster.pods:
        pods[pod.node].append(pod)
    for node in sorted(cluster.nodes, key=lambda node: node.name):
        slots = fleet.slots_of(node)
        users: dict[int, list[User]] = defaultdict(list)
        for pod in sorted(pods[node.name], key=lambda pod: (pod.created, pod.uid)):
            load = load_of(pod, now)
            for place in (*holdings.get(pod.uid, ()), *claimed(pod, cluster, slots)):
                users[place.slot].append(_user(pod, place, load, slots[place.slot]))
        yield from _of_node(node, slots, users)


def load_of(pod: Pod, now: float) -> Load:
    """Return what a pod uses now; nothing before its start. What it asks for and nobody understands is the default."""
    if pod.started is None:
        return NOTHING
    return (behaviour(pod.annotations.get(keys.SIMULATED_GPU_PROFILE)) or DEFAULT).load(now - pod.started)


def _user(pod: Pod, place: Place, load: Load, slot: Slot) -> User:
    claim = Claimed(namespace=place.claim[0], name=place.claim[1], device=slot.device or "") if place.claim else None
    return User(pod=pod, container=place.container, load=load, copy=slot.copy, claim=claim)


def _of_node(node: Node, slots: Sequence[Slot], users: Mapping[int, list[User]]) -> Iterator[Gpu]:
    by_gpu: dict[int, dict[int | None, list[int]]] = defaultdict(lambda: defaultdict(list))
    for index, slot in enumerate(slots):
        by_gpu[slot.gpu][slot.instance].append(index)
    for gpu, parts in sorted(by_gpu.items()):
        yield Gpu(
            node=node,
            index=gpu,
            parts=tuple(
                _part([(slots[index], users.get(index, [])) for index in indexes]) for indexes in parts.values()
            ),
            faults=faults_of(node.annotations.get(keys.SIMULATED_GPU_FAULTS), gpu),
        )


def _part(turns: Sequence[tuple[Slot, Sequence[User]]]) -> Part:
    """Return a GPU or an instance of its slots: one, or as many as pods take turns."""
    first, _ = turns[0]
    return Part(
        memory_mib=sum(slot.memory_mib for slot, _ in turns),
        users=tuple(user for _, users in turns for user in users),
        profile=first.profile,
        instance=first.instance,
        turns=len(turns),
    )
