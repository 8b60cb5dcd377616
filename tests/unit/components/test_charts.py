"""Where charts come from when MIZAN_CHARTS names a folder, and when it does not."""

import pulumi
import pytest

from components.capacity.karpenter import Karpenter, KarpenterArgs
from components.charts import VARIABLE, chart
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


def karpenter(**addon):
    plan = an_eks_plan(addons={"kueue": {"install": "helm"}, "karpenter": addon})
    return lambda: Karpenter("x", KarpenterArgs(plan=plan, cluster_name="eks-test"))


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
