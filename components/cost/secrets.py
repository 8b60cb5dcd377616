"""Secrets of people in the namespace of monitoring: those that are missing, and those that would be lost with it.

A pod that mounts a missing one waits for ever, and Helm with it until it gives up without a word of the Secret. So an
update asks before it begins. Where the namespace itself comes with the update, it stops when that is there: nobody
could make the Secret before. Nothing of what is in a Secret is kept: names, labels and keys alone are looked at.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pulumi
from lightkube import Client
from lightkube.core.exceptions import ApiError
from lightkube.resources.core_v1 import Namespace, Secret

from mizan import keys
from mizan.cluster_client import Question, Reached, asking, in_file, in_text
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError
from mizan.manifests.manifest import MANAGED
from mizan.manifests.prometheus import has_namespace
from mizan.plan import Plan
from mizan.plan.left_secrets import left_secrets, refusal
from mizan.plan.secrets import missing_secrets, named_secrets, secrets_to_come

T = TypeVar("T")

# To the cluster, once it is known how it is reached.
Way = Callable[[], Awaitable[Reached]]

_QUESTION = Question(
    needs="an answer to whether the Secrets that the stack names are there",
    because="pods that read one wait for it, and the update with them",
    fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to get Secrets of namespace "
    f"{keys.MONITORING_NAMESPACE}",
)
_LEAVING = Question(
    needs="an answer to which Secrets it holds",
    because="those that people put there would be lost",
    fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list Secrets of namespace "
    f"{keys.MONITORING_NAMESPACE}",
)
_NOT_FOUND = 404
_OURS = MANAGED[keys.MANAGED_BY]


def to_named(plan: Plan, named: Cluster) -> Way:
    """Return the way to a cluster of a kubeconfig in a file."""

    async def reach() -> Reached:
        return in_file(named, is_embedded=plan.cloud is Cloud.LOCAL)

    return reach


def to_made(kubeconfig: pulumi.Output[str]) -> Way:
    """Return the way to a cluster that the stack makes."""

    async def reach() -> Reached:
        return in_text(str(await kubeconfig.future()))

    return reach


def namespace_hooks(name: str, plan: Plan, reach: Way, *, outlives_stack: bool) -> pulumi.ResourceHookBinding:
    """Return what is asked when the namespace has come, and before it goes.

    After it has come: whether the Secrets are there that the stack names, as nobody could make one before. Before it
    goes: whether people's Secrets go with it, in a preview too. A cluster that goes with the stack takes all there is.

    Pulumi must know the second one in every run, as the namespace may go in a run whose stack has none any more.

    Args:
        name: with which the names of the hooks begin.
        plan: of the stack.
        reach: the way to its cluster.
        outlives_stack: the cluster stays where the stack goes.
    """

    async def refuse_missing(_: pulumi.ResourceHookArgs) -> None:
        with _as_run_error():
            await asyncio.to_thread(_refuse, plan, await reach())

    async def refuse_leaving(_: pulumi.ResourceHookArgs) -> None:
        try:
            left = await asyncio.to_thread(_left, await reach())
        except PlatformError as error:
            pulumi.log.warn(f"Not known whether people's Secrets would be lost: {error}")
            return
        if (fault := refusal(plan.stack, left)) is not None:
            raise pulumi.RunError(str(fault))

    come = [pulumi.ResourceHook(f"{name}-missing-secrets", refuse_missing)] if named_secrets(plan) else []
    on_preview = pulumi.ResourceHookOptions(on_dry_run=True)
    go = [pulumi.ResourceHook(f"{name}-left-secrets", refuse_leaving, on_preview)] if outlives_stack else []
    return pulumi.ResourceHookBinding(after_create=[*come], before_delete=go)


def refuse_missing_secrets(plan: Plan, named: Cluster) -> None:
    """Return where every Secret that the stack names is in its cluster, or can only come after its namespace.

    A stack that names none asks nobody.

    Args:
        plan: of the stack.
        named: its cluster in a kubeconfig.

    Raises:
        pulumi.RunError: one is missing, or the cluster does not say.
    """
    if not named_secrets(plan):
        return
    with _as_run_error():
        _refuse_or_tell(plan, in_file(named, is_embedded=plan.cloud is Cloud.LOCAL))


def refuse_missing_secrets_of(plan: Plan, kubeconfig: str) -> None:
    """Do the same for a cluster that the stack has made, by the text of its kubeconfig.

    Raises:
        pulumi.RunError: as `refuse_missing_secrets` does.
    """
    if not named_secrets(plan):
        return
    with _as_run_error():
        _refuse_or_tell(plan, in_text(kubeconfig))


def refuse_leaving_secrets_of(plan: Plan, kubeconfig: str) -> None:
    """Return where no Secret of anybody's goes with a namespace that a stack has no more, while its cluster stays.

    Raises:
        pulumi.RunError: one does, or the cluster does not say.
    """
    if has_namespace(plan):
        return
    with _as_run_error():
        fault = refusal(plan.stack, _left(in_text(kubeconfig)))
        if fault is not None:
            raise fault


@contextmanager
def _as_run_error() -> Iterator[None]:
    """Tell a fault as Pulumi tells one: without a trace."""
    try:
        yield
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def _refuse_or_tell(plan: Plan, reached: Reached) -> None:
    with asking(reached, _QUESTION) as client:
        faults = _missing(plan, client)
        comes = bool(faults) and _namespace(client) is None
    if comes:
        pulumi.log.warn(secrets_to_come(plan))
    else:
        _raise(faults)


def _refuse(plan: Plan, reached: Reached) -> None:
    with asking(reached, _QUESTION) as client:
        faults = _missing(plan, client)
    _raise(faults)


def _raise(faults: tuple[PlatformError, ...]) -> None:
    if faults:
        raise pulumi.RunError("\n".join(str(fault) for fault in faults))


def _missing(plan: Plan, client: Client) -> tuple[PlatformError, ...]:
    held = {secret.name: _keys(client, secret.name) for secret in named_secrets(plan)}
    return missing_secrets(plan, {name: found for name, found in held.items() if found is not None})


def _left(reached: Reached) -> tuple[str, ...]:
    """Return the Secrets that people would lose with the stack's namespace; none where there is no such namespace."""
    with asking(reached, _LEAVING) as client:
        namespace = _namespace(client)
        metadata = namespace.metadata if namespace is not None else None
        if metadata is None or (metadata.labels or {}).get(keys.MANAGED_BY) != _OURS:
            return ()
        return left_secrets([found.to_dict() for found in client.list(Secret, namespace=keys.MONITORING_NAMESPACE)])


def _namespace(client: Client) -> Namespace | None:
    return _found(lambda: client.get(Namespace, keys.MONITORING_NAMESPACE))


def _keys(client: Client, name: str) -> frozenset[str] | None:
    """Return what a Secret has, None where there is none."""
    found = _found(lambda: client.get(Secret, name, namespace=keys.MONITORING_NAMESPACE))
    return None if found is None else frozenset(found.data or ())


def _found(get: Callable[[], T]) -> T | None:
    """Return what is asked for, None where there is none."""
    try:
        return get()
    except ApiError as error:
        if error.status.code == _NOT_FOUND:
            return None
        raise
