"""Teams that leave the stack file while their jobs run: told before anything is touched."""

from collections.abc import Iterable
from typing import Any

import pulumi
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, PersistentVolumeClaim, Pod

from mizan import keys
from mizan.cluster_client import Question, Reached, asking, in_file, in_text
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError
from mizan.plan import Plan
from mizan.plan.departures import Object, Work, departing, filled, refusal, unfinished

_QUESTION = Question(
    needs="an answer to which namespaces, jobs and volumes it holds",
    because="a team that is removed while its jobs run would take them along",
    fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list them",
)


def refuse_departures(plan: Plan, named: Cluster) -> None:
    """Return where nothing runs in a namespace that the update would remove.

    Args:
        plan: of the stack.
        named: its cluster in a kubeconfig.

    Raises:
        pulumi.RunError: something does, or the cluster does not say.
    """
    try:
        _refuse(plan, in_file(named, is_embedded=plan.cloud is Cloud.LOCAL))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def refuse_departures_of(plan: Plan, kubeconfig: str) -> None:
    """Do the same for a cluster that the stack has made, by the text of its kubeconfig.

    Raises:
        pulumi.RunError: as `refuse_departures` does.
    """
    try:
        _refuse(plan, in_text(kubeconfig))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error


def _refuse(plan: Plan, reached: Reached) -> None:
    fault = refusal(plan, _work_that_would_end(plan, reached))
    if fault is not None:
        raise fault


def _work_that_would_end(plan: Plan, reached: Reached) -> list[Work]:
    with asking(reached, _QUESTION) as client:
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


def _plain(objects: Iterable[Any]) -> tuple[Object, ...]:
    return tuple(item.to_dict() for item in objects)
