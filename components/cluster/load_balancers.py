"""Load balancers that people made from within a cluster: it does not go before they do."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pulumi
from lightkube.resources.core_v1 import Namespace, Service

from mizan import keys
from mizan.cluster_client import Question, asking, in_text
from mizan.errors import PlatformError
from mizan.plan import Plan
from mizan.plan.load_balancers import refusal, staying

# From what the cloud tells of a cluster to its kubeconfig.
Kubeconfig = Callable[[Mapping[str, Any]], str]

_QUESTION = Question(
    needs="an answer to which Services it holds",
    because="their load balancers would stay after the cluster",
    fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list them",
)


def guarded(name: str, plan: Plan, kubeconfig: Kubeconfig) -> pulumi.ResourceHookBinding:
    """Return what keeps a cluster from being deleted while load balancers would be left.

    The preview of a destroy asks too, and so refuses before anything has gone. Where the cluster does not answer, its
    own objects could not go either: that is a warning, and no reason to keep what is left of a stack.

    Args:
        name: of the hook, among the stack's.
        plan: of the stack.
        kubeconfig: of the cluster that is to go, which may be another one than the program would make now.
    """

    async def refuse(args: pulumi.ResourceHookArgs) -> None:
        told = await pulumi.Output.from_input(dict(args.old_outputs or {})).future() or {}
        if not told.get("endpoint"):  # its making has failed: nothing is in it
            return
        try:
            services = await asyncio.to_thread(_staying, plan, kubeconfig(told))
        except PlatformError as error:
            pulumi.log.warn(f"Not known whether load balancers would be left: {error}")
            return
        if (fault := refusal(plan.stack, services)) is not None:
            raise pulumi.RunError(str(fault))

    hook = pulumi.ResourceHook(f"{name}-load-balancers", refuse, pulumi.ResourceHookOptions(on_dry_run=True))
    return pulumi.ResourceHookBinding(before_delete=[hook])


def _staying(plan: Plan, kubeconfig: str) -> tuple[str, ...]:
    with asking(in_text(kubeconfig), _QUESTION) as client:
        services = [each.to_dict() for each in client.list(Service, namespace="*")]
        namespaces = [each.to_dict() for each in client.list(Namespace, labels={keys.STACK: plan.stack})]
    return staying(services, namespaces)
