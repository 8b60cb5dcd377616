"""kube-state-metrics: tells Prometheus what the cluster's objects say, nodes and pods first of all."""

from local.control_plane.daemons import KUBE_STATE_METRICS, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command

# Nodes: their GPUs, and the labels that tell an offer. Pods: what they request, where they run, whose they are.
# Namespaces: the team and project of their pods. Jobs: what ran for nothing. ResourceQuotas: what teams may hold.
RESOURCES = ("jobs", "namespaces", "nodes", "pods", "resourcequotas")

# Whose labels become series; kube-state-metrics leaves out every label that it is not told of.
LABELLED = ("namespaces", "nodes", "pods")

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
        f"--metric-labels-allowlist={','.join(f'{resource}=[*]' for resource in LABELLED)}",
    )
    return Command(KUBE_STATE_METRICS.name, arguments, inputs=(site.home.kubeconfig,))
