"""Rules as the Prometheus operator's objects, and how Prometheus reads the controllers that they need."""

import json

import pytest

from mizan.manifests import manifests_of
from mizan.manifests.controller_monitors import controller_monitors
from mizan.manifests.prometheus_rules import prometheus_rules, source_of
from mizan.metrics.alerts import alert_groups
from mizan.metrics.groups import recording_groups, rules_file
from mizan.metrics.selector import Source
from tests.builders import PROJECT, a_plan
from tests.monitoring_stacks import EXTERNAL, HELM, elsewhere, on_eks, on_gke

OBJECTS = EXTERNAL | {"rulesInCluster": True}
CHARTS = PROJECT / "tests" / "data" / "charts"


def named(bodies):
    return [(body["kind"], body["metadata"]["name"]) for body in bodies]


@pytest.mark.parametrize("plan", [on_gke(), on_eks(), elsewhere(OBJECTS)])
def test_costs_and_alerts_are_an_object_each_in_the_namespace_of_monitoring(plan):
    costs, alerts = prometheus_rules(plan)
    for body in (costs, alerts):
        assert (body["apiVersion"], body["kind"]) == ("monitoring.coreos.com/v1", "PrometheusRule")
        assert body["metadata"]["namespace"] == "mizan-monitoring"
    source = source_of(plan)
    assert costs["spec"] == rules_file(recording_groups(plan, source), source)
    assert alerts["spec"] == rules_file(alert_groups(plan, source), source)
    # etcd takes objects up to 1.5 MiB.
    assert all(len(json.dumps(body)) < 200_000 for body in (costs, alerts))


@pytest.mark.parametrize(
    "plan", [elsewhere(), elsewhere(EXTERNAL), on_gke(EXTERNAL), on_gke({"install": "none"}), a_plan()]
)
def test_a_cluster_without_the_operator_s_kinds_gets_none_of_them(plan):
    assert prometheus_rules(plan) == controller_monitors(plan) == []
    kinds = {body["kind"] for body in manifests_of(plan)}
    assert not kinds & {"PrometheusRule", "ServiceMonitor"}


def test_rules_read_one_cluster_in_a_store_of_several():
    shared = elsewhere(OBJECTS | {"clusterLabel": "k8s_cluster"})
    assert source_of(shared) == Source(cluster=shared.cluster_name, label="k8s_cluster")
    assert source_of(on_gke()) == Source(cluster=on_gke().cluster_name)
    assert f'k8s_cluster=\\"{shared.cluster_name}\\"' in json.dumps(prometheus_rules(shared))


@pytest.mark.parametrize(
    ("plan", "names"),
    [
        (on_gke(), ["mizan-kueue"]),
        (on_eks(), ["mizan-kueue", "mizan-karpenter"]),
        (elsewhere(OBJECTS), ["mizan-kueue"]),
    ],
)
def test_controllers_that_the_stack_installs_are_read(plan, names):
    monitors = controller_monitors(plan)
    assert named(monitors) == [("ServiceMonitor", name) for name in names]
    fields = set((CHARTS / "service-monitor-v0.85.0.keys.txt").read_text().splitlines())
    for monitor in monitors:
        (endpoint,) = monitor["spec"]["endpoints"]
        assert {f"endpoints[].{key}" for key in endpoint if key != "tlsConfig"} <= fields
        assert endpoint["path"] == "/metrics"


def test_kueue_is_read_by_prometheus_own_account_at_the_service_of_its_chart():
    (kueue,) = controller_monitors(on_gke())
    assert kueue["spec"]["namespaceSelector"] == {"matchNames": ["kueue-system"]}
    assert kueue["spec"]["selector"] == {
        "matchLabels": {"app.kubernetes.io/name": "kueue", "app.kubernetes.io/component": "metrics-service"}
    }
    (endpoint,) = kueue["spec"]["endpoints"]
    assert (endpoint["port"], endpoint["scheme"]) == ("https", "https")
    assert endpoint["bearerTokenFile"] == "/var/run/secrets/kubernetes.io/serviceaccount/token"
    assert endpoint["tlsConfig"] == {"insecureSkipVerify": True}


def test_karpenter_is_read_at_the_service_of_its_chart():
    _, karpenter = controller_monitors(on_eks())
    assert karpenter["spec"]["namespaceSelector"] == {"matchNames": ["kube-system"]}
    assert karpenter["spec"]["selector"] == {"matchLabels": {"app.kubernetes.io/name": "karpenter"}}
    assert karpenter["spec"]["endpoints"] == [{"port": "http-metrics", "path": "/metrics"}]


@pytest.mark.parametrize("plan", [on_gke(), elsewhere(OBJECTS), elsewhere(OBJECTS, HELM), elsewhere(EXTERNAL, HELM)])
def test_their_namespace_comes_once_and_before_them(plan):
    bodies = manifests_of(plan)
    (place,) = [place for place, each in enumerate(named(bodies)) if each == ("Namespace", "mizan-monitoring")]
    inside = [place for place, body in enumerate(bodies) if body["metadata"].get("namespace") == "mizan-monitoring"]
    assert inside
    assert place < min(inside)
