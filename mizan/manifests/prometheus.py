"""Prometheus, Alertmanager and Grafana: the values of kube-prometheus-stack, and what must be in the cluster before it.

- It reads every monitor and rule of the cluster, whichever chart made it: by default those of its own release alone.
- Its volume and memory are computed (mizan/metrics/disk.py, mizan/metrics/volume.py). What is kept ends by size before
  the volume is full.
- kube-state-metrics tells exactly what our rules read (mizan/manifests/kube_state_metrics.py).
- Nothing of it needs a GPU, and nothing but node exporter runs on a node that has some.
- Nothing of it is reached from outside the cluster: `kubectl port-forward` shows it.
- No secret stands in the values: Alertmanager reads Slack's webhook from a file, and Grafana's chart makes a password
  once or takes a Secret's.

Source: prometheus-community/helm-charts@cf408a2 charts/kube-prometheus-stack/values.yaml and README.md;
grafana-community/helm-charts@3386a11 charts/grafana/values.yaml, templates/_helpers.tpl (grafana.password).
"""

from collections.abc import Sequence

from mizan import keys
from mizan.config import Cloud, OptionalInstall, PrometheusAddon, Slack
from mizan.manifests.kube_state_metrics import kube_state_metrics_values
from mizan.manifests.manifest import Manifest, manifest
from mizan.metrics.alerts import Severity, alert_groups
from mizan.metrics.disk import prometheus_disk
from mizan.metrics.rule import Alert
from mizan.metrics.selector import Source
from mizan.metrics.volume import volume_of
from mizan.plan import Plan
from mizan.plan.secrets import WEBHOOK_KEY

RELEASE = "kube-prometheus-stack"
# Source: charts/kube-prometheus-stack/templates/prometheus/service.yaml; values.yaml, prometheus.service.port.
SERVICE = f"{RELEASE}-prometheus"
PORT = 9090

STORAGE_CLASS = "mizan-monitoring"

DASHBOARD_LABEL = "grafana_dashboard"
DASHBOARD_VALUE = "1"
"""On the ConfigMaps of dashboards, in any namespace."""

# Where a Secret of `alertmanagerSpec.secrets` is mounted.
_SECRETS = "/etc/alertmanager/secrets"

# Old samples go before blocks, the log before them and what is compacted fill the volume.
_KEPT_PERCENT = 80
# Memory of queries on top of that of series.
_MEMORY_LIMIT_FACTOR = 2

# What the volume is computed with, and what the smallest node life that is seen rests on: the chart leaves both to the
# operator, whose own may change with its version.
_SCRAPE_INTERVAL = "30s"

# The cloud runs them out of the cluster's sight, or they listen to their own host alone: nothing could be read.
_UNREACHABLE = ("kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler")


def prometheus(plan: Plan) -> list[Manifest]:
    """Return what Prometheus and OpenCost need in a stack's cluster, each after what it refers to; charts come after.

    Somebody else's cluster has its own storage, and so has GKE's by default.
    """
    namespace = [_namespace()] if has_namespace(plan) else []
    return [*namespace, *([_storage_class()] if _has_own_storage_class(plan) else [])]


def is_installed(plan: Plan) -> bool:
    """Return whether this stack installs Prometheus."""
    return plan.prometheus is not None and plan.prometheus.install is OptionalInstall.HELM


def takes_objects(plan: Plan) -> bool:
    """Return whether rules and dashboards are written into the cluster, as objects of Prometheus' operator and Grafana.

    A cluster has the operator's kinds where the stack installs it, or where somebody says so.
    """
    return is_installed(plan) or (plan.prometheus is not None and plan.prometheus.rules_in_cluster)


def object_labels(plan: Plan) -> dict[str, str]:
    """Return what an object bears by which a Prometheus that is there knows that it is to be read."""
    return dict(plan.prometheus.object_labels) if plan.prometheus is not None else {}


def has_namespace(plan: Plan) -> bool:
    """Return whether anything of the stack is in the namespace, which is written in this one place.

    Part of another part it would go with that, and with it what else is there. A Secret of headers is read by OpenCost
    and by what enforces budgets.
    """
    settings, opencost = plan.prometheus, plan.opencost
    has_opencost = opencost is not None and opencost.install is OptionalInstall.HELM
    has_readers = settings is not None and settings.headers_secret is not None
    return takes_objects(plan) or has_opencost or has_readers


def _namespace() -> Manifest:
    """Return the namespace, whose pods read the metrics of all teams' pods; node exporter looks at its host."""
    modes = (keys.POD_SECURITY_ENFORCE, keys.POD_SECURITY_AUDIT, keys.POD_SECURITY_WARN)
    labels = {keys.MONITORING: keys.ALLOWED, **dict.fromkeys(modes, "privileged")}
    return manifest("v1", "Namespace", keys.MONITORING_NAMESPACE, labels=labels)


def prometheus_url(plan: Plan) -> str | None:
    """Return where pods of the cluster reach Prometheus; None where the stack has none."""
    if is_installed(plan):
        return f"http://{SERVICE}.{keys.MONITORING_NAMESPACE}.svc:{PORT}"
    return plan.prometheus.url if plan.prometheus is not None else None


def chart_values(plan: Plan) -> Manifest:
    """Return the values of the chart of a stack that installs it."""
    settings = plan.prometheus
    if settings is None:
        message = f"stack {plan.stack} has no Prometheus"
        raise ValueError(message)
    return {
        "fullnameOverride": RELEASE,
        # Helm itself installs the CRDs of a chart and never upgrades them.
        "crds": {"upgradeJob": {"enabled": True, **placement(plan)}},
        **{part: {"enabled": False} for part in _UNREACHABLE},
        "prometheusOperator": {**placement(plan), "admissionWebhooks": {"patch": placement(plan)}},
        "prometheus": {"ingress": {"enabled": False}, "prometheusSpec": _prometheus_spec(plan, settings)},
        "alertmanager": _alertmanager(plan, settings.slack),
        "grafana": {**_grafana(settings), **placement(plan)},
        "kube-state-metrics": {**kube_state_metrics_values(), **placement(plan)},
    }


def placement(plan: Plan) -> Manifest:
    """Return where pods go that need no GPU: on no node of a pool, tainted or not, and on EKS past its system taint."""
    term = {"matchExpressions": [{"key": keys.POOL, "operator": "DoesNotExist"}]}
    terms = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    tolerations = [{"key": keys.CRITICAL_ADDONS_ONLY, "operator": "Exists"}] if plan.cloud is Cloud.EKS else []
    return {"affinity": {"nodeAffinity": terms}, "tolerations": tolerations}


def _prometheus_spec(plan: Plan, settings: PrometheusAddon) -> Manifest:
    volume, disk = volume_of(plan), _disk_gib(plan)
    named = settings.storage_class or (STORAGE_CLASS if _has_own_storage_class(plan) else None)
    selectors = ("serviceMonitor", "podMonitor", "rule", "probe", "scrapeConfig")
    return {
        **placement(plan),
        **{f"{each}SelectorNilUsesHelmValues": False for each in selectors},
        "externalLabels": {"cluster": plan.cluster_name},
        "scrapeInterval": _SCRAPE_INTERVAL,
        "evaluationInterval": _SCRAPE_INTERVAL,
        "retention": f"{settings.retention_days}d",
        "retentionSize": f"{disk * 1024 * _KEPT_PERCENT // 100}MiB",
        "resources": {
            "requests": {"cpu": "500m", "memory": f"{volume.memory_mib}Mi"},
            "limits": {"memory": f"{_MEMORY_LIMIT_FACTOR * volume.memory_mib}Mi"},
        },
        "storageSpec": {
            "volumeClaimTemplate": {
                "spec": {
                    **({"storageClassName": named} if named else {}),
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": f"{disk}Gi"}},
                }
            }
        },
    }


def _disk_gib(plan: Plan) -> int:
    disk = prometheus_disk(plan)
    if disk is None:
        message = f"stack {plan.stack} installs no Prometheus"
        raise ValueError(message)
    return disk.gib


def _alertmanager(plan: Plan, slack: Slack | None) -> Manifest:
    """Return the values of Alertmanager, which tells an alert once a group, and again after 12 hours.

    Receiver `null` is the chart's own for what only shows that alerts work.
    """
    if slack is None:
        return {"ingress": {"enabled": False}, "alertmanagerSpec": placement(plan)}
    told = {
        "api_url_file": f"{_SECRETS}/{slack.secret}/{WEBHOOK_KEY}",
        "channel": slack.channel,
        "send_resolved": True,
        "title": "{{ .Status | toUpper }} {{ .CommonLabels.alertname }} {{ .CommonLabels.team }}",
        "text": "{{ range .Alerts }}{{ .Annotations.summary }} {{ .Annotations.description }} "
        "{{ .Annotations.runbook_url }}\n{{ end }}",
    }
    return {
        "ingress": {"enabled": False},
        "alertmanagerSpec": {"secrets": [slack.secret], **placement(plan)},
        "config": {
            "route": {
                "receiver": "slack",
                "group_by": ["alertname", "namespace", "team"],
                "group_wait": "30s",
                "group_interval": "5m",
                "repeat_interval": "12h",
                "routes": [{"receiver": "null", "matchers": ['alertname =~ "Watchdog|InfoInhibitor"']}],
            },
            "receivers": [{"name": "null"}, {"name": "slack", "slack_configs": [told]}],
            "inhibit_rules": _inhibit_rules(plan),
        },
    }


def _inhibit_rules(plan: Plan) -> list[Manifest]:
    """Return which alerts are not told because of others: those of the chart, but that ours are told in any case.

    The chart tells what has severity `info` only beside something worse in its namespace. Ours that bear it are of a
    pool or a queue, which have no namespace, so that they would be told beside any other alert without one, or never.
    """
    groups = alert_groups(plan, Source(cluster=plan.cluster_name))
    ours = sorted(
        rule.name
        for group in groups
        for rule in group.rules
        if isinstance(rule, Alert) and rule.severity == Severity.INFO
    )
    others = f'alertname !~ "{"|".join(ours)}"'
    return [
        _inhibited("severity = critical", "severity =~ warning|info", equal=("namespace", "alertname")),
        _inhibited("severity = warning", "severity = info", equal=("namespace", "alertname")),
        _inhibited("alertname = InfoInhibitor", "severity = info", others, equal=("namespace",)),
    ]


def _inhibited(source: str, *targets: str, equal: Sequence[str]) -> Manifest:
    return {"source_matchers": [source], "target_matchers": list(targets), "equal": list(equal)}


def _grafana(settings: PrometheusAddon) -> Manifest:
    admin = {"admin": {"existingSecret": settings.grafana_secret}} if settings.grafana_secret else {}
    return {
        **admin,
        "ingress": {"enabled": False},
        "sidecar": {
            "dashboards": {
                "enabled": True,
                "label": DASHBOARD_LABEL,
                "labelValue": DASHBOARD_VALUE,
                "searchNamespace": "ALL",
            }
        },
    }


def _has_own_storage_class(plan: Plan) -> bool:
    settings = plan.prometheus
    return plan.cloud is Cloud.EKS and is_installed(plan) and settings is not None and settings.storage_class is None


def _storage_class() -> Manifest:
    """Return the class of gp3 volumes: EKS has none by default since 1.30, and its gp2 costs more and is slower.

    A volume can grow later, and is made in the zone of the pod that it is for.
    Source: https://docs.aws.amazon.com/eks/latest/userguide/ebs-csi.html, read 2026-11-23; kubernetes-sigs/
    aws-ebs-csi-driver docs/parameters.md.
    """
    body = manifest("storage.k8s.io/v1", "StorageClass", STORAGE_CLASS)
    return body | {
        "provisioner": "ebs.csi.aws.com",
        "parameters": {"type": "gp3", "encrypted": "true"},
        "volumeBindingMode": "WaitForFirstConsumer",
        "allowVolumeExpansion": True,
        "reclaimPolicy": "Delete",
    }
