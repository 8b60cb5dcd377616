"""Helm releases: what one tells the engine, and where charts come from, by MIZAN_CHARTS or without it."""

import pulumi
import pytest

from components.capacity.karpenter import Karpenter, KarpenterArgs
from components.helm_release import VARIABLE, HelmReleaseArgs, chart, helm_release
from components.queues.kueue import Kueue, KueueArgs
from mizan import versions
from mizan.config import Install, KueueAddon
from tests.eks_stacks import an_eks_plan, with_answers

HELM = KueueAddon(install=Install.HELM)
RELEASE = "kubernetes:helm.sh/v3:Release"


@pytest.fixture
def charts(tmp_path, monkeypatch):
    """A folder with the three charts, which the variable names."""
    for name in ("kueue", "karpenter", "karpenter-crd"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "Chart.yaml").write_text(f"name: {name}\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def releases(resources):
    return {item.inputs["name"]: item.inputs["chart"] for item in resources if item.typ == RELEASE}


def the_inputs(deploy, **changes):
    args = HelmReleaseArgs(chart="exporter", version="1.2.3", name="exporter", namespace="gpus", **changes)
    (found,) = deploy(lambda: helm_release("x-release", args, pulumi.ResourceOptions()))
    assert (found.typ, found.name) == (RELEASE, "x-release")
    return dict(found.inputs)


def karpenter(**addon):
    plan = an_eks_plan(addons={"kueue": {"install": "helm"}, "karpenter": addon})
    return lambda: Karpenter("x", KarpenterArgs(plan=plan, cluster_name="eks-test"))


def test_what_a_release_does_not_set_is_left_to_helm(deploy):
    wanted = {"chart": "exporter", "version": "1.2.3", "name": "exporter", "namespace": "gpus", "compat": "true"}
    assert the_inputs(deploy) == wanted
    told = {"createNamespace": True, "skipCrds": True, "skipAwait": True, "timeout": 900, "values": {"a": [1]}}
    set_ = {"create_namespace": True, "skip_crds": True, "skip_await": True, "timeout_seconds": 900}
    assert the_inputs(deploy, **set_, values={"a": [1]}) == wanted | told


def test_a_repository_is_named_only_where_the_chart_comes_from_it(deploy, tmp_path, monkeypatch):
    repository = "https://charts.example.com"
    assert the_inputs(deploy, repository=repository)["repositoryOpts"] == {"repo": repository}
    mirror = "oci://mirror.example.com/exporter"
    given = the_inputs(deploy, repository=repository, given=mirror)
    assert (given["chart"], "repositoryOpts" in given) == (mirror, False)
    (tmp_path / "exporter").mkdir()
    (tmp_path / "exporter" / "Chart.yaml").write_text("name: exporter\n")
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    of_folder = the_inputs(deploy, repository=repository)
    assert (of_folder["chart"], "repositoryOpts" in of_folder) == (str(tmp_path / "exporter"), False)


def test_a_chart_comes_from_its_registry_where_no_folder_is_named():
    assert chart(versions.KUEUE_CHART, {}) == versions.KUEUE_CHART
    assert chart(versions.KUEUE_CHART, {VARIABLE: ""}) == versions.KUEUE_CHART


def test_every_chart_comes_from_the_folder_that_is_named(charts, deploy, monkeypatch):
    with_answers(monkeypatch)
    assert releases(deploy(lambda: Kueue("x", KueueArgs(settings=HELM)))) == {"kueue": str(charts / "kueue")}
    assert releases(deploy(karpenter())) == {
        "karpenter-crd": str(charts / "karpenter-crd"),
        "karpenter": str(charts / "karpenter"),
    }


def test_a_stack_s_own_chart_goes_before_the_folder(charts, deploy, monkeypatch):
    with_answers(monkeypatch)
    mirror = "oci://mirror.example.com/karpenter"
    assert releases(deploy(karpenter(chart=mirror))) == {"karpenter-crd": f"{mirror}-crd", "karpenter": mirror}


def test_a_chart_given_to_the_component_goes_before_the_folder(charts, deploy):
    resources = deploy(lambda: Kueue("x", KueueArgs(settings=HELM, chart="./mine")))
    assert releases(resources) == {"kueue": "./mine"}


def test_a_chart_that_the_folder_lacks_is_not_fetched_behind_ones_back(tmp_path):
    with pytest.raises(pulumi.RunError) as told:
        chart(versions.KUEUE_CHART, {VARIABLE: str(tmp_path)})
    assert str(told.value) == (
        f"MIZAN_CHARTS {tmp_path}: no chart kueue; needs {tmp_path}/kueue/Chart.yaml because MIZAN_CHARTS stands for "
        "every registry, so nothing is fetched from oci://registry.k8s.io/kueue/charts/kueue. Run `helm pull "
        f"oci://registry.k8s.io/kueue/charts/kueue --untar` in that folder, or unset MIZAN_CHARTS."
    )
