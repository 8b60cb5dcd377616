"""What a cluster shows when a test on it fails: nobody can look at it afterwards."""

from lightkube.core.client import Client
from lightkube.resources.core_v1 import Event, Node, Pod

EVENTS = 60


def cluster_report(client: Client) -> str:
    """Nodes and pods, and the last events that are not about a pod that all went well with."""
    try:
        nodes, pods = list(client.list(Node)), list(client.list(Pod, namespace="*"))
        events = [each for each in client.list(Event, namespace="*") if each.reason != "Scheduled"]
    except Exception as error:  # noqa: BLE001  # a report of a failure must not hide it
        return f"the cluster does not answer: {error}"
    return "\n".join(
        [
            *(f"node {n.metadata.name}: taints {[taint.key for taint in n.spec.taints or ()]}" for n in nodes),
            *(f"pod {p.metadata.namespace}/{p.metadata.name}: {p.status.phase} on {p.spec.nodeName}" for p in pods),
            *map(_line, sorted(events, key=_moment)[-EVENTS:]),
        ]
    )


def _moment(event):
    return str(event.eventTime or event.lastTimestamp or event.metadata.creationTimestamp)


def _line(event):
    source = event.reportingComponent or (event.source and event.source.component)
    about = f"{event.involvedObject.kind}/{event.involvedObject.name}"
    return f"{_moment(event)} {source} {about} {event.reason}: {(event.message or '')[:200]}"
