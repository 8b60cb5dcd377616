"""The edge to a running cluster: Kueue's objects of the cluster that a stack names, and what holds its queues."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

import httpx2
from lightkube import ApiError, Client
from lightkube.generic_resource import create_global_resource, create_namespaced_resource
from lightkube.types import PatchType

from mizan import keys
from mizan.budgets.queues import FIELD_MANAGER
from mizan.budgets.web import Refused
from mizan.cli import contexts
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

# Beside a refusal in its own words: a connection that breaks, and an answer that is none.
_NO_ANSWER = (httpx2.HTTPError, ValueError, LookupError, TypeError, AttributeError)
_HELPS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "log in again",
    HTTPStatus.FORBIDDEN: f"needs the right to list, get and patch localqueues of {_KUEUE[0]}, and to create events of "
    "events.k8s.io",
}


def queue_objects(
    plan: Plan, environment: Mapping[str, str] = os.environ, *, context: str | None = None
) -> QueueObjects:
    """Return Kueue's objects of a stack's cluster.

    Args:
        plan: names the cluster: by kubeconfig and context, as its cloud names it, or the embedded one.
        environment: where kubeconfigs are named.
        context: by which it is entered; None takes the stack's own, or looks for one of the cluster.

    Raises:
        PlatformError: no kubeconfig, no context of the cluster, or it leads to another cluster than the stack's.
        SourceUnreachable: nobody can log in to the cluster, or it does not answer, refuses, or has no Kueue.
    """
    with _client_of(_named(plan, context, environment), _LIVE, is_embedded=_is_embedded(plan)) as client:
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
        self._has_answered = False

    def queues(self, namespace: str) -> list[dict[str, Any]]:
        """Return the LocalQueues of a namespace."""
        with _refusals(is_first=not self._has_answered):
            found = [dict(each) for each in _plain(self._client.list(_LOCAL_QUEUE, namespace=namespace))]
        self._has_answered = True
        return found

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
def held_cluster(
    plan: Plan, environment: Mapping[str, str] = os.environ, *, context: str | None = None
) -> Iterator[HeldCluster]:
    """Give the cluster of a stack, whose queues are to be held and released.

    Args:
        plan: names the cluster: by kubeconfig and context, as its cloud names it, or the embedded one.
        environment: where kubeconfigs are named.
        context: by which it is entered; None takes the stack's own, or looks for one of the cluster.

    Raises:
        PlatformError: no kubeconfig, no context of the cluster, or it leads to another cluster than the stack's.
        SourceUnreachable: nobody can log in to the cluster, or it does not answer.
    """
    with _client_of(_named(plan, context, environment), _BUDGETS, is_embedded=_is_embedded(plan)) as client:
        yield HeldCluster(client)


@contextmanager
def _refusals(*, is_first: bool = False) -> Iterator[None]:
    """Tell what the cluster does not do as Refused, so that other queues are gone on with.

    Args:
        is_first: nothing was answered before. A cluster that is away, lets nobody in or has no Kueue then stays what it
            is: nothing would come of other queues.
    """
    try:
        yield
    except httpx2.HTTPStatusError as error:
        code = error.response.status_code
        if is_first and code in (HTTPStatus.NOT_FOUND, HTTPStatus.UNAUTHORIZED):
            raise
        raise Refused(_answered(error, code), code) from error
    except _NO_ANSWER as error:
        if is_first:
            raise
        raise Refused(f"no answer: {type(error).__name__}: {error}") from error


def _answered(error: httpx2.HTTPStatusError, code: int) -> str:
    """Return what a cluster says of a refusal, and what helps."""
    told = str(error) if isinstance(error, ApiError) else f"{code} {error.response.reason_phrase}"
    return f"{told}; {_HELPS[code]}" if code in _HELPS else told


@contextmanager
def _client_of(named: Cluster, because: str, *, is_embedded: bool) -> Iterator[Client]:
    """Give a client of the stack's cluster, which tells apart what that refuses."""
    reached = in_file(named, is_embedded=is_embedded)
    fix = "See `make status`, then `make up`" if is_embedded else "Start the cluster or the network to it, or log in"
    question = Question(needs="an answer", because=because, fix=fix, within_seconds=ANSWER_SECONDS)
    with asking(reached, question) as client:
        try:
            yield client
        except httpx2.HTTPStatusError as error:
            raise _refused(error, reached.where, because) from error


def _is_embedded(plan: Plan) -> bool:
    return plan.cloud is Cloud.LOCAL


def _named(plan: Plan, context: str | None, environment: Mapping[str, str]) -> Cluster:
    """Return the cluster of a stack: the embedded one for stacks of that cloud alone."""
    if plan.cluster is not None:
        return plan.cluster if context is None else plan.cluster.model_copy(update={"context": context})
    if not _is_embedded(plan):
        return contexts.cluster_of(plan, context, environment)
    if context is not None:
        raise PlatformError(
            "--context",
            context,
            needs="a stack of GKE, EKS or an existing cluster",
            because=f"stack {plan.stack} has `mizan:cloud: local`, and runs in the embedded cluster alone",
            fix="Leave `--context` out",
        )
    return _embedded(plan.stack, environment)


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
