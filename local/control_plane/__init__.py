"""A real Kubernetes control plane as ordinary processes: etcd, Kubernetes, KWOK, Kueue, Karpenter.

    daemons      what the processes have in common           pki         certificates
    kubernetes   how etcd and Kubernetes are run             ports       free ports on 127.0.0.1
    kwok         simulated kubelets and their stages         processes   pid files, logs, start and end
    kueue        its configuration, CRDs and webhooks        probes      asks whether a process is ready
    karpenter    simulated machines                          objects     what the cluster must hold first
    startup      one start, from beginning to end            status      one row per process
    launches     its processes, begun and awaited            failures    what is told of those that end
    devices      what pods can claim of nodes             dra_driver  the process that tells of it
    interruption takes a spot node away on request           plane       all of it together

Where somebody measures:

    kube_state_metrics  what the cluster's objects say    scraping    whom Prometheus asks, and its rules
    prometheus          how it is run, and reads rules    gpu_metrics what stands in for DCGM's exporter and OpenCost

Where the program installs Kueue by its own chart:

    installed_kueue  the process runs from the chart's objects    egress  the way from the API server to it

Nothing here needs root, a container or a network beyond 127.0.0.1. See docs/adr/0001-embedded-control-plane.md.
"""

from local.control_plane.daemons import TOOLS
from local.control_plane.launches import Action
from local.control_plane.plane import ControlPlane
from local.control_plane.startup import StartReport
from local.control_plane.status import ProcessStatus, State, total_rss_bytes

__all__ = ["TOOLS", "Action", "ControlPlane", "ProcessStatus", "StartReport", "State", "total_rss_bytes"]
