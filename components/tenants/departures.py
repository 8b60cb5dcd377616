"""Teams that leave the stack file while their jobs run: told before anything is touched.

Pulumi knows what it has made, not what people run there: the cluster itself is asked.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pulumi
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Namespace, PersistentVolumeClaim, Pod

from components.asking import asked
from mizan import keys
from mizan.config import Cloud, Cluster
from mizan.errors import PlatformError
from mizan.kubeconfig import read_kubeconfig
from mizan.plan import Plan
from mizan.plan.departures import Object, Work, departing, filled, refusal, unfinished


def refuse_departures(plan: Plan, named: Cluster) -> None:
    """Return where nothing runs in a namespace that the update would remove.

    Args:
        plan: of the stack.
        named: its cluster in a kubeconfig.

    Raises:
        pulumi.RunError: something does, or the cluster does not say.
    """
    try:
        path, document = read_kubeconfig(named)
        fault = refusal(plan, _work_that_would_end(plan, named, document, path))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    if fault is not None:
        raise pulumi.RunError(str(fault))


def refuse_departures_of(plan: Plan, kubeconfig: str) -> None:
    """Do the same for a cluster that the stack has made, by the text of its kubeconfig.

    Raises:
        pulumi.RunError: as `refuse_departures` does.
    """
    document = json.loads(kubeconfig)
    context = document["current-context"]
    named = Cluster(kubeconfig=f"of cluster {context}", context=context, name=context)
    try:
        fault = refusal(plan, _work_that_would_end(plan, named, document, Path(named.kubeconfig)))
    except PlatformError as error:
        raise pulumi.RunError(str(error)) from error
    if fault is not None:
        raise pulumi.RunError(str(fault))


def _work_that_would_end(plan: Plan, named: Cluster, document: Mapping[str, Any], path: Path) -> list[Work]:
    with asked(
        named,
        document,
        path,
        needs="an answer to which namespaces, jobs and volumes it holds",
        because="a team that is removed while its jobs run would take them along",
        is_embedded=plan.cloud is Cloud.LOCAL,
    ) as client:
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
