"""OpenCost: the values of its chart, and what it reads.

It asks the Prometheus of the stack, and is read by it. Where the cloud's prices are missing or wrong it takes the
stack's (mizan/manifests/opencost_prices.py): without a key of Google's it would not start, and without a feed of AWS's
spot nodes would cost what on-demand ones do. Its keys come from Secrets, by name. Its page has no address outside the
cluster: `kubectl -n mizan-monitoring port-forward service/opencost 9090` shows it.

It divides by what nodes have, which it knows by names that kube-state-metrics has given up: without
`kube_node_status_capacity_cpu_cores` of its own every node has nothing and idle costs are below zero (opencost/opencost
#3477). What it tells along with them kube-state-metrics tells as well, under the same names, and is dropped.

Source: opencost/opencost-helm-chart@725bb93 charts/opencost/values.yaml, templates/deployment.yaml, templates/
servicemonitor.yaml, templates/configmap-custom-pricing.yaml; opencost/opencost@v2.4.2 pkg/env/costmodelenv.go.
"""

from mizan import keys
from mizan.config import Cloud, OpenCostAddon, OptionalInstall, PriceSource, SpotFeed
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.opencost_prices import prices_csv, rates
from mizan.manifests.prometheus import PORT, SERVICE, is_installed, object_labels, placement
from mizan.plan import Plan
from mizan.plan.secrets import AWS_KEYS, CLOUD_KEY, TENANT_KEY, TOKEN_KEY

RELEASE = "opencost"

# Where OpenCost reads what somebody else's Prometheus wants to be asked with.
_HEADERS = {TENANT_KEY: "PROMETHEUS_HEADER_X_SCOPE_ORGID", TOKEN_KEY: "DB_BEARER_TOKEN"}

# Source: opencost/opencost@v2.4.2 pkg/metrics/kubemetrics.go, InitKubeMetrics, and the collectors that it registers.
_TOLD_TWICE = (
    "kube_(namespace_(annotations|labels)|node_(labels|status_(allocatable|capacity|condition))"
    "|persistentvolume_(capacity_bytes|status_phase)|pod_(annotations|labels|owner))"
)

PRICES = "opencost-prices"
_RATES = "opencost-rates"
_FOLDER = "/var/mizan"
_FILE = "prices.csv"


def opencost(plan: Plan) -> list[Manifest]:
    """Return what OpenCost reads in a stack's cluster, each after what it refers to; its chart comes after.

    Its namespace is that of Prometheus (mizan/manifests/prometheus.py).
    """
    settings = plan.opencost
    if settings is None or settings.install is not OptionalInstall.HELM:
        return []
    return [_prices(plan)] if settings.prices_from is PriceSource.STACK else []


def chart_values(plan: Plan) -> Manifest:
    """Return the values of the chart of a stack that installs it."""
    settings = plan.opencost
    if settings is None:
        message = f"stack {plan.stack} has no OpenCost"
        raise ValueError(message)
    has_own_prices = settings.prices_from is PriceSource.STACK
    return {
        "fullnameOverride": RELEASE,
        "service": {"type": "ClusterIP"},
        **({"extraVolumes": [{"name": "prices", "configMap": {"name": PRICES}}]} if has_own_prices else {}),
        "opencost": {
            "exporter": _exporter(plan, settings, has_own_prices=has_own_prices),
            "prometheus": _prometheus(plan),
            "customPricing": {
                "enabled": True,
                "configmapName": _RATES,
                "provider": "custom",
                "costModel": {
                    "description": f"Rates of {plan.region}, by which the prices of nodes are cut.",
                    **rates(plan),
                    **(_feed(plan, settings.spot_feed) if settings.spot_feed else {}),
                },
            },
            "metrics": {
                "kubeStateMetrics": {"emitKsmV1Metrics": False, "emitKsmV1MetricsOnly": True},
                "serviceMonitor": {
                    "enabled": bool(settings.service_monitor),
                    **({"additionalLabels": object_labels(plan)} if object_labels(plan) else {}),
                    # Namespace, pod and node are those that it tells of, not its own.
                    "honorLabels": True,
                    "metricRelabelings": [{"action": "drop", "sourceLabels": ["__name__"], "regex": _TOLD_TWICE}],
                },
            },
            "ui": {"ingress": {"enabled": False}},
            "mcp": {"enabled": False},
            **placement(plan),
        },
    }


def _exporter(plan: Plan, settings: OpenCostAddon, *, has_own_prices: bool) -> Manifest:
    prices = {"USE_CSV_PROVIDER": "true", "CSV_PATH": f"{_FOLDER}/{_FILE}"} if has_own_prices else {}
    plain = prices | _of_own_cluster(plan)
    secret = _from_secrets(plan, settings)
    mounts = [{"name": "prices", "mountPath": _FOLDER, "readOnly": True}] if has_own_prices else []
    return {
        "defaultClusterId": plan.cluster_name,
        **({"extraEnv": plain} if plain else {}),
        **({"env": secret} if secret else {}),
        **({"extraVolumeMounts": mounts} if mounts else {}),
    }


def _of_own_cluster(plan: Plan) -> dict[str, str]:
    """Return what makes it ask for series of its own cluster alone, where those of several lie in one store.

    The value of the label is `defaultClusterId`.
    Source: https://opencost.io/docs/installation/multi-cluster-single-source-of-data/, read 2026-11-23;
    opencost/opencost@0d0dfc6 modules/prometheus-source/pkg/env/promenv.go, GetPromClusterFilter.
    """
    label = plan.prometheus.cluster_label if plan.prometheus else None
    return {"CURRENT_CLUSTER_ID_FILTER_ENABLED": "true", "PROM_CLUSTER_ID_LABEL": label} if label else {}


def _from_secrets(plan: Plan, settings: OpenCostAddon) -> list[Manifest]:
    """Return the environment that comes from Secrets, of the headers whichever are there."""
    found: list[Manifest] = []
    headers = plan.prometheus.headers_secret if plan.prometheus else None
    if headers:
        found += [_variable(variable, headers, key, is_optional=True) for key, variable in _HEADERS.items()]
    if settings.cloud_key_secret:
        found.append(_variable("CLOUD_PROVIDER_API_KEY", settings.cloud_key_secret, CLOUD_KEY))
    if settings.spot_feed and settings.spot_feed.secret:
        found += [_variable(key, settings.spot_feed.secret, key) for key in AWS_KEYS]
    return found


def _variable(name: str, secret: str, key: str, *, is_optional: bool = False) -> Manifest:
    reference = {"name": secret, "key": key} | ({"optional": True} if is_optional else {})
    return {"name": name, "valueFrom": {"secretKeyRef": reference}}


def _prometheus(plan: Plan) -> Manifest:
    """Return the values that lead to the stack's Prometheus; the chart refuses two ways at once."""
    if is_installed(plan):
        there = {"serviceName": SERVICE, "namespaceName": keys.MONITORING_NAMESPACE, "port": PORT}
        return {"internal": {"enabled": True, **there}, "external": {"enabled": False}}
    url = plan.prometheus.url if plan.prometheus else None
    return {"internal": {"enabled": False}, "external": {"enabled": True, "url": url}}


def _feed(plan: Plan, feed: SpotFeed) -> Manifest:
    """Return where AWS writes the feed, by the names that OpenCost's ConfigMap has for it, which its file has not.

    Source: opencost/opencost@v2.4.2 pkg/cloud/models/models.go, CustomPricing and SetCustomPricingField.
    """
    account = plan.eks.account if plan.cloud is Cloud.EKS and plan.eks else ""
    return {
        "spotDataBucket": feed.bucket,
        **({"spotDataPrefix": feed.prefix} if feed.prefix else {}),
        "spotDataRegion": plan.region,
        "projectID": account,
    }


def _prices(plan: Plan) -> Manifest:
    body = manifest("v1", "ConfigMap", PRICES, namespace=keys.MONITORING_NAMESPACE)
    return body | {"data": {_FILE: prices_csv(plan)}}
