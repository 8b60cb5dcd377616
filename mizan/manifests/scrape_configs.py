"""How a Prometheus reads a stack's exporters without the Prometheus operator, as `scrape_configs` of its own file.

Each is what the operator would make of our ServiceMonitor, so that series are the same either way.

Source: github.com/prometheus-operator/prometheus-operator@v0.85.0 pkg/prometheus/promcfg.go,
generateServiceMonitorConfig; https://prometheus.io/docs/prometheus/latest/configuration/configuration/, read
2026-11-22.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from mizan import keys
from mizan.config import OptionalInstall, PrometheusAddon
from mizan.manifests import opencost
from mizan.manifests.controller_monitors import KARPENTER, KUEUE, controller_monitors
from mizan.manifests.dcgm_monitors import NAME as DCGM
from mizan.manifests.dcgm_monitors import operator_monitors, own_monitors
from mizan.manifests.manifest import Manifest
from mizan.plan import Plan

# What a ServiceMonitor calls otherwise than Prometheus; all else differs in how words are joined.
_NAMES = {
    "interval": "scrape_interval",
    "path": "metrics_path",
    "relabelings": "relabel_configs",
    "metricRelabelings": "metric_relabel_configs",
}

_TARGET = ("__meta_kubernetes_endpointslice_address_target_kind", "__meta_kubernetes_endpointslice_address_target_name")

# Labels of a target, each with what it is taken from.
_TARGET_LABELS = {
    "namespace": "__meta_kubernetes_namespace",
    "service": "__meta_kubernetes_service_name",
    "pod": "__meta_kubernetes_pod_name",
    "container": "__meta_kubernetes_pod_container_name",
    "job": "__meta_kubernetes_service_name",
}


def scrape_files(plan: Plan) -> Mapping[str, Manifest]:
    """Return by exporter the files that `scrape_config_files` of a Prometheus takes; none of what the stack lacks."""
    return {name: {"scrape_configs": [_scrape_config(each) for each in found]} for name, found in _monitors(plan)}


def _monitors(plan: Plan) -> Iterator[tuple[str, list[Manifest]]]:
    """Return the ServiceMonitors that a stack would have with the Prometheus operator, each with its exporter."""
    if plan.dcgm_exporter is not None:
        asked = replace(plan, dcgm_exporter=plan.dcgm_exporter.model_copy(update={"service_monitor": True}))
        if found := [*operator_monitors(asked), *own_monitors(asked)]:
            yield DCGM, found
    if plan.opencost is not None and plan.opencost.install is OptionalInstall.HELM:
        yield opencost.RELEASE, [_opencost_monitor(plan)]
    prometheus = (plan.prometheus or PrometheusAddon()).model_copy(update={"rules_in_cluster": True})
    names = {KUEUE: "kueue", KARPENTER: "karpenter"}
    for monitor in controller_monitors(replace(plan, prometheus=prometheus)):
        yield names[monitor["metadata"]["name"]], [monitor]


def _opencost_monitor(plan: Plan) -> Manifest:
    """Return what OpenCost's chart makes of its values.

    Source: opencost/opencost-helm-chart@725bb93 charts/opencost/templates/servicemonitor.yaml, service.yaml,
    _helpers.tpl.
    """
    values = opencost.chart_values(plan)["opencost"]["metrics"]["serviceMonitor"]
    asked = {key: values[key] for key in ("honorLabels", "metricRelabelings")}
    return {
        "metadata": {"name": f"mizan-{opencost.RELEASE}"},
        "spec": {
            "namespaceSelector": {"matchNames": [keys.MONITORING_NAMESPACE]},
            "selector": {"matchLabels": {"app.kubernetes.io/name": opencost.RELEASE}},
            "endpoints": [
                {"port": "http", "path": "/metrics", "interval": "30s", "scrapeTimeout": "10s", **asked},
            ],
        },
    }


def _scrape_config(monitor: Manifest) -> Manifest:
    """Return what Prometheus is told where the operator is told a ServiceMonitor of one endpoint."""
    spec = monitor["spec"]
    (endpoint,) = spec["endpoints"]
    asked = {key: value for key, value in endpoint.items() if key not in ("port", "bearerTokenFile", "relabelings")}
    token = endpoint.get("bearerTokenFile")
    return {
        "job_name": monitor["metadata"]["name"],
        "kubernetes_sd_configs": [
            {"role": "endpointslice", "namespaces": {"names": list(spec["namespaceSelector"]["matchNames"])}}
        ],
        **_plain(asked),
        **({"authorization": {"credentials_file": token}} if token else {}),
        "relabel_configs": [
            *_selected(spec["selector"]["matchLabels"], endpoint["port"]),
            *_target_labels(endpoint["port"]),
            *(_plain(rule) for rule in endpoint.get("relabelings", ())),
        ],
    }


def _selected(labels: Mapping[str, str], port: str) -> Iterator[Manifest]:
    """Return rules that keep the pods behind one port of a Service with these labels, but those that have ended."""
    for label, value in sorted(labels.items()):
        name = re.sub(r"[^a-zA-Z0-9_]", "_", label)
        sources = [f"__meta_kubernetes_service_label{part}_{name}" for part in ("", "present")]
        yield {"action": "keep", "source_labels": sources, "regex": f"({value});true"}
    yield {"action": "keep", "source_labels": ["__meta_kubernetes_endpointslice_port_name"], "regex": port}
    yield {"action": "drop", "source_labels": ["__meta_kubernetes_pod_phase"], "regex": "(Failed|Succeeded)"}


def _target_labels(port: str) -> Iterator[Manifest]:
    for kind, label in (("Node", "node"), ("Pod", "pod")):
        yield {
            "action": "replace",
            "source_labels": list(_TARGET),
            "separator": ";",
            "regex": f"{kind};(.*)",
            "replacement": "${1}",
            "target_label": label,
        }
    for label, source in _TARGET_LABELS.items():
        yield {"action": "replace", "source_labels": [source], "target_label": label}
    yield {"action": "replace", "target_label": "endpoint", "replacement": port}


def _plain(settings: Mapping[str, object]) -> Manifest:
    """Return a part of a ServiceMonitor in Prometheus' own words."""
    return {_NAMES.get(key) or re.sub(r"[A-Z]", r"_\g<0>", key).lower(): _value(each) for key, each in settings.items()}


def _value(value: object) -> object:
    if isinstance(value, Mapping):
        return _plain(value)
    return [_value(each) for each in value] if isinstance(value, list) else value
