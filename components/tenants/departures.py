"""Teams that leave the stack file while their jobs run: told before anything is touched.

The one place where the program reads the cluster by itself: Pulumi knows what it has made, not what people run there.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pulumi
from lightkube import Client, KubeConfig
from lightkube.config.kubeconfig import SingleConfig
from lightkube.config.models import NameValue, User, UserExec
from lightkube.core.exceptions import ConfigError
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, Pod
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from components.cluster import Cluster
from mizan import keys
from mizan.config import Cluster as NamedCluster
from mizan.errors import PlatformError, SourceUnreachable
from mizan.kubeconfig import proxy_of
from mizan.plan import Plan
from mizan.plan.departures import Object, Work, departing, refusal, unfinished

ANSWER_WITHIN_SECONDS = 15.0

# A plugin of `v1` learns from this variable which version to answer in; the answer is that of `v1beta1`, the newest
# that the client knows by name.
# Source: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins,
# read 2026-11-22; gtsystem/lightkube@v1.0.1 lightkube/config/client_adapter.py, ExecAuth.
EXEC_V1 = "client.authentication.k8s.io/v1"
EXEC_KNOWN = "client.authentication.k8s.io/v1beta1"
EXEC_INFO = "KUBERNETES_EXEC_INFO"


def refuse_departures(plan: Plan, cluster: Cluster) -> None:
    """Return where nothing runs in a namespace that the update would remove.

    Raises:
        pulumi.RunError: something does, or the cluster does not say.
    """
    try:
        fault = refusal(plan, _work_that_would_end(plan, cluster))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    if fault is not None:
        raise pulumi.RunError(str(fault))


def _work_that_would_end(plan: Plan, cluster: Cluster) -> list[Work]:
    with _client(cluster) as client:
        namespaces = _plain(client.list(Namespace, labels={keys.STACK: plan.stack}))
        return [
            work
            for namespace in departing(plan, namespaces)
            for work in unfinished(
                _plain(client.list(Job, namespace=namespace)), _plain(client.list(Pod, namespace=namespace))
            )
        ]


@contextmanager
def _client(cluster: Cluster) -> Iterator[Client]:
    """Give a client whose failures are told as SourceUnreachable."""
    try:
        document = YAML(typ="safe").load(Path(cluster.kubeconfig).read_text(encoding="utf-8"))
        config = KubeConfig.from_dict(document, fname=cluster.kubeconfig)
        with Client(
            _chosen(config, cluster.context),
            timeout=httpx2.Timeout(ANSWER_WITHIN_SECONDS),
            proxy=proxy_of(document, _named(config, cluster)),
        ) as client:
            yield client
    # What a kubeconfig, a credential plugin and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, YAMLError, httpx2.HTTPError,
            ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            f"cluster of context {cluster.context} in kubeconfig {cluster.kubeconfig}",
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs="an answer to which namespaces and jobs it holds",
            because="a team that is removed while its jobs run would take them along",
            fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list them",
        ) from error


def _named(config: KubeConfig, cluster: Cluster) -> NamedCluster:
    """Return the cluster under the name that its context gives it."""
    name = config.contexts[cluster.context].cluster
    return NamedCluster(kubeconfig=str(cluster.kubeconfig), context=cluster.context, name=name)


def _chosen(config: KubeConfig, context: str) -> SingleConfig:
    """Return one context as the client takes it: with a user, and a credential plugin of a version that it knows."""
    chosen = config.contexts[context]
    user = config.users[chosen.user] if chosen.user else User()
    if user.exec is not None and user.exec.apiVersion == EXEC_V1:
        asked = {"apiVersion": EXEC_V1, "kind": "ExecCredential", "spec": {"interactive": False}}
        told = [*(user.exec.env or []), NameValue(name=EXEC_INFO, value=json.dumps(asked))]
        user = User(exec=UserExec(apiVersion=EXEC_KNOWN, command=user.exec.command, args=user.exec.args, env=told))
    return SingleConfig(context, chosen, config.clusters[chosen.cluster], user, config.fname)


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
