"""Labels of monitoring: by which objects are found, and which tell clusters apart."""

import re

import pytest

from mizan.config.rules.monitoring import LABELS_OF_SERIES
from mizan.manifests import manifests_of
from mizan.manifests.opencost import chart_values
from mizan.metrics import names
from mizan.metrics.alerts import SERIES, alert_groups
from mizan.metrics.groups import recording_groups
from mizan.metrics.selector import Source
from tests.builders import faults_of as of
from tests.monitoring_stacks import EXTERNAL, existing_stack, locally, on_eks, on_gke

LABELLED = {"rulesInCluster": True, "objectLabels": {"release": "prometheus"}}


def test_every_rule_and_monitor_bears_the_labels_by_which_a_prometheus_finds_it():
    plan = on_eks(EXTERNAL | LABELLED)
    found = [each for each in manifests_of(plan) if each["kind"] in ("PrometheusRule", "ServiceMonitor")]
    assert {each["metadata"]["name"] for each in found} == {
        *("mizan-costs", "mizan-alerts", "mizan-kueue", "mizan-karpenter", "mizan-nvidia-dcgm-exporter"),
    }
    assert {each["metadata"]["labels"].get("release") for each in found} == {"prometheus"}
    alone = [each for each in manifests_of(on_gke(EXTERNAL | LABELLED)) if each["kind"] == "ServiceMonitor"]
    assert "mizan-dcgm-exporter" in {each["metadata"]["name"] for each in alone}
    assert {each["metadata"]["labels"].get("release") for each in alone} == {"prometheus"}
    monitor = chart_values(plan)["opencost"]["metrics"]["serviceMonitor"]
    assert (monitor["enabled"], monitor["additionalLabels"]) == (True, {"release": "prometheus"})
    assert "additionalLabels" not in chart_values(on_gke())["opencost"]["metrics"]["serviceMonitor"]


@pytest.mark.parametrize(
    ("key", "value"),
    [("a b", "x"), ("x/y/z", "x"), ("release", "a b"), ("release", "x" * 64), ("app.kubernetes.io/managed-by", "me")],
)
def test_labels_of_objects_that_the_api_server_refuses_or_that_are_ours_are_refused(key, value):
    (fault,) = of(existing_stack(EXTERNAL | {"rulesInCluster": True, "objectLabels": {key: value}}))
    assert f"objectLabels.{key}: {value}; needs a label as Kubernetes takes it, other than app.kubernetes.io/" in fault


def test_labels_that_no_object_would_bear_are_refused():
    (fault,) = of(existing_stack(EXTERNAL | {"objectLabels": {"release": "prometheus"}}))
    assert fault.startswith("mizan:addons.prometheus.objectLabels: labels of no object; needs `rulesInCluster: true`")


@pytest.mark.parametrize("label", ["__name__", "__address__", "node", "team", "month", "job", "le", "label_team"])
def test_a_label_of_clusters_that_series_have_already_is_refused(label):
    (fault,) = of(existing_stack(EXTERNAL | {"clusterLabel": label}))
    assert fault == (
        f"mizan:addons.prometheus.clusterLabel: {label}; needs a label that tells clusters apart and nothing else "
        "because series have this one already, so that rules would find none, or no Prometheus would take them. Write "
        "`cluster`, or whichever label your Prometheus adds to all of a cluster's series."
    )


NAMED = re.compile(r"\b(?:by|on|without|group_left|group_right) \(([^)]*)\)")
MATCHED = re.compile(r'[{,]([a-zA-Z_]\w*)(?:=~|!~|!=|=)"')


@pytest.mark.parametrize("plan", [on_gke(), on_eks(), locally()])
def test_no_label_of_any_rule_tells_clusters_apart(plan):
    source = Source(cluster="c1", label="cluster")
    rules = [rule for group in (*recording_groups(plan, source), *alert_groups(plan, source)) for rule in group.rules]
    found = {label.strip() for rule in rules for labels in NAMED.findall(rule.expr) for label in labels.split(",")}
    found |= {label for rule in rules for label in (*MATCHED.findall(rule.expr), *rule.labels)}
    found |= {label for each in (*names.ALL, *SERIES) for label in each.labels}
    assert {label for label in found - {"", "cluster"} if not label.startswith("label_")} <= LABELS_OF_SERIES
    assert "cluster" not in LABELS_OF_SERIES


def test_rules_in_the_cluster_that_ask_for_a_label_of_the_store_are_told():
    found = on_gke(EXTERNAL | {"rulesInCluster": True, "clusterLabel": "k8s_cluster"}).warnings
    (told,) = [warning for warning in found if warning.startswith("Prometheus: ")]
    assert "ask for label k8s_cluster on every series" in told
    for alone in ({"rulesInCluster": True}, {"clusterLabel": "k8s_cluster"}):
        assert not any(warning.startswith("Prometheus: ") for warning in on_gke(EXTERNAL | alone).warnings)
