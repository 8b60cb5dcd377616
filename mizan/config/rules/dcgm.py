"""Rules about NVIDIA's DCGM exporter: there is one where there are GPUs to measure, and never two."""

from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, GpuDriver, Install
from mizan.config.part import Part


def an_exporter_comes_where_it_can_run(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for an exporter on simulated nodes, and for one beside that of somebody else's operator."""
    exporter, cloud = stack["addons"]["dcgmExporter"], stack["cloud"].text
    install, monitor = exporter["install"], exporter["serviceMonitor"]
    is_installed = install.text == Install.HELM
    if cloud == Cloud.LOCAL and is_installed:
        yield ConfigFault(
            install.path,
            "helm",
            needs="external",
            because="nodes of the embedded cluster are simulated, and no container runs there",
            fix="Write `external`, or leave it out",
        )
    if cloud == Cloud.LOCAL and monitor.value is True:
        yield ConfigFault(
            monitor.path,
            True,
            needs="false",
            because="the embedded cluster has no Prometheus operator, and refuses a ServiceMonitor",
            fix="Remove it",
        )
    if cloud in (Cloud.EXISTING, Cloud.EKS) and is_installed and _operator_is_external(stack):
        yield ConfigFault(
            install.path,
            "helm",
            needs="external",
            because="the GPU operator brings the exporter, and somebody else installs that operator",
            fix="Write `external`, or leave it out",
        )


def a_chart_of_its_own_is_used(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a chart of the exporter where none is installed by itself."""
    chart = stack["addons"]["dcgmExporter"]["chart"]
    if chart.value is not None and not _has_own_chart(stack):
        yield ConfigFault(
            chart.path,
            chart.value,
            needs="no chart",
            because="the exporter comes with the GPU operator, or somebody else installs it: no chart would be used",
            fix="Remove it, or name the operator's in `gpuOperator.chart`",
        )


def _has_own_chart(stack: Part) -> bool:
    addons, cloud = stack["addons"], stack["cloud"].text
    if addons["dcgmExporter"]["install"].text == Install.EXTERNAL:
        return False
    if cloud == Cloud.GKE:
        return any(pool["gke"]["driver"].text != GpuDriver.DISABLED for pool in stack["pools"].items)
    return cloud == Cloud.EXISTING and addons["gpuOperator"].value is None


def _operator_is_external(stack: Part) -> bool:
    return stack["addons"]["gpuOperator"]["install"].text == Install.EXTERNAL
