"""The edge to a running cluster: Kueue's objects of the cluster that a stack names, and what holds its queues."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx2
from lightkube import Client
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.types import PatchType

from mizan import keys
from mizan.budgets.queues import FIELD_MANAGER
from mizan.budgets.web import Refused
from mizan.cluster_client import Question, asking, in_file
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import read_kubeconfig, server_of
from mizan.plan import Plan
from mizan.queueing import Object, QueueObjects

ANSWER_SECONDS = 10.0

_KUEUE = ("kueue.x-k8s.io", "v1beta2")
_CLUSTER_QUEUE = create_global_resource(*_KUEUE, "ClusterQueue", "clusterqueues")
_COHORT = create_global_resource(*_KUEUE, "Cohort", "cohorts")
_LOCAL_QUEUE = create_namespaced_resource(*_KUEUE, "LocalQueue", "localqueues")
_WORKLOAD = create_namespaced_resource(*_KUEUE, "Workload", "workloads")
_EVENT = create_namespaced_resource("events.k8s.io", "v1", "Event", "events")

_LIVE = "--live shows what runs now"
_BUDGETS = "budgets hold and release the cluster's own queues"


def queue_objects(plan: Plan, environment: Mapping[str, str] = os.environ) -> QueueObjects:
    """Return Kueue's objects of a stack's cluster.

    Args:
        plan: names the cluster: its kubeconfig and context, or the embedded one.
        environment: where the embedded cluster's kubeconfig is named.

    Raises:
        PlatformError: no kubeconfig, or it leads to another cluster than the stack's.
        SourceUnreachable: nobody can log in to the cluster, or it does not answer, refuses, or has no Kueue.
    """
    with _client_of(plan, environment, _LIVE) as client:
        return QueueObjects(
            cluster_queues=_plain(client.list(_CLUSTER_QUEUE)),
            cohorts=_plain(client.list(_COHORT)),
            local_queues=_plain(client.list(_LOCAL_QUEUE, namespace="*")),
            workloads=_plain(client.list(_WORKLOAD, namespace="*")),
        )


class HeldCluster:
    """The LocalQueues of a stack's cluster, to be held and released (mizan.budgets.api_server.Cluster)."""

    def __init__(self, client: Client) -> None:
        """Keep the client of that cluster."""
        self._client = client

    def queues(self, namespace: str) -> list[dict[str, Any]]:
        """Return the LocalQueues of a namespace."""
        with _refusals():
            return [dict(each) for each in _plain(self._client.list(_LOCAL_QUEUE, namespace=namespace))]

    def queue(self, namespace: str, name: str) -> dict[str, Any]:
        """Return one LocalQueue."""
        with _refusals():
            (found,) = _plain([self._client.get(_LOCAL_QUEUE, name, namespace=namespace)])
            return dict(found)

    def patch(self, namespace: str, name: str, body: dict[str, Any]) -> None:
        """Change a LocalQueue by a JSON merge patch, as our field manager."""
        with _refusals():
            self._client.patch(
                _LOCAL_QUEUE,
                name,
                body,
                namespace=namespace,
                patch_type=PatchType.MERGE,
                field_manager=FIELD_MANAGER,
            )

    def tell(self, event: dict[str, Any]) -> None:
        """Create an Event; one that is already told is told."""
        try:
            with _refusals():
                self._client.create(_EVENT.from_dict(event))
        except Refused as refused:
            if refused.code != HTTPStatus.CONFLICT:
                raise


@contextmanager
def held_cluster(plan: Plan, environment: Mapping[str, str] = os.environ) -> Iterator[HeldCluster]:
    """Give the cluster of a stack, whose queues are to be held and released.

    Args:
        plan: names the cluster: its kubeconfig and context, or the embedded one.
        environment: where the embedded cluster's kubeconfig is named.

    Raises:
        PlatformError: no kubeconfig, or it leads to another cluster than the stack's.
        SourceUnreachable: nobody can log in to the cluster, or it does not answer.
    """
    with _client_of(plan, environment, _BUDGETS) as client:
        yield HeldCluster(client)


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell what the cluster does not do as Refused, so that other queues are gone on with."""
    try:
        yield
    except httpx2.HTTPStatusError as error:
        raise Refused(str(error), error.response.status_code) from error


@contextmanager
def _client_of(plan: Plan, environment: Mapping[str, str], because: str) -> Iterator[Client]:
    """Give a client of the stack's cluster, which tells apart what that refuses."""
    is_embedded = plan.cloud is Cloud.LOCAL
    named = plan.cluster if plan.cluster is not None else _embedded(plan.stack, environment)
    reached = in_file(named, is_embedded=is_embedded)
    fix = "See `make status`, then `make up`" if is_embedded else "Start the cluster or the network to it, or log in"
    question = Question(needs="an answer", because=because, fix=fix, within_seconds=ANSWER_SECONDS)
    with asking(reached, question) as client:
        try:
            yield client
        except httpx2.HTTPStatusError as error:
            raise _refused(error, reached.where, because) from error


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


def _refused(error: httpx2.HTTPStatusError, where: str, because: str) -> SourceUnreachable:
    code = error.response.status_code
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
        because=because,
        fix="Try again in a moment",
    )


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
