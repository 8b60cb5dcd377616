"""The running cluster's objects, read in one go."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.core.exceptions import ApiError, ConfigError, LoadResourceError
from lightkube.core.resource import NamespacedResource
from lightkube.core.resource_registry import resource_registry
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Node, Pod
from yaml import YAMLError  # type: ignore[import-untyped]

from mizan import keys
from mizan.errors import SourceUnreachable
from mizan.manifests import Manifest
from mizan.queueing import Object, QueueObjects

ANSWER_SECONDS = 10.0
POLL_SECONDS = 0.2

_KUEUE = ("kueue.x-k8s.io", "v1beta2")
_ClusterQueue = create_global_resource(*_KUEUE, "ClusterQueue", "clusterqueues")
_Cohort = create_global_resource(*_KUEUE, "Cohort", "cohorts")
_LocalQueue = create_namespaced_resource(*_KUEUE, "LocalQueue", "localqueues")
_Workload = create_namespaced_resource(*_KUEUE, "Workload", "workloads")


@dataclass(frozen=True, kw_only=True)
class Snapshot(QueueObjects):
    """The cluster's objects as the API server gave them."""

    nodes: tuple[Object, ...]
    pods: tuple[Object, ...]
    jobs: tuple[Object, ...]


def fetch(kubeconfig: Path) -> Snapshot:
    """Return what the cluster holds now.

    Raises:
        SourceUnreachable: the API server does not answer.
    """
    with _client(kubeconfig) as client:
        return Snapshot(
            nodes=_plain(client.list(Node)),
            pods=_plain(client.list(Pod, namespace="*")),
            jobs=_plain(client.list(Job, namespace="*", labels={keys.MANAGED_BY: "mizan"})),
            cluster_queues=_plain(client.list(_ClusterQueue)),
            cohorts=_plain(client.list(_Cohort)),
            local_queues=_plain(client.list(_LocalQueue, namespace="*")),
            workloads=_plain(client.list(_Workload, namespace="*")),
        )


@contextmanager
def _client(kubeconfig: Path) -> Iterator[Client]:
    """Give a client whose failures are told as SourceUnreachable."""
    config = _configuration(kubeconfig)
    try:
        # No proxy of the environment stands between this machine and itself.
        with Client(config, timeout=httpx2.Timeout(ANSWER_SECONDS), trust_env=False) as client:
            yield client
    except (OSError, ValueError, httpx2.HTTPError, ApiError, ConfigError) as error:
        raise SourceUnreachable(
            f"cluster of {kubeconfig}",
            f"{type(error).__name__}: {error}",
            needs="an answer",
            because="the table shows what runs now",
            fix="See `make status`, then `make up`",
        ) from error


def missing(kubeconfig: Path, manifests: Iterable[Manifest]) -> list[str]:
    """Return `kind/name` of every manifest whose object the cluster does not hold.

    Raises:
        SourceUnreachable: the API server does not answer.
    """
    wanted: dict[Any, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        wanted[_resource(manifest)].append(manifest)
    lost = []
    with _client(kubeconfig) as client:
        for resource, bodies in wanted.items():
            held = {_identity(item) for item in _every(client, resource)}
            lost += [
                f"{body['kind'].lower()}/{body['metadata']['name']}" for body in bodies if _identity(body) not in held
            ]
    return lost


def _resource(body: Manifest) -> Any:  # noqa: ANN401  # lightkube types each kind by a class of its own
    """Return lightkube's class for a manifest's kind: its own, or one made for a kind that a CRD brought."""
    version, kind = body["apiVersion"], body["kind"]
    try:
        return resource_registry.load(version, kind)
    except LoadResourceError:
        create = create_namespaced_resource if "namespace" in body["metadata"] else create_global_resource
        group, _, number = version.partition("/")
        return create(group, number, kind, _plural(kind))


def _plural(kind: str) -> str:
    """Return a kind's name in a path.

    Source: k8s.io/apimachinery@v0.36.3 pkg/api/meta/restmapper.go, UnsafeGuessKindToResource.
    """
    name = kind.lower()
    if name.endswith("s"):
        return f"{name}es"
    return f"{name.removesuffix('y')}ies" if name.endswith("y") else f"{name}s"


def _every(client: Client, resource: Any) -> tuple[Object, ...]:  # noqa: ANN401
    """Return every object of a kind in all namespaces, none where the cluster does not know the kind.

    An API server that has just got a kind's CRD asks for a moment's patience (429).
    """
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        try:
            if issubclass(resource, NamespacedResource):
                return _plain(client.list(resource, namespace="*"))
            return _plain(client.list(resource))
        except httpx2.HTTPStatusError as error:
            if error.response.status_code == HTTPStatus.NOT_FOUND:
                return ()
            if error.response.status_code != HTTPStatus.TOO_MANY_REQUESTS or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)


def _identity(item: Object) -> tuple[str | None, str]:
    return item["metadata"].get("namespace"), item["metadata"]["name"]


def _configuration(kubeconfig: Path) -> SingleConfig:
    try:
        found = KubeConfig.from_file(kubeconfig).get()
    except (OSError, LookupError, AttributeError, TypeError, ValueError, YAMLError, ConfigError) as error:
        found = None
        fault = f"{type(error).__name__}: {error}"
    else:
        fault = "no current context"
    if found is None:
        raise SourceUnreachable(
            f"kubeconfig {kubeconfig}",
            fault,
            needs="the one that `make up` writes",
            because="the cluster is reached through it",
            fix="Run `make up`, which writes it again",
        )
    return found


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
