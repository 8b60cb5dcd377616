"""Secrets that the stack file names and nobody has made: told before anything waits for them.

A pod that mounts one waits for ever, and Helm with it until it gives up without a word of the Secret. Nothing of what
is in a Secret is kept: its keys alone are looked at.
"""

import pulumi
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Secret

from mizan import keys
from mizan.cluster_client import Question, Reached, asking, in_file, in_text
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError
from mizan.plan import Plan
from mizan.plan.secrets import missing_secrets, named_secrets

_QUESTION = Question(
    needs="an answer to whether the Secrets that the stack names are there",
    because="pods that read one wait for it, and the update with them",
    fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to get Secrets of namespace "
    f"{keys.MONITORING_NAMESPACE}",
)
_NOT_FOUND = 404


def refuse_missing_secrets(plan: Plan, named: Cluster) -> None:
    """Return where every Secret that the stack names is in its cluster; one that names none asks nobody.

    Args:
        plan: of the stack.
        named: its cluster in a kubeconfig.

    Raises:
        pulumi.RunError: one is missing, or the cluster does not say.
    """
    if not named_secrets(plan):
        return
    try:
        _refuse(plan, in_file(named, is_embedded=plan.cloud is Cloud.LOCAL))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def refuse_missing_secrets_of(plan: Plan, kubeconfig: str) -> None:
    """Do the same for a cluster that the stack has made, by the text of its kubeconfig.

    Raises:
        pulumi.RunError: as `refuse_missing_secrets` does.
    """
    if not named_secrets(plan):
        return
    try:
        _refuse(plan, in_text(kubeconfig))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def _refuse(plan: Plan, reached: Reached) -> None:
    with asking(reached, _QUESTION) as client:
        held = {secret.name: _keys(client, secret.name) for secret in named_secrets(plan)}
    fault = missing_secrets(plan, {name: found for name, found in held.items() if found is not None})
    if fault is not None:
        raise fault


def _keys(client: Client, name: str) -> frozenset[str] | None:
    """Return what a Secret has, None where there is none."""
    try:
        found = client.get(Secret, name, namespace=keys.MONITORING_NAMESPACE)
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        raise
    return frozenset(found.data or ())
