"""Whether a cluster's network may go: load balancers that people made from within the cluster stand in it.

What it judges are Kubernetes objects as the API server gives them.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from mizan.errors import PlatformError

Object = Mapping[str, Any]

# A message that names these many says whose they are.
NAMED = 5


def staying(services: Iterable[Object], namespaces: Iterable[Object]) -> tuple[str, ...]:
    """Return the Services of type LoadBalancer that a destroy leaves, each as `namespace/name`.

    A Service in a team's namespace goes with it: the cluster's finalizer keeps it until its load balancer is gone.
    Source: https://kubernetes.io/docs/tasks/access-application-cluster/create-external-load-balancer/, Garbage
    collecting load balancers, read 2026-11-23.

    Args:
        services: all of the cluster.
        namespaces: those that the stack has made, and takes away again.
    """
    own = {found["metadata"]["name"] for found in namespaces}
    return tuple(
        sorted(
            f"{service['metadata']['namespace']}/{service['metadata']['name']}"
            for service in services
            if service["spec"].get("type") == "LoadBalancer" and service["metadata"]["namespace"] not in own
        )
    )


def refusal(stack: str, services: tuple[str, ...]) -> PlatformError | None:
    """Return why the cluster must not go, or None where no load balancer would be left.

    Args:
        stack: its name.
        services: what `staying` has found.
    """
    if not services:
        return None
    named = ", ".join(services[:NAMED]) + (f" and {len(services) - NAMED} more" if len(services) > NAMED else "")
    namespace, _, name = services[0].partition("/")
    return PlatformError(
        f"stack {stack}",
        f"Services of type LoadBalancer: {named}",
        needs="none outside the teams' namespaces before its cluster goes",
        because="the load balancers would stay, cost money and hold the network, with nobody left to delete them",
        fix=f"Run `kubectl delete service {name} --namespace {namespace}`, which waits until the load balancer is "
        "gone, for each of them, and destroy again",
    )
