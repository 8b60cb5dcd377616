"""The GPU operator as resources: its chart, what comes before it, and what goes with the cluster."""

import pulumi
import pulumi_kubernetes as k8s
import pytest

from components.gpu.operator import GpuOperator, GpuOperatorArgs
from components.helm_release import VARIABLE
from mizan.manifests.gpu_operator import chart_values, gpu_operator
from tests.builders import a_pool
from tests.operator_stacks import DISABLED, HELM, elsewhere, on_eks, on_gke, operated, plans
from tests.sharing_stacks import TURNS
from tests.unit.components.test_eks import before, the

EXTERNAL = {"install": "external"}
RELEASE = "kubernetes:helm.sh/v3:Release"
PLANS = plans()
SHARED = PLANS["eks-shared"]


def in_order(bodies):
    return sorted(bodies, key=lambda body: (body["kind"], body["metadata"]["name"]))


@pytest.fixture
def registered(deploy):
    def make(plan, *, makes_cluster=True):
        def program() -> None:
            cluster = pulumi.ComponentResource("test:Cluster", "cluster") if makes_cluster else None
            provider = k8s.Provider("cluster", context="test")
            opts = pulumi.ResourceOptions(providers={"kubernetes": provider})
            GpuOperator("x", GpuOperatorArgs(plan=plan, cluster=cluster), opts)

        return deploy(program)

    return make


@pytest.mark.parametrize("case", PLANS)
def test_it_registers_what_render_prints_and_its_chart_where_it_is_ours(registered, case):
    plan = PLANS[case]
    resources = registered(plan)
    assert in_order(item.manifest for item in resources if item.manifest) == in_order(gpu_operator(plan))
    releases = [item.inputs["values"] for item in resources if item.typ == RELEASE]
    assert releases == ([] if case == "local" else [chart_values(plan)])


def test_the_chart_is_nvidia_s_of_the_pinned_version(registered):
    inputs = the(registered(SHARED), "x-release").inputs
    assert (inputs["chart"], inputs["version"]) == ("gpu-operator", "v26.7.0")
    assert inputs["repositoryOpts"] == {"repo": "https://helm.ngc.nvidia.com/nvidia"}
    assert (inputs["name"], inputs["namespace"]) == ("gpu-operator", "gpu-operator")


@pytest.mark.parametrize("chart", ["oci://mirror.example.com/nvidia/gpu-operator", "./charts/gpu-operator"])
def test_a_mirror_s_chart_is_not_looked_for_in_nvidia_s_repository(registered, chart):
    inputs = the(registered(on_eks(operator={"chart": chart, "version": "v26.7.1"})), "x-release").inputs
    assert (inputs["chart"], inputs["version"]) == (chart, "v26.7.1")
    assert not inputs.get("repositoryOpts")


def test_the_chart_comes_from_the_folder_that_is_named(registered, tmp_path, monkeypatch):
    (tmp_path / "gpu-operator").mkdir()
    (tmp_path / "gpu-operator" / "Chart.yaml").write_text("name: gpu-operator\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    inputs = the(registered(SHARED), "x-release").inputs
    assert inputs["chart"] == str(tmp_path / "gpu-operator")
    assert not inputs.get("repositoryOpts")


def test_a_folder_without_it_tells_how_to_fetch_it(registered, tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(Exception, match=r"helm pull gpu-operator --repo https://helm\.ngc\.nvidia\.com/nvidia --untar"):
        registered(SHARED)


def test_the_chart_comes_after_all_that_its_pods_read(registered):
    resources = registered(SHARED)
    own = {item.name for item in resources if item.manifest}
    assert own <= before(resources, "x-release")
    (namespace,) = [name for name in own if name.startswith("x-namespace")]
    for name in own - {namespace}:
        assert namespace in before(resources, name)


def test_the_driver_installer_waits_for_no_namespace_of_the_operator_s_pods_alone(registered):
    resources = registered(on_gke(operated(gke=DISABLED)))
    assert "x-daemonset-kube-system/nvidia-driver-installer" in before(resources, "x-release")


def test_all_of_it_goes_with_a_cluster_that_the_stack_makes_and_stays_apart_from_any_other(registered):
    own = [item for item in registered(SHARED) if item.typ.startswith("kubernetes:")]
    assert len(own) == 5
    assert {item.deleted_with.rpartition("::")[2] for item in own} == {"cluster"}
    theirs = registered(elsewhere(operator=HELM), makes_cluster=False)
    assert {item.deleted_with for item in theirs} == {""}


@pytest.mark.parametrize(
    ("plan", "retained"),
    [
        (on_eks(operator=EXTERNAL), {"x-namespace-gpu-operator"}),
        (on_gke(operated(), operator=EXTERNAL), {"x-namespace-gpu-operator"}),
        (elsewhere(a_pool(sharing=TURNS), operator=EXTERNAL), {"x-namespace-gpu-operator"}),
        (SHARED, set()),
        # Nobody else runs anything there.
        (PLANS["local"], set()),
    ],
)
def test_the_namespace_of_somebody_else_s_operator_stays_when_the_stack_or_its_sharing_goes(registered, plan, retained):
    assert {item.name for item in registered(plan) if item.is_retained} == retained


def test_somebody_else_s_operator_is_not_installed(registered):
    resources = registered(on_eks(operator=EXTERNAL))
    assert [item.typ for item in resources if item.typ.startswith("kubernetes:")] == ["kubernetes:core/v1:Namespace"]
