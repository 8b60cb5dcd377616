"""How Prometheus reads Kueue and Karpenter, which dashboards and alerts of queues and of spot ask.

Their charts could bring the same. They are installed before Prometheus' chart brings its kinds, and would be refused.

Kueue asks who reads it: Prometheus' own account may read `/metrics` by the role that its chart gives it.

Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/templates/prometheus/monitor.yaml, _helpers.tpl;
aws/karpenter-provider-aws@v1.14.1 charts/karpenter/templates/servicemonitor.yaml; prometheus-community/helm-charts@
cf408a2 charts/kube-prometheus-stack/templates/prometheus/clusterrole.yaml.
"""

from collections.abc import Iterator, Mapping

from mizan import keys
from mizan.config import Cloud, Install
from mizan.manifests import karpenter
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.prometheus import object_labels, takes_objects
from mizan.plan import Plan

KUEUE, KARPENTER = "mizan-kueue", "mizan-karpenter"

_NAME = "app.kubernetes.io/name"


def controller_monitors(plan: Plan) -> list[Manifest]:
    """Return the ServiceMonitors of controllers that this stack installs, where its cluster takes some."""
    return list(_monitors(plan)) if takes_objects(plan) else []


def _monitors(plan: Plan) -> Iterator[Manifest]:
    if plan.kueue.install is Install.HELM:
        selected = {_NAME: "kueue", "app.kubernetes.io/component": "metrics-service"}
        # Its certificate is its own.
        asked = {
            "port": "https",
            "scheme": "https",
            "bearerTokenFile": "/var/run/secrets/kubernetes.io/serviceaccount/token",
            "tlsConfig": {"insecureSkipVerify": True},
        }
        yield _monitor(plan, KUEUE, keys.KUEUE_NAMESPACE, selected, asked)
    if plan.cloud is Cloud.EKS and plan.karpenter.install is Install.HELM:
        yield _monitor(plan, KARPENTER, karpenter.NAMESPACE, {_NAME: "karpenter"}, {"port": "http-metrics"})


def _monitor(plan: Plan, name: str, namespace: str, selected: Mapping[str, str], endpoint: Manifest) -> Manifest:
    kind, labels = ("monitoring.coreos.com/v1", "ServiceMonitor"), object_labels(plan)
    return manifest(*kind, name, namespace=keys.MONITORING_NAMESPACE, labels=labels) | {
        "spec": {
            "namespaceSelector": {"matchNames": [namespace]},
            "selector": {"matchLabels": dict(selected)},
            "endpoints": [{**endpoint, "path": "/metrics"}],
        }
    }
