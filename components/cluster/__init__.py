"""Where the cluster comes from: each kind gives a provider that reaches exactly one cluster."""

from typing import Protocol

import pulumi_kubernetes as k8s


class Cluster(Protocol):
    """A cluster component.

    Attributes:
        provider: reaches the cluster for every resource in it.
        kubeconfig: path of the same kubeconfig, for what Pulumi cannot answer.
        context: the context in it.
    """

    provider: k8s.Provider
    kubeconfig: str
    context: str
