"""NVIDIA's DCGM exporter under mocks: its own Helm release, or what the operator's reads."""

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.gpu.dcgm_exporter import DcgmExporter, DcgmExporterArgs
from mizan import versions
from mizan.manifests.dcgm_exporter import chart_values, dcgm_exporter
from tests.builders import a_pool
from tests.dcgm_stacks import (
    ASKED,
    a_pool_of_the_operator_s,
    measured_elsewhere,
    measured_locally,
    measured_on_eks,
    measured_on_gke,
)
from tests.mocks import Registered

RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture
def registered(deploy):
    def make(plan, **args) -> list[Registered]:
        return deploy(lambda: DcgmExporter("x", DcgmExporterArgs(plan=plan, **args)))

    return make


def releases(resources: list[Registered]) -> list[Registered]:
    return [item for item in resources if item.typ == RELEASE]


def test_on_gke_the_exporter_s_own_chart_is_installed_after_what_it_reads(registered):
    plan = measured_on_gke()
    resources = registered(plan)
    (release,) = releases(resources)
    assert {key: release.inputs[key] for key in ("chart", "version", "name", "namespace", "repositoryOpts")} == {
        "chart": "dcgm-exporter",
        "version": "4.8.2",
        "name": "dcgm-exporter",
        "namespace": "dcgm-exporter",
        "repositoryOpts": {"repo": "https://nvidia.github.io/dcgm-exporter/helm-charts"},
    }
    assert release.inputs["values"] == chart_values(plan)
    # A node whose driver comes late does not fail the update.
    assert release.inputs["skipAwait"] is True
    assert {item.urn for item in resources if item.manifest} <= release.dependencies


def test_its_objects_come_after_their_namespace(registered):
    resources = [item for item in registered(measured_on_gke(**ASKED)) if item.manifest]
    namespace, *others = resources
    assert namespace.manifest["kind"] == "Namespace"
    assert [item.manifest["kind"] for item in others] == ["ResourceQuota", "ConfigMap", "ServiceMonitor"]
    assert all(namespace.urn in item.dependencies for item in others)


@pytest.mark.parametrize(
    "plan",
    [
        measured_on_eks(),
        measured_on_eks(install="external"),
        measured_on_gke(install="external"),
        measured_locally({"dcgmExporter": {}}),
        measured_elsewhere({"gpuOperator": {}}),
    ],
)
def test_no_release_where_the_operator_or_somebody_else_brings_the_exporter(registered, plan):
    resources = registered(plan)
    assert releases(resources) == []
    assert [item.manifest for item in resources if item.manifest] == dcgm_exporter(plan)


def test_a_cluster_in_which_both_ways_are_used_has_a_release_for_the_other_pools(registered):
    (release,) = releases(registered(measured_on_gke([a_pool(), a_pool_of_the_operator_s()])))
    assert release.inputs["name"] == "dcgm-exporter"


def test_everything_waits_for_the_operator_whose_namespace_it_is_in(deploy):
    def program() -> None:
        operator = k8s.core.v1.Namespace("operator", metadata={"name": "gpu-operator"})
        DcgmExporter("x", DcgmExporterArgs(plan=measured_on_eks(**ASKED), operator=(operator,)))

    operator, *own = [item for item in deploy(program) if item.manifest]
    assert [item.manifest["kind"] for item in own] == ["ConfigMap", "ServiceMonitor"]
    assert all(operator.urn in item.dependencies for item in own)


def test_nothing_is_taken_out_of_a_cluster_that_goes_itself(deploy):
    def program() -> None:
        cluster = pulumi.ComponentResource("test:Cluster", "cluster")
        DcgmExporter("x", DcgmExporterArgs(plan=measured_on_gke(), cluster=cluster))

    resources = deploy(program)
    (cluster,) = [item for item in resources if item.typ == "test:Cluster"]
    own = [item for item in resources if item.manifest or item.typ == RELEASE]
    assert len(own) == 5
    assert {item.deleted_with for item in own} == {cluster.urn}


def test_a_mirror_s_chart_needs_no_repository(registered):
    (release,) = releases(registered(measured_on_gke(chart="oci://mirror.example.com/dcgm-exporter")))
    assert release.inputs["chart"] == "oci://mirror.example.com/dcgm-exporter"
    assert not release.inputs.get("repositoryOpts")


def test_a_folder_of_charts_goes_before_nvidia_s_repository(registered, tmp_path, monkeypatch):
    folder = tmp_path / versions.DCGM_EXPORTER_CHART
    folder.mkdir()
    (folder / "Chart.yaml").write_text("name: dcgm-exporter\n")
    monkeypatch.setenv("MIZAN_CHARTS", str(tmp_path))
    (release,) = releases(registered(measured_on_gke()))
    assert release.inputs["chart"] == str(folder)
    assert not release.inputs.get("repositoryOpts")


@pytest.mark.parametrize(
    ("plan", "retained"),
    [
        (measured_on_gke(install="external"), {"x-namespace-dcgm-exporter"}),
        (measured_elsewhere({"dcgmExporter": {"install": "external"}}), {"x-namespace-dcgm-exporter"}),
        (measured_on_gke(), set()),
        # Nobody else runs anything there.
        (measured_locally({"dcgmExporter": {}}), set()),
    ],
)
def test_the_namespace_of_somebody_else_s_exporter_stays_when_the_stack_goes(registered, plan, retained):
    assert {item.name for item in registered(plan) if item.is_retained} == retained
