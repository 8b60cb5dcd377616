"""The rules of a stack as objects that the Prometheus operator reads: what is recorded, and what is told.

An operator refuses an object with a rule that it cannot read, and none of its rules runs then. So what is recorded does
not stand in one object with alerts, which change more often.
Source: github.com/prometheus-operator/prometheus-operator@v0.85.0 Documentation/developer/alerting.md.
"""

from collections.abc import Mapping

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.prometheus import object_labels, takes_objects
from mizan.metrics.alerts import alert_groups
from mizan.metrics.groups import recording_groups, rules_file
from mizan.metrics.rule import Group
from mizan.metrics.selector import Source
from mizan.plan import Plan

COSTS = "mizan-costs"
ALERTS = "mizan-alerts"


def prometheus_rules(plan: Plan) -> list[Manifest]:
    """Return the rules of a stack as PrometheusRules, where its cluster takes some."""
    if not takes_objects(plan):
        return []
    return [_rule(plan, name, spec) for name, spec in rules_files(plan).items()]


def rules_files(plan: Plan) -> Mapping[str, Manifest]:
    """Return the rules of a stack by name, each as a rules file of Prometheus."""
    source = source_of(plan)
    groups: dict[str, tuple[Group, ...]] = {
        COSTS: recording_groups(plan, source),
        ALERTS: alert_groups(plan, source),
    }
    return {name: rules_file(each, source) for name, each in groups.items()}


def source_of(plan: Plan) -> Source:
    """Return where the series of a stack are, among those of other clusters or alone."""
    return Source(cluster=plan.cluster_name, label=plan.prometheus.cluster_label if plan.prometheus else None)


def _rule(plan: Plan, name: str, spec: Manifest) -> Manifest:
    kind, labels = ("monitoring.coreos.com/v1", "PrometheusRule"), object_labels(plan)
    return manifest(*kind, name, namespace=keys.MONITORING_NAMESPACE, labels=labels) | {"spec": spec}
