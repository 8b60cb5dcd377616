"""Prometheus and OpenCost under mocks: their Helm releases, in their order, or nothing where somebody else has them."""

import json

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.charts import VARIABLE
from components.cost.opencost import OpenCost, OpenCostArgs
from components.cost.prometheus import Prometheus, PrometheusArgs
from mizan.manifests import opencost, prometheus
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
            OpenCost("o", OpenCostArgs(plan=plan, prometheus=(made,)), opts)

        return deploy(program)

    return make


@pytest.mark.parametrize("case", PLANS)
def test_they_register_what_render_prints_and_their_charts_where_these_are_ours(registered, case):
    plan = PLANS[case]
    resources = registered(plan)
    printed = [*prometheus.prometheus(plan), *opencost.opencost(plan)]
    assert [item.manifest for item in resources if item.manifest] == printed
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


def test_they_are_taken_out_of_a_cluster_that_goes_so_that_the_volume_goes_too(registered):
    assert {item.deleted_with for item in registered(on_eks()) if item.manifest or item.typ == RELEASE} == {""}


def test_somebody_else_s_are_not_installed(registered):
    resources = registered(elsewhere(EXTERNAL, {"install": "external"}))
    assert [item.typ for item in resources if item.typ.startswith("kubernetes:")] == []


def test_an_opencost_beside_somebody_else_s_prometheus_brings_the_namespace(registered):
    resources = registered(elsewhere(EXTERNAL, HELM))
    assert "o-namespace-mizan-monitoring" in before(resources, "o-release")
    assert "p-release" not in {item.name for item in resources}


def test_no_secret_is_among_what_pulumi_keeps(registered):
    text = json.dumps([dict(item.inputs) for item in registered(on_gke(WHOLE))], default=str)
    assert "slack-webhook/url" in text
    for key in ("adminPassword", "hooks.slack.com", "kubernetes:core/v1:Secret"):
        assert key not in text
