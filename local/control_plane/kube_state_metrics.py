"""kube-state-metrics: tells Prometheus what the cluster's objects say, nodes and pods first of all."""

import json

from local.control_plane.daemons import KUBE_STATE_METRICS, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from mizan.metrics.kube_state import labels_allowlist
from mizan.metrics.queue_state import queue_state

# Nodes: their GPUs, and the labels that tell an offer. Pods: what they request, where they run, whose they are.
# Namespaces: the team and project of their pods. Jobs: what ran for nothing. CronJobs: whether budgets are looked at.
# ResourceQuotas: what teams may hold.
RESOURCES = ("cronjobs", "jobs", "namespaces", "nodes", "pods", "resourcequotas")

OBJECTS_PORT = "kube-state-metrics-objects"
"""The port that tells of the cluster; the other one tells of kube-state-metrics itself, and whether it is ready."""


def command(site: Site) -> Command:
    """Return kube-state-metrics."""
    arguments = (
        str(site.tools.path(KUBE_STATE_METRICS.tool)),
        f"--kubeconfig={site.home.kubeconfig}",
        f"--host={HOST}",
        f"--port={site.ports[OBJECTS_PORT]}",
        f"--telemetry-host={HOST}",
        f"--telemetry-port={site.ports[KUBE_STATE_METRICS.name]}",
        f"--resources={','.join(RESOURCES)}",
        f"--metric-labels-allowlist={labels_allowlist()}",
        f"--custom-resource-state-config={json.dumps(queue_state())}",
    )
    return Command(KUBE_STATE_METRICS.name, arguments, inputs=(site.home.kubeconfig,))
