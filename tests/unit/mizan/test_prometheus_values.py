"""Prometheus: what its chart is told, and what must be in the cluster before it."""

import json
import re
from typing import Any

import pytest

from mizan import keys
from mizan.manifests import manifests_of
from mizan.manifests.prometheus import chart_values, is_installed, prometheus, prometheus_url
from mizan.metrics.alerts import alert_groups
from mizan.metrics.kube_state import LABELS
from mizan.metrics.queue_state import queue_state
from mizan.metrics.rule import Alert
from mizan.metrics.selector import Source
from mizan.metrics.volume import volume_of
from tests.builders import PROJECT
from tests.monitoring_stacks import EXTERNAL, SLACK, WHOLE, elsewhere, on_eks, on_gke, plans
from tests.unit.mizan.test_gpu_operator import written

KEYS = PROJECT / "tests" / "data" / "charts" / "kube-prometheus-stack-88.5.3.keys.txt"
PLANS = {case: plan for case, plan in plans().items() if is_installed(plan)}

# Mappings that the chart leaves to whoever writes them.
FREE = ("affinity", "externalLabels", "kube-state-metrics.customResourceState.config", "resources", "storageSpec")


def known() -> set[str]:
    return {line for line in KEYS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}


def up_to_free(path: str) -> str:
    """A path up to the first mapping of anybody's keys."""
    parts = path.split(".")
    beginnings = [".".join(parts[: number + 1]) for number in range(len(parts))]
    return next((each for each, part in zip(beginnings, parts, strict=True) if {each, part} & {*FREE}), path)


def spec(plan) -> dict[str, Any]:
    return chart_values(plan)["prometheus"]["prometheusSpec"]


@pytest.mark.parametrize("case", PLANS)
def test_every_value_is_one_that_the_chart_knows(case):
    paths = {up_to_free(path) for path in written(chart_values(PLANS[case]))}
    assert paths - known() == set()
    assert {"prometheus.prometheusSpec.retention", "grafana.sidecar.dashboards.searchNamespace"} <= paths


def test_monitors_and_rules_of_every_chart_are_read():
    found = spec(on_gke())
    of = {name: value for name, value in found.items() if name.endswith("SelectorNilUsesHelmValues")}
    kinds = ("podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor")
    assert of == {f"{kind}SelectorNilUsesHelmValues": False for kind in kinds}


def test_its_volume_and_memory_are_computed_from_the_stack_s_largest_size():
    plan = on_gke()
    volume, found = volume_of(plan), spec(plan)
    claim = found["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert found["retention"] == "62d"
    assert claim["resources"]["requests"]["storage"] == f"{volume.disk_gib(62)}Gi" == "50Gi"
    assert found["resources"]["requests"]["memory"] == f"{volume.memory_mib}Mi" == "1536Mi"
    # It drops its oldest days before the volume is full.
    assert found["retentionSize"] == "40960MiB"


def test_what_a_person_says_of_its_volume_counts():
    found = spec(on_gke({"retentionDays": 90, "storageGib": 100, "storageClass": "fast"}))
    claim = found["storageSpec"]["volumeClaimTemplate"]["spec"]
    assert (found["retention"], found["retentionSize"]) == ("90d", "81920MiB")
    assert (claim["storageClassName"], claim["resources"]["requests"]["storage"]) == ("fast", "100Gi")


def test_eks_has_no_storage_class_by_default_and_gets_one():
    claim = spec(on_eks())["storageSpec"]["volumeClaimTemplate"]["spec"]
    (made,) = [body for body in prometheus(on_eks()) if body["kind"] == "StorageClass"]
    assert made["metadata"]["name"] == claim["storageClassName"] == "mizan-monitoring"
    assert made["parameters"] == {"type": "gp3", "encrypted": "true"}
    theirs = on_eks({"storageClass": "fast"})
    assert [body["kind"] for body in prometheus(theirs)] == ["Namespace"]
    assert "storageClassName" not in spec(on_gke())["storageSpec"]["volumeClaimTemplate"]["spec"]


def test_its_namespace_may_read_the_metrics_of_teams_pods_and_is_nobody_s():
    (namespace,) = prometheus(on_gke())
    assert namespace["metadata"]["name"] == "mizan-monitoring"
    assert namespace["metadata"]["labels"][keys.MONITORING] == keys.ALLOWED
    assert keys.is_system_namespace("mizan-monitoring")


@pytest.mark.parametrize("case", PLANS)
def test_none_of_its_pods_goes_to_a_gpu_node(case):
    values = chart_values(PLANS[case])
    alertmanager, patch = values["alertmanager"]["alertmanagerSpec"], values["prometheusOperator"]["admissionWebhooks"]
    places = [
        *(values[part] for part in ("prometheusOperator", "grafana", "kube-state-metrics")),
        *(spec(PLANS[case]), alertmanager, patch["patch"], values["crds"]["upgradeJob"]),
    ]
    for place in places:
        required = place["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        assert required["nodeSelectorTerms"] == [
            {"matchExpressions": [{"key": "mizan.dev/pool", "operator": "DoesNotExist"}]}
        ]
        on_eks_alone = [{"key": "CriticalAddonsOnly", "operator": "Exists"}] if case.startswith("eks") else []
        assert place["tolerations"] == on_eks_alone


def test_kube_state_metrics_tells_the_labels_that_rules_read_one_by_one():
    (allowed,) = chart_values(on_gke())["kube-state-metrics"]["metricLabelsAllowlist"]
    found = dict(re.findall(r"([a-z]+)=\[([^\]]*)\]", allowed))
    assert {kind: tuple(labels.split(",")) for kind, labels in found.items()} == dict(LABELS)
    assert "*" not in allowed


def test_kube_state_metrics_tells_and_may_read_which_queues_are_stopped():
    values = chart_values(on_gke())["kube-state-metrics"]
    assert values["customResourceState"] == {"enabled": True, "config": queue_state()}
    (rights,) = [rule for rule in values["rbac"]["extraRules"] if "localqueues" in rule["resources"]]
    assert (rights["apiGroups"], rights["verbs"]) == (["kueue.x-k8s.io"], ["list", "watch"])


@pytest.mark.parametrize(
    ("of_prometheus", "of_opencost", "is_there"),
    [
        ({}, {"install": "none"}, False),
        ({}, {"install": "helm"}, True),
        ({"rulesInCluster": True}, {"install": "none"}, True),
        ({"headersSecret": "mimir-headers"}, {"install": "none"}, True),
    ],
)
def test_the_namespace_comes_with_whatever_is_in_it_once(of_prometheus, of_opencost, is_there):
    plan = elsewhere(EXTERNAL | of_prometheus, of_opencost)
    named = [body["metadata"]["name"] for body in manifests_of(plan) if body["kind"] == "Namespace"]
    assert named.count("mizan-monitoring") == is_there
    assert [body["kind"] for body in prometheus(plan)] == ["Namespace"] * is_there


def test_alerts_go_to_slack_by_a_webhook_that_only_a_file_holds():
    alertmanager = chart_values(on_gke({"slack": SLACK}))["alertmanager"]
    assert alertmanager["alertmanagerSpec"]["secrets"] == ["slack-webhook"]
    slack = alertmanager["config"]["receivers"][1]["slack_configs"][0]
    assert slack["api_url_file"] == "/etc/alertmanager/secrets/slack-webhook/url"
    assert slack["channel"] == "#ml-cost-alerts"
    assert alertmanager["config"]["route"]["receiver"] == "slack"
    assert "config" not in chart_values(on_gke())["alertmanager"]


def met(matcher: str, labels: dict[str, str]) -> bool:
    """Whether labels meet a matcher, as Alertmanager reads it."""
    name, operator, value = re.fullmatch(r'(\w+) (=~|!~|=|!=) "?([^"]*)"?', matcher).groups()
    is_like = bool(re.fullmatch(value, labels.get(name, ""))) if "~" in operator else labels.get(name, "") == value
    return is_like is (operator[0] == "=")


def test_no_alert_of_ours_waits_for_a_worse_one_to_be_told_in_slack():
    plan = on_gke({"slack": SLACK})
    rules = chart_values(plan)["alertmanager"]["config"]["inhibit_rules"]
    told = [rule for group in alert_groups(plan, Source(cluster="c1")) for rule in group.rules]
    ours = [{"alertname": rule.name, "severity": rule.severity} for rule in told if isinstance(rule, Alert)]
    assert {alert["severity"] for alert in ours} == {"info", "warning", "critical"}
    inhibitor = {"alertname": "InfoInhibitor", "severity": "none"}
    for source in (inhibitor, *ours):
        of_source = [rule for rule in rules if all(met(each, source) for each in rule["source_matchers"])]
        for alert in ours:
            silenced = [rule for rule in of_source if all(met(each, alert) for each in rule["target_matchers"])]
            # None of them has a namespace, and equal names are of one severity.
            assert [rule for rule in silenced if all(source.get(n) == alert.get(n) for n in rule["equal"])] == []


def test_the_chart_s_own_alerts_without_haste_still_wait_for_a_worse_one():
    rules = chart_values(on_gke({"slack": SLACK}))["alertmanager"]["config"]["inhibit_rules"]
    chart_s = {"alertname": "CPUThrottlingHigh", "severity": "info"}
    (waits,) = [rule for rule in rules if rule["source_matchers"] == ["alertname = InfoInhibitor"]]
    assert all(met(each, chart_s) for each in waits["target_matchers"])
    assert waits["equal"] == ["namespace"]


def test_samples_are_as_far_apart_as_its_volume_is_computed_with():
    assert (spec(on_gke())["scrapeInterval"], spec(on_gke())["evaluationInterval"]) == ("30s", "30s")
    of_one = volume_of(on_gke())
    assert of_one.samples_per_second == pytest.approx(of_one.series / 30)


@pytest.mark.parametrize("case", PLANS)
def test_no_password_and_no_webhook_stands_in_the_values(case):
    text = json.dumps(chart_values(PLANS[case]))
    assert "adminPassword" not in text
    assert "hooks.slack.com" not in text
    assert '"api_url"' not in text


def test_grafana_takes_its_administrator_from_a_secret_where_one_is_named():
    assert chart_values(on_gke(WHOLE))["grafana"]["admin"] == {"existingSecret": "grafana-admin"}
    assert "admin" not in chart_values(on_gke())["grafana"]


def test_grafana_shows_the_dashboards_of_every_namespace():
    assert chart_values(on_gke())["grafana"]["sidecar"]["dashboards"] == {
        "enabled": True,
        "label": "grafana_dashboard",
        "labelValue": "1",
        "searchNamespace": "ALL",
    }


def test_its_series_bear_the_name_of_the_cluster():
    assert spec(on_gke())["externalLabels"] == {"cluster": "gke-test"}
    assert spec(elsewhere({"install": "helm"}))["externalLabels"] == {"cluster": "prod-cluster"}


@pytest.mark.parametrize(
    ("plan", "url"),
    [
        (on_gke(), "http://kube-prometheus-stack-prometheus.mizan-monitoring.svc:9090"),
        (elsewhere(EXTERNAL), "https://mimir.example.com/prometheus"),
        (elsewhere(), None),
    ],
)
def test_pods_know_where_it_is(plan, url):
    assert prometheus_url(plan) == url


def test_somebody_else_s_prometheus_adds_nothing_to_the_cluster():
    assert prometheus(elsewhere(EXTERNAL)) == []
    assert manifests_of(elsewhere(EXTERNAL)) == manifests_of(elsewhere())
