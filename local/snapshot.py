"""The running cluster's objects, read in one go."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ApiError, ConfigError
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Node, Pod

from mizan import keys
from mizan.errors import SourceUnreachable

ANSWER_SECONDS = 10.0

_ClusterQueue = create_global_resource("kueue.x-k8s.io", "v1beta2", "ClusterQueue", "clusterqueues")
_Workload = create_namespaced_resource("kueue.x-k8s.io", "v1beta2", "Workload", "workloads")

Object = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """The cluster's objects as the API server gave them."""

    nodes: tuple[Object, ...]
    pods: tuple[Object, ...]
    jobs: tuple[Object, ...]
    cluster_queues: tuple[Object, ...]
    workloads: tuple[Object, ...]


def fetch(kubeconfig: Path) -> Snapshot:
    """Return what the cluster holds now.

    Raises:
        SourceUnreachable: the API server does not answer.
    """
    try:
        # No proxy of the environment stands between this machine and itself.
        config = KubeConfig.from_file(kubeconfig).get()
        with Client(config, timeout=httpx2.Timeout(ANSWER_SECONDS), trust_env=False) as client:
            return Snapshot(
                nodes=_plain(client.list(Node)),
                pods=_plain(client.list(Pod, namespace="*")),
                jobs=_plain(client.list(Job, namespace="*", labels={keys.MANAGED_BY: "mizan"})),
                cluster_queues=_plain(client.list(_ClusterQueue)),
                workloads=_plain(client.list(_Workload, namespace="*")),
            )
    except (OSError, LookupError, httpx2.HTTPError, ApiError, ConfigError) as error:
        raise SourceUnreachable(
            f"cluster of {kubeconfig}",
            f"{type(error).__name__}: {error}",
            needs="an answer",
            because="the table shows what runs now",
            fix="See `make status`, then `make up`",
        ) from error


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
