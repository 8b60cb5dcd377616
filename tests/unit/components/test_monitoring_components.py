"""Prometheus and OpenCost under mocks: their Helm releases, in their order, or nothing where somebody else has them."""

import json
from collections.abc import Iterable, Mapping

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.cost.dashboards import Dashboards, DashboardsArgs
from components.cost.opencost import OpenCost, OpenCostArgs
from components.cost.prometheus import Prometheus, PrometheusArgs
from components.cost.rules import Rules, RulesArgs
from components.helm_release import VARIABLE
from mizan.manifests import opencost, prometheus
from mizan.manifests.controller_monitors import controller_monitors
from mizan.manifests.dashboards import dashboard_config_maps
from mizan.manifests.prometheus_rules import prometheus_rules
from tests.mocks import Registered
from tests.monitoring_stacks import EXTERNAL, HELM, WHOLE, elsewhere, on_eks, on_gke, plans
from tests.unit.components.test_eks import before, the

RELEASE = "kubernetes:helm.sh/v3:Release"
PLANS = plans()


@pytest.fixture
def registered(deploy):
    def make(plan) -> list[Registered]:
        def program() -> None:
            provider = k8s.Provider("cluster", context="test")
            opts = pulumi.ResourceOptions(providers={"kubernetes": provider})
            made = Prometheus("p", PrometheusArgs(plan=plan), opts)
            Rules("r", RulesArgs(plan=plan, prometheus=(made,)), opts)
            Dashboards("d", DashboardsArgs(plan=plan, prometheus=(made,)), opts)
            OpenCost("o", OpenCostArgs(plan=plan, prometheus=(made,)), opts)

        return deploy(program)

    return make


def in_order(manifests: Iterable[Mapping[str, object]]) -> list[str]:
    """Registrations come in any order."""
    return sorted(json.dumps(each, sort_keys=True) for each in manifests)


@pytest.mark.parametrize("case", PLANS)
def test_they_register_what_render_prints_and_their_charts_where_these_are_ours(registered, case):
    plan = PLANS[case]
    resources = registered(plan)
    objects = (controller_monitors, prometheus_rules, dashboard_config_maps, opencost.opencost)
    printed = [*prometheus.prometheus(plan), *(body for of in objects for body in of(plan))]
    assert in_order(item.manifest for item in resources if item.manifest) == in_order(printed)
    values = {item.inputs["name"]: item.inputs["values"] for item in resources if item.typ == RELEASE}
    expected = {"opencost": opencost.chart_values(plan)}
    if prometheus.is_installed(plan):
        expected["kube-prometheus-stack"] = prometheus.chart_values(plan)
    assert values == expected


def test_the_charts_are_their_owners_of_the_pinned_versions(registered):
    resources = registered(on_gke())
    stack, cost = the(resources, "p-release").inputs, the(resources, "o-release").inputs
    assert stack["chart"] == "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"
    assert (stack["version"], stack["namespace"]) == ("88.5.3", "mizan-monitoring")
    assert (cost["chart"], cost["version"], cost["namespace"]) == ("opencost", "2.5.17", "mizan-monitoring")
    assert cost["repositoryOpts"] == {"repo": "https://opencost.github.io/opencost-helm-chart"}


def test_a_mirror_s_charts_are_not_looked_for_in_their_owners_repositories(registered):
    mirror = "oci://mirror.example.com/charts"
    plan = on_gke({"chart": f"{mirror}/kube-prometheus-stack", "version": "88.6.0"}, {"chart": f"{mirror}/opencost"})
    resources = registered(plan)
    stack, cost = the(resources, "p-release").inputs, the(resources, "o-release").inputs
    assert (stack["chart"], stack["version"]) == (f"{mirror}/kube-prometheus-stack", "88.6.0")
    assert cost["chart"] == f"{mirror}/opencost"
    assert not cost.get("repositoryOpts")


def test_the_charts_come_from_the_folder_that_is_named(registered, tmp_path, monkeypatch):
    for name in ("kube-prometheus-stack", "opencost"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").write_text(f"name: {name}\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    resources = registered(on_gke())
    assert the(resources, "p-release").inputs["chart"] == str(tmp_path / "kube-prometheus-stack")
    assert the(resources, "o-release").inputs["chart"] == str(tmp_path / "opencost")


def test_a_chart_comes_after_its_namespace_and_opencost_after_prometheus(registered):
    resources = registered(on_eks())
    made = "p-namespace-mizan-monitoring", "p-storageclass-mizan-monitoring"
    assert set(made) <= before(resources, "p-release")
    assert {"p-release", "o-configmap-mizan-monitoring/opencost-prices"} <= before(resources, "o-release")
    assert "p-release" in before(resources, "o-configmap-mizan-monitoring/opencost-prices")


def test_rules_monitors_and_dashboards_come_after_the_chart_that_brings_their_kinds(registered):
    resources = registered(on_eks())
    for name in (
        "r-prometheusrule-mizan-monitoring/mizan-costs",
        "r-prometheusrule-mizan-monitoring/mizan-alerts",
        "r-servicemonitor-mizan-monitoring/mizan-kueue",
        "r-servicemonitor-mizan-monitoring/mizan-karpenter",
        "d-configmap-mizan-monitoring/mizan-gpu-cost",
    ):
        assert {"p-release", "p-namespace-mizan-monitoring"} <= before(resources, name)


def test_beside_somebody_else_s_operator_they_come_after_their_namespace(registered):
    resources = registered(elsewhere(EXTERNAL | {"rulesInCluster": True}))
    for name in (
        "r-prometheusrule-mizan-monitoring/mizan-costs",
        "d-configmap-mizan-monitoring/mizan-gpu-health",
    ):
        assert "p-namespace-mizan-monitoring" in before(resources, name)


def test_they_are_taken_out_of_a_cluster_that_goes_so_that_the_volume_goes_too(registered):
    assert {item.deleted_with for item in registered(on_eks()) if item.manifest or item.typ == RELEASE} == {""}


def test_somebody_else_s_are_not_installed(registered):
    resources = registered(elsewhere(EXTERNAL, {"install": "external"}))
    assert [item.typ for item in resources if item.typ.startswith("kubernetes:")] == []


def test_an_opencost_beside_somebody_else_s_prometheus_has_its_namespace_first(registered):
    resources = registered(elsewhere(EXTERNAL, HELM))
    assert "p-namespace-mizan-monitoring" in before(resources, "o-release")
    assert "p-release" not in {item.name for item in resources}


def test_no_secret_is_among_what_pulumi_keeps(registered):
    text = json.dumps([dict(item.inputs) for item in registered(on_gke(WHOLE))], default=str)
    assert "slack-webhook/url" in text
    for key in ("adminPassword", "hooks.slack.com", "kubernetes:core/v1:Secret"):
        assert key not in text
