"""NVIDIA's DCGM exporter, by which a Prometheus learns what GPUs do."""

from mizan.config.models.base import Model, described
from mizan.config.models.install import Install, chart_source

# Of the exporter itself. Source: NVIDIA/dcgm-exporter@4.5.3-4.8.2 pkg/cmd/app.go, DCGM_EXPORTER_INTERVAL.
SCRAPE_INTERVAL_SECONDS = 30


class DcgmExporterAddon(Model):
    """NVIDIA's DCGM exporter: use, memory, power and faults of each GPU, with the pod that has it."""

    install: Install | None = described(
        "helm installs it, with the GPU operator where that is there, else by a chart of its own into namespace "
        "`dcgm-exporter`; external writes only its counters. Left out, `helm` on GKE and EKS, and elsewhere as the "
        "operator.",
        because="of two exporters on a node one gets no profiling counters",
        fix="Write `helm` or `external`, or leave it out",
        default=None,
    )
    chart: str | None = chart_source("NVIDIA's repository", example="nvidia/dcgm-exporter")
    service_monitor: bool | None = described(
        "Whether the Prometheus operator is told of it by a ServiceMonitor; left out, where this stack installs "
        "Prometheus, and with its `rulesInCluster`.",
        because="a cluster without its CRDs refuses a ServiceMonitor, and the whole update ends there",
        fix="Write `true` once Prometheus is there, `false`, or leave it out",
        default=None,
        strict=True,
    )
    scrape_interval_seconds: int = described(
        "How often GPUs are measured and the exporter is read.",
        because="each sample is stored, and what is shorter than two of them is not seen",
        fix=f"Write whole seconds, 5 to 120; {SCRAPE_INTERVAL_SECONDS} is the exporter's own",
        default=SCRAPE_INTERVAL_SECONDS,
        ge=5,
        le=120,
        strict=True,
    )
