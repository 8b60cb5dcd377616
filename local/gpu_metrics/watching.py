"""What the cluster holds, followed by watches."""

import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

from httpx2 import HTTPError
from lightkube import ApiError, Client, KubeConfig
from lightkube.resources.core_v1 import Node as NodeResource
from lightkube.resources.core_v1 import Pod as PodResource
from lightkube.resources.resource_v1 import ResourceClaim

from local.gpu_metrics.objects import Claim, Cluster, Node, Object, Pod, claim_of, node_of, pod_of
from mizan import keys

_RETRY_SECONDS = 1.0
_EVERY_NAMESPACE = "*"

_T = TypeVar("_T")


class _Followed(Generic[_T]):
    """All objects of one kind, as far as they can be read."""

    def __init__(self, kind: Any, read: Callable[[Object], _T | None], say: Callable[[str], None]) -> None:  # noqa: ANN401 - lightkube types each kind by a class of its own
        self._kind = kind
        self._read = read
        self._say = say
        self._lock = threading.Lock()
        self._held: dict[str, _T] = {}
        self.is_ready = threading.Event()

    def held(self) -> tuple[_T, ...]:
        """Return them as they are now."""
        with self._lock:
            return tuple(self._held.values())

    def follow(self, config: KubeConfig, ended: threading.Event) -> None:
        """Follow them until `ended`; what is known stays known while the API server is away."""
        with Client(config, trust_env=False) as client:
            while not ended.is_set():
                try:
                    self._list_and_watch(client)
                except (ApiError, HTTPError) as error:
                    if not ended.is_set():
                        self._say(f"{self._kind.__name__}: {type(error).__name__}: {error}; looking again")
                ended.wait(_RETRY_SECONDS)

    def _list_and_watch(self, client: Client) -> None:
        scope: dict[str, Any] = {"namespace": _EVERY_NAMESPACE} if self._kind is not NodeResource else {}
        listed = client.list(self._kind, **scope)
        found = dict(self._pairs(each.to_dict()) for each in listed)
        with self._lock:
            self._held = {uid: each for uid, each in found.items() if each is not None}
        self.is_ready.set()
        for event, each in client.watch(self._kind, resource_version=listed.resourceVersion, **scope):
            uid, read = self._pairs(each.to_dict())
            with self._lock:
                if event == "DELETED" or read is None:
                    self._held.pop(uid, None)
                else:
                    self._held[uid] = read

    def _pairs(self, found: Mapping[str, Any]) -> tuple[str, _T | None]:
        return found["metadata"]["uid"], self._read(found)


class Watched:
    """The cluster as the API server tells it."""

    def __init__(self, config: KubeConfig, say: Callable[[str], None], *, has_claims: bool) -> None:
        """Take where the API server is.

        Args:
            config: of the API server.
            say: takes what goes wrong meanwhile.
            has_claims: whether pods claim devices; Kubernetes has no claims before 1.34.
        """
        self._config = config
        self._ended = threading.Event()
        self._nodes: _Followed[Node] = _Followed(NodeResource, lambda found: node_of(found, keys.NVIDIA_GPU), say)
        self._pods: _Followed[Pod] = _Followed(PodResource, pod_of, say)
        self._claims: _Followed[Claim] = _Followed(ResourceClaim, claim_of, say)
        self._followed: tuple[_Followed[Any], ...] = (self._nodes, self._pods, *([self._claims] if has_claims else []))

    def begin(self) -> None:
        """Follow it from now on."""
        for followed in self._followed:
            threading.Thread(target=followed.follow, args=(self._config, self._ended), daemon=True).start()

    def end(self) -> None:
        """Look no more once the requests that are on their way have ended."""
        self._ended.set()

    @property
    def is_ready(self) -> bool:
        """Return whether all was read once."""
        return all(followed.is_ready.is_set() for followed in self._followed)

    def cluster(self) -> Cluster:
        """Return what there is now."""
        claims = {(claim.namespace, claim.name): claim for claim in self._claims.held()}
        return Cluster(nodes=self._nodes.held(), pods=self._pods.held(), claims=claims)
