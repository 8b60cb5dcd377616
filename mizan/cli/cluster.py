"""The edge to a running cluster: Kueue's objects of the cluster that a stack names."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.generic_resource import create_global_resource, create_namespaced_resource

from mizan import keys
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import logged_in, only, proxy_of, read_kubeconfig, server_of
from mizan.plan import Plan
from mizan.queueing import Object, QueueObjects

ANSWER_SECONDS = 10.0

_KUEUE = ("kueue.x-k8s.io", "v1beta2")
_CLUSTER_QUEUE = create_global_resource(*_KUEUE, "ClusterQueue", "clusterqueues")
_COHORT = create_global_resource(*_KUEUE, "Cohort", "cohorts")
_LOCAL_QUEUE = create_namespaced_resource(*_KUEUE, "LocalQueue", "localqueues")
_WORKLOAD = create_namespaced_resource(*_KUEUE, "Workload", "workloads")


def queue_objects(plan: Plan, environment: Mapping[str, str] = os.environ) -> QueueObjects:
    """Return Kueue's objects of a stack's cluster.

    Args:
        plan: names the cluster: its kubeconfig and context, or the embedded one.
        environment: where the embedded cluster's kubeconfig is named.

    Raises:
        PlatformError: no kubeconfig, or it leads to another cluster than the stack's.
        SourceUnreachable: nobody can log in to the cluster, or it does not answer, refuses, or has no Kueue.
    """
    cluster = plan.cluster if plan.cluster is not None else _embedded(plan.stack, environment)
    with _client(cluster, is_embedded=plan.cloud is Cloud.LOCAL) as client:
        return QueueObjects(
            cluster_queues=_plain(client.list(_CLUSTER_QUEUE)),
            cohorts=_plain(client.list(_COHORT)),
            local_queues=_plain(client.list(_LOCAL_QUEUE, namespace="*")),
            workloads=_plain(client.list(_WORKLOAD, namespace="*")),
        )


def _embedded(stack: str, environment: Mapping[str, str]) -> Cluster:
    """Return the embedded cluster by the kubeconfig that the environment names: never by the user's own."""
    named = environment.get(keys.KUBECONFIG_VARIABLE) or environment.get("KUBECONFIG") or ""
    name = keys.LOCAL_CONTEXT
    seen = f"neither {keys.KUBECONFIG_VARIABLE} nor KUBECONFIG is set"
    for path in filter(None, named.split(os.pathsep)):
        cluster = Cluster(kubeconfig=path, context=name, name=name)
        try:
            server_of(read_kubeconfig(cluster)[1], cluster)
        except PlatformError as error:
            seen = f"{error.where}: {error.observed}"
        else:
            return cluster
    raise PlatformError(
        f"stack {stack}",
        seen,
        needs="the embedded cluster's kubeconfig",
        because="a stack with `mizan:cloud: local` runs nowhere else",
        fix='Run `make up` if it does not run, then `eval "$(make env)"` in this shell',
    )


@contextmanager
def _client(cluster: Cluster, *, is_embedded: bool) -> Iterator[Client]:
    """Give a client of exactly this cluster, whose failures are told as SourceUnreachable."""
    path, document = read_kubeconfig(cluster)
    server = server_of(document, cluster)
    try:
        with Client(
            KubeConfig.from_dict(logged_in(only(document, cluster), path), fname=path),
            timeout=httpx2.Timeout(ANSWER_SECONDS),
            # No proxy of the environment stands between this machine and itself.
            trust_env=not is_embedded,
            proxy=proxy_of(document, cluster),
        ) as client:
            yield client
    except httpx2.HTTPStatusError as error:
        raise _refused(error, server, path) from error
    # What a kubeconfig and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, httpx2.HTTPError,
            httpx2.InvalidURL, ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            f"cluster {server} of kubeconfig {path}",
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs="an answer",
            because="--live shows what runs now",
            fix="See `make status`, then `make up`"
            if is_embedded
            else "Start the cluster or the network to it, or log in",
        ) from error


def _refused(error: httpx2.HTTPStatusError, server: str, path: Path) -> SourceUnreachable:
    where, code = f"cluster {server} of kubeconfig {path}", error.response.status_code
    if code == HTTPStatus.NOT_FOUND:
        return SourceUnreachable(
            where,
            f"no {'/'.join(_KUEUE)}",
            needs="Kueue 0.15 or newer",
            because="queues, quotas and waiting jobs are Kueue's",
            fix="Run `pulumi up` of a stack with `kueue: {install: helm}`, or install Kueue, and try again",
        )
    if code in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return SourceUnreachable(
            where,
            " ".join(str(error).split()),
            needs="the right to list clusterqueues, cohorts, localqueues and workloads of kueue.x-k8s.io",
            because="they tell who has what",
            fix="Log in again, or ask for the ClusterRole kueue-batch-admin-role",
        )
    return SourceUnreachable(
        where,
        " ".join(str(error).split()),
        needs="an answer",
        because="--live shows what runs now",
        fix="Try again in a moment",
    )


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
