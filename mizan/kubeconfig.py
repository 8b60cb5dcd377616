"""Which cluster a kubeconfig's context really points at."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mizan.config import Cluster
from mizan.errors import PlatformError


def read_kubeconfig(wanted: Cluster) -> tuple[Path, Any]:
    """Return the path of a stack's kubeconfig and its document as YAML gives it.

    Raises:
        PlatformError: no such file, or no YAML.
    """
    path = Path(os.path.expanduser(wanted.kubeconfig))  # noqa: PTH111  # Path's raises where a user is unknown
    try:
        return path, YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    # ValueError is what is no UTF-8, or a value that YAML's own types refuse.
    except (OSError, ValueError, RecursionError, YAMLError) as error:
        raise PlatformError(
            f"kubeconfig {path}",
            str(error.strerror) if isinstance(error, OSError) else "not YAML",
            needs="a readable kubeconfig",
            because="the cluster is reached through it",
            fix="Write the path of your kubeconfig to mizan:cluster.kubeconfig",
        ) from error


def server_of(document: object, wanted: Cluster) -> str:
    """Return the API server's address of the wanted cluster.

    Args:
        document: the kubeconfig as YAML gives it.
        wanted: the context and the cluster's name that a stack expects.

    Raises:
        PlatformError: the document is no kubeconfig, has no such context, or the context points at another cluster.
    """
    where = f"kubeconfig {wanted.kubeconfig}"
    if not isinstance(document, Mapping):
        raise PlatformError(
            where,
            "not a kubeconfig",
            needs="clusters, contexts and users",
            because="the cluster is reached through it",
            fix="Write the path of a kubeconfig to mizan:cluster.kubeconfig",
        )
    contexts = _by_name(document, "contexts", "context")
    context = contexts.get(wanted.context)
    if context is None:
        raise PlatformError(
            where,
            f"no context {wanted.context}",
            needs="the context that the stack names",
            because="the current context is never assumed",
            fix=f"Write one of these to mizan:cluster.context: {', '.join(sorted(contexts)) or 'none in this file'}",
        )
    name = str(context.get("cluster") or "none")
    if name != wanted.name:
        raise PlatformError(
            f"{where}, context {wanted.context}",
            f"cluster {name}",
            needs=f"cluster {wanted.name}",
            because="this stack must not change another cluster",
            fix=f"Choose the context of {wanted.name}, or, if {name} is right, write it to mizan:cluster.name",
        )
    server = _cluster(document, wanted).get("server")
    if not server:
        raise PlatformError(
            f"{where}, cluster {name}",
            "no server",
            needs="the API server's address",
            because="there is nothing to connect to",
            fix="Write the kubeconfig again with your cloud's own command",
        )
    return str(server)


def has_proxy(document: object, wanted: Cluster) -> bool:
    """Return whether the wanted cluster is reached through a proxy of its own, so that a direct line says nothing."""
    return proxy_of(document, wanted) is not None


def proxy_of(document: object, wanted: Cluster) -> str | None:
    """Return the proxy through which alone the wanted cluster is reached, None where there is none."""
    found = _cluster(document, wanted).get("proxy-url") if isinstance(document, Mapping) else None
    return str(found) if found else None


def _cluster(document: Mapping[str, Any], wanted: Cluster) -> Mapping[str, Any]:
    return _by_name(document, "clusters", "cluster").get(wanted.name, {})


def _by_name(document: Mapping[str, Any], section: str, body: str) -> dict[str, Mapping[str, Any]]:
    items = document.get(section)
    named = [item for item in items if isinstance(item, Mapping) and "name" in item] if isinstance(items, list) else []
    return {str(item["name"]): item[body] if isinstance(item.get(body), Mapping) else {} for item in named}
