"""The simulated exporters: what DCGM's exporter and OpenCost would tell of simulated nodes, by local/gpu_metrics."""

from local import files
from local.control_plane.daemons import GPU_METRICS, Site
from local.control_plane.ports import HOST
from local.control_plane.processes import Command
from local.control_plane.scraping import Target
from local.gpu_metrics import launch
from local.gpu_metrics.fleet import Fleet, to_json
from mizan.manifests.dcgm_monitors import JOB, relabelings

OPENCOST = "opencost-simulated"
"""Prometheus' `job` of its prices: no series of them looks like the real one's."""


def command(site: Site) -> Command:
    """Return the process; it reads what nodes have and cost once, at its start."""
    return Command(
        GPU_METRICS.name,
        launch.arguments(site.home.kubeconfig, site.fleet, site.ports[GPU_METRICS.name]),
        launch.environment(),
        inputs=(site.home.kubeconfig, site.fleet, *launch.sources()),
    )


def write_fleet(site: Site, fleet: Fleet) -> None:
    """Write what nodes have and cost."""
    files.write(site.fleet, to_json(fleet))


def targets(site: Site, fleet: Fleet) -> list[Target]:
    """Return both exporters, asked as our ServiceMonitors ask the real ones."""
    address = f"http://{HOST}:{site.ports[GPU_METRICS.name]}"
    relabelled = relabelings(has_parts=fleet.finds_sharing_pods)
    return [
        Target(job=JOB, url=f"{address}{launch.DCGM_PATH}", honor_labels=True, relabelings=relabelled),
        Target(job=OPENCOST, url=f"{address}{launch.OPENCOST_PATH}", honor_labels=True),
    ]
