"""What kube-state-metrics is told so that rules, alerts and dashboards have what they read, as values of its chart.

They are the same whoever installs it: this stack, a person with the chart alone, or with one that has it inside.

Source: prometheus-community/helm-charts@cf408a2 charts/kube-state-metrics (8.4.0) values.yaml and templates/
servicemonitor.yaml; charts/kube-prometheus-stack/values.yaml and charts/prometheus/Chart.yaml, in both under CHART.
"""

from mizan.manifests.manifest import Manifest
from mizan.metrics.kube_state import labels_allowlist
from mizan.metrics.queue_state import RIGHTS, queue_state

CHART = "kube-state-metrics"
"""Name of the chart, and the key of its values in a chart that has it inside."""


def kube_state_metrics_values() -> Manifest:
    """Return the values: labels of namespaces, nodes and pods, which LocalQueues are stopped, and the right to read it.

    Namespace and pod are those that it tells of, not its own; a Prometheus that is asked by a monitor keeps them.
    """
    return {
        "metricLabelsAllowlist": [labels_allowlist()],
        "customResourceState": {"enabled": True, "config": queue_state()},
        "rbac": {"extraRules": list(RIGHTS)},
        "prometheus": {"monitor": {"http": {"honorLabels": True}}},
    }
