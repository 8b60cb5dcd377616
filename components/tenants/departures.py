"""Teams that leave the stack file while their jobs run: told before anything is touched.

The one place where the program reads the cluster by itself: Pulumi knows what it has made, not what people run there.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pulumi
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, PersistentVolumeClaim, Pod

from mizan import keys
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import logged_in, only, proxy_of, read_kubeconfig, server_of
from mizan.plan import Plan
from mizan.plan.departures import Object, Work, departing, filled, refusal, unfinished

ANSWER_WITHIN_SECONDS = 15.0


def refuse_departures(plan: Plan, named: Cluster) -> None:
    """Return where nothing runs in a namespace that the update would remove.

    Args:
        plan: of the stack.
        named: its cluster in a kubeconfig.

    Raises:
        pulumi.RunError: something does, or the cluster does not say.
    """
    try:
        path, document = read_kubeconfig(named)
        fault = refusal(plan, _work_that_would_end(plan, named, document, path))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    if fault is not None:
        raise pulumi.RunError(str(fault))


def refuse_departures_of(plan: Plan, kubeconfig: str) -> None:
    """Do the same for a cluster that the stack has made, by the text of its kubeconfig.

    Raises:
        pulumi.RunError: as `refuse_departures` does.
    """
    document = json.loads(kubeconfig)
    context = document["current-context"]
    named = Cluster(kubeconfig=f"of cluster {context}", context=context, name=context)
    try:
        fault = refusal(plan, _work_that_would_end(plan, named, document, Path(named.kubeconfig)))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    if fault is not None:
        raise pulumi.RunError(str(fault))


def _work_that_would_end(plan: Plan, named: Cluster, document: Mapping[str, Any], path: Path) -> list[Work]:
    with _client(named, document, path, is_embedded=plan.cloud is Cloud.LOCAL) as client:
        namespaces = _plain(client.list(Namespace, labels={keys.STACK: plan.stack}))
        return [
            work
            for namespace in departing(plan, namespaces)
            for work in (
                *unfinished(
                    _plain(client.list(Job, namespace=namespace)), _plain(client.list(Pod, namespace=namespace))
                ),
                *filled(_plain(client.list(PersistentVolumeClaim, namespace=namespace))),
            )
        ]


@contextmanager
def _client(named: Cluster, document: Mapping[str, Any], path: Path, *, is_embedded: bool) -> Iterator[Client]:
    """Give a client of exactly this cluster, whose failures are told as SourceUnreachable."""
    server = server_of(document, named)
    try:
        with Client(
            KubeConfig.from_dict(logged_in(only(document, named), path), fname=path),
            timeout=httpx2.Timeout(ANSWER_WITHIN_SECONDS),
            # No proxy of the environment stands between this machine and itself.
            trust_env=not is_embedded,
            proxy=proxy_of(document, named),
        ) as client:
            yield client
    # What a kubeconfig and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, httpx2.HTTPError,
            httpx2.InvalidURL, ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            f"cluster {server} of kubeconfig {path}",
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs="an answer to which namespaces, jobs and volumes it holds",
            because="a team that is removed while its jobs run would take them along",
            fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list them",
        ) from error


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
