"""Where the cluster comes from: each kind gives a provider that reaches exactly one cluster."""

from typing import Protocol

import pulumi_kubernetes as k8s


class Cluster(Protocol):
    """A cluster component.

    Attributes:
        provider: reaches the cluster for every resource in it.
    """

    provider: k8s.Provider
