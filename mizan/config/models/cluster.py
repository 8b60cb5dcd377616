"""The cluster: where it comes from, and how the wrong one is refused."""

from enum import StrEnum

from mizan.config.models.base import Model, described, described_text

# What a template of Go or PromQL would read as something else is left out.
_NAME_PATTERN = r"""^[^\s\p{C}{}"'`\\%]([^\p{C}{}"'`\\%]*[^\s\p{C}{}"'`\\%])?$"""


class Cloud(StrEnum):
    """Where the cluster comes from.

    `local` is the embedded control plane, `existing` any cluster of a kubeconfig; `gke` and `eks` are made by the
    stack.
    """

    LOCAL = "local"
    EXISTING = "existing"
    GKE = "gke"
    EKS = "eks"


class Cluster(Model):
    """An existing cluster, named so that the wrong one is refused."""

    kubeconfig: str = described_text(
        "Path of the kubeconfig.",
        because="the cluster is reached through it",
        fix="Write a path such as `~/.kube/config`",
    )
    context: str = described_text(
        "Context in that kubeconfig; the current context is never assumed.",
        because="`kubectl config use-context` elsewhere must not move this stack",
        fix="Write a name from `kubectl config get-contexts`",
    )
    name: str = described(
        "Name of the cluster that the context must point at.",
        because="a context can be repointed, and GPU quotas on the wrong cluster cost money; alerts have it in their "
        "templates",
        fix="Write the CLUSTER column of `kubectl config get-contexts`",
        needs="text without braces, quotes, backticks, backslashes and per cents, and no space at its ends",
        pattern=_NAME_PATTERN,
        max_length=250,
    )
