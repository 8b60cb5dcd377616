"""Dashboards as ConfigMaps, which Grafana's sidecar finds by their label.

Source: grafana-community/helm-charts@3386a11 charts/grafana/values.yaml, sidecar.dashboards.
"""

import json

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.prometheus import DASHBOARD_LABEL, DASHBOARD_VALUE, takes_objects
from mizan.metrics import dashboards
from mizan.plan import Plan


def dashboard_config_maps(plan: Plan) -> list[Manifest]:
    """Return a ConfigMap for each dashboard of a stack, where its cluster takes some."""
    if not takes_objects(plan):
        return []
    return [_config_map(uid, text) for uid, text in dashboards.dashboards(plan).items()]


def _config_map(uid: str, text: str) -> Manifest:
    """Return the ConfigMap of a dashboard, without the spaces that are for people: they are half of it."""
    labels = {DASHBOARD_LABEL: DASHBOARD_VALUE}
    body = manifest("v1", "ConfigMap", uid, namespace=keys.MONITORING_NAMESPACE, labels=labels)
    return body | {"data": {f"{uid}.json": json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)}}
