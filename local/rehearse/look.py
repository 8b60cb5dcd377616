"""One look at a simulated cloud and at the rehearsed cluster, and what is changed in the cluster so that both agree."""

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Protocol

from httpx2 import HTTPStatusError
from lightkube import ALL_NS, Client, codecs
from lightkube.generic_resource import create_global_resource
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import Node, Pod
from lightkube.types import PatchType

from local.control_plane import processes
from local.control_plane.daemons import KUEUE
from local.control_plane.installed_kueue import DEPLOYMENT
from local.control_plane.objects import APPLIED
from local.home import Home
from local.rehearsal.store import Record
from local.rehearse import eks_twins, gke_twins, twins
from mizan import keys
from mizan.config import Cloud, Install, KueueAddon
from mizan.manifests.kwok_nodes import node_class
from mizan.manifests.manifest import Manifest
from mizan.plan import Plan

KUEUE_READY_SECONDS = 60.0

NodePool = create_global_resource("karpenter.sh", "v1", "NodePool", "nodepools")
NodeOverlay = create_global_resource("karpenter.sh", "v1alpha1", "NodeOverlay", "nodeoverlays")
NodeClass = create_global_resource("karpenter.kwok.sh", "v1alpha1", "KWOKNodeClass", "kwoknodeclasses")


class Plane(Protocol):
    """The control plane, as far as a shadow needs it."""

    @property
    def home(self) -> Home:
        """Return its folder."""

    def client(self) -> Client:
        """Return a client of the cluster, as its administrator."""

    def follow_installed_kueue(self, *, timeout_seconds: float) -> object:
        """Return once the Kueue of a chart is ready outside the cluster, or has ended with the chart."""


class InstalledKueue:
    """The Kueue that the program's chart installs; its process comes, changes and goes with the chart's Deployment."""

    def __init__(self, plane: Plane, settings: KueueAddon) -> None:
        """Touch nothing yet."""
        self._plane = plane
        self._is_expected = settings.install is Install.HELM
        self._followed: tuple[str | None, int | None] | None = None

    def works(self, client: Client) -> bool:
        """Return whether Kueue works, or is none of the program's; where its chart has changed, the process follows."""
        if not self._is_expected:
            return True
        deployment = _found(lambda: client.get(Deployment, DEPLOYMENT, namespace=keys.KUEUE_NAMESPACE))
        metadata = (deployment and deployment.metadata) or None
        seen = (metadata.uid, metadata.generation) if metadata else None
        is_running = processes.find(self._plane.home, KUEUE.name) is not None
        if seen != self._followed or is_running != (seen is not None):
            self._plane.follow_installed_kueue(timeout_seconds=KUEUE_READY_SECONDS)
            self._followed = seen
        return seen is not None


class Look:
    """One look."""

    def __init__(self, client: Client, plan: Plan, records: list[Record], kueue: InstalledKueue) -> None:
        """Read the cluster.

        Args:
            client: of the cluster.
            plan: of the stack, on GKE or on EKS.
            records: of the simulated cloud.
            kueue: of the program.
        """
        self._client, self._plan, self._records, self._kueue = client, plan, records, kueue
        self._nodes = list(client.list(Node))
        self._node_pools = _listed(client, NodePool)
        self._overlays = _listed(client, NodeOverlay)

    def settle(self) -> None:
        """Change what differs. What goes, and what is made anew, takes more than one look."""
        wanted = _by_name(self._twins())
        if wanted and not _listed(self._client, NodeClass):
            self._client.create(codecs.from_dict(node_class()))
        # First what the nodes offer, or a node would be made for less.
        self._fit(NodeOverlay, _by_name(self._overlay_twins()), self._overlays)
        self._fit(NodePool, wanted, self._node_pools)
        self._drain(wanted)
        is_open = self._kueue.works(self._client)
        self._fit(Node, _by_name(self._standing()), self._nodes, may_add=is_open)

    def _twins(self) -> list[Manifest]:
        if self._plan.cloud is Cloud.GKE:
            found = (gke_twins.twin(pool, self._plan) for pool in gke_twins.pools_of(self._records))
            return [each for each in found if each is not None]
        bodies = _originals(self._node_pools)
        return [eks_twins.twin(body, self._plan) for body in bodies if eks_twins.is_original(body)]

    def _overlay_twins(self) -> list[Manifest]:
        if self._plan.cloud is Cloud.GKE:
            found = (gke_twins.overlay(pool, self._plan) for pool in gke_twins.pools_of(self._records))
            return [each for each in found if each is not None]
        return [eks_twins.overlay_twin(body) for body in _originals(self._overlays)]

    def _standing(self) -> list[Manifest]:
        """Return the nodes that are there whether a pod needs them or not.

        None is added before the Kueue that the program installs works outside the cluster: on a node its pod turns
        ready at once, and Helm would take Kueue for ready too.
        """
        if self._plan.cloud is Cloud.EKS:
            return eks_twins.nodes(self._records, self._plan.region)
        pools = gke_twins.pools_of(self._records)
        return [node for pool in pools for node in gke_twins.nodes(pool, self._plan)]

    def _drain(self, wanted: Mapping[str, Manifest]) -> None:
        """Evict what runs on the nodes of a GKE node pool that is gone, as GKE does, whatever the pods say.

        Karpenter takes the nodes once they are empty, but leaves pods alone that ask for it, which GKE does not.
        """
        for node in self._nodes:
            labels = _metadata(node).labels or {}
            twin = twins.twin_name(labels.get(gke_twins.NODE_POOL_LABEL, ""))
            if labels.get(keys.NODE_POOL) == twin and twin not in wanted:
                self._evict(_name(node))

    def _fit(self, kind: Any, wanted: Mapping[str, Manifest], there: Iterable[Any], *, may_add: bool = True) -> None:  # noqa: ANN401
        """Make what there is of a kind what is wanted."""
        held = {_name(each): _metadata(each) for each in there if _is_ours(each)}
        for name, metadata in held.items():
            if name not in wanted or _identity(metadata) != _identity_of(wanted[name]):
                self._remove(kind, name, metadata)
            elif _applied(metadata) != twins.digest(wanted[name]):
                self._client.apply(codecs.from_dict(twins.dated(wanted[name])), force=True)
        for name in wanted.keys() - held.keys() if may_add else ():
            self._client.create(codecs.from_dict(twins.dated(wanted[name])))

    def _remove(self, kind: Any, name: str, metadata: ObjectMeta) -> None:  # noqa: ANN401
        """Let something go: of a twin Karpenter drains the nodes; a node of ours goes once it is empty."""
        if metadata.deletionTimestamp is None and not (kind is Node and self._holds_pods(name)):
            _found(lambda: self._client.delete(kind, name))

    def _holds_pods(self, node: str) -> bool:
        """Return whether pods are left on a node; no more come, as what is evicted would be back at once."""
        cordon = {"spec": {"unschedulable": True}}
        _found(lambda: self._client.patch(Node, node, cordon, patch_type=PatchType.MERGE))
        return self._evict(node)

    def _evict(self, node: str) -> bool:
        """Return whether pods are left on a node; all are asked to go, as far as their budgets of disruptions allow."""
        pods = list(self._client.list(Pod, namespace=ALL_NS, fields={"spec.nodeName": node}))
        for pod in pods:
            metadata = _metadata(pod)
            if metadata.deletionTimestamp is None:
                self._ask_to_go(metadata.name or "", metadata.namespace or "")
        return bool(pods)

    def _ask_to_go(self, pod: str, namespace: str) -> None:
        eviction = Pod.Eviction(metadata=ObjectMeta(name=pod, namespace=namespace))
        refusals = (HTTPStatus.NOT_FOUND, HTTPStatus.TOO_MANY_REQUESTS)
        _found(lambda: self._client.create(eviction, pod, namespace=namespace), refusals)


def _found(ask: Callable[[], Any], refusals: Collection[int | None] = (HTTPStatus.NOT_FOUND,)) -> Any:  # noqa: ANN401
    """Return what the API server answers; None where it refuses in one of these ways."""
    try:
        return ask()
    # Not only an ApiError: of a kind whose chart is not there it answers 404 without a Status.
    except HTTPStatusError as error:
        if error.response.status_code in refusals:
            return None
        raise


def _listed(client: Client, kind: Any) -> list[Any]:  # noqa: ANN401 - a kind of a chart that may not be there
    return _found(lambda: list(client.list(kind))) or []


def _originals(there: Iterable[Any]) -> list[Manifest]:
    """Return what the program has made, and has not let go."""
    return [each.to_dict() for each in there if not _is_ours(each) and not each.metadata.deletionTimestamp]


def _by_name(bodies: Iterable[Manifest]) -> dict[str, Manifest]:
    return {body["metadata"]["name"]: body for body in bodies}


def _metadata(thing: Any) -> ObjectMeta:  # noqa: ANN401
    return thing.metadata or ObjectMeta()


def _name(thing: Any) -> str:  # noqa: ANN401
    return _metadata(thing).name or ""


def _is_ours(thing: Any) -> bool:  # noqa: ANN401
    return twins.SIMULATED in (_metadata(thing).labels or {})


def _identity(metadata: ObjectMeta) -> str | None:
    return (metadata.annotations or {}).get(twins.IDENTITY)


def _identity_of(body: Manifest) -> str:
    return str(body["metadata"]["annotations"][twins.IDENTITY])


def _applied(metadata: ObjectMeta) -> str | None:
    return (metadata.annotations or {}).get(APPLIED)
