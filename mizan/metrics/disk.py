"""The disk of a stack's Prometheus, which is all that monitoring keeps.

Alertmanager and Grafana have none: what they hold is gone with their pods, and comes from the stack again.
Source: prometheus-community/helm-charts@cf408a2 charts/kube-prometheus-stack/values.yaml, alertmanagerSpec.storage;
grafana-community/helm-charts@3386a11 charts/grafana/values.yaml, persistence.enabled.
"""

from dataclasses import dataclass

from mizan.config import OptionalInstall
from mizan.metrics.volume import volume_of
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class PrometheusDisk:
    """What is claimed.

    Attributes:
        gib: its size, the same however large the cluster is at a moment.
        storage_class: that the stack names; None leaves it to the cloud that the stack is made for, or to the cluster.
    """

    gib: int
    storage_class: str | None


def prometheus_disk(plan: Plan) -> PrometheusDisk | None:
    """Return the disk of the Prometheus that a stack installs; None where it installs none."""
    settings = plan.prometheus
    if settings is None or settings.install is not OptionalInstall.HELM:
        return None
    gib = settings.storage_gib or volume_of(plan).disk_gib(settings.retention_days)
    return PrometheusDisk(gib=gib, storage_class=settings.storage_class)
