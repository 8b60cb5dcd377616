"""Values of another shape than a field's, told in whole sentences; and text that is none."""

import pytest

from tests.builders import a_config, a_job, a_stack, an_existing_stack, faults_of
from tests.eks_stacks import an_eks_stack
from tests.sharing_stacks import a_sharing_stack, kept

KUEUE = {"kueue": {"install": "helm"}}


@pytest.mark.parametrize(("layout", "seen"), [([], "[]"), ("x", "x"), (7, "7")])
def test_a_layout_of_another_shape_is_told_what_it_maps(layout, seen):
    (told,) = faults_of(a_sharing_stack("local", {"mode": "mig", "layout": layout}, capacity=kept()))
    assert told == (
        f"mizan:pools[0].sharing.layout: {seen}; needs a mapping of names to whole numbers because large and small "
        "work can share one GPU. Write `{3g.20gb: 1, 2g.10gb: 1, 1g.5gb: 1}`."
    )


def test_labels_of_another_shape_are_told_what_they_map():
    (told,) = faults_of(a_stack(labels=[]))
    assert told.startswith("mizan:labels: []; needs a mapping of names to text because")


@pytest.mark.parametrize(("count", "seen"), [("helm", "helm"), (1.5, "1.5"), ("9" * 5000, f"{'9' * 80}...")])
def test_what_is_no_count_in_a_layout_is_told_as_such(count, seen):
    told = faults_of(a_sharing_stack("local", {"mode": "mig", "layout": {"1g.5gb": count}}, capacity=kept()))
    assert told[-1].startswith(
        f"mizan:pools[0].sharing.layout.1g.5gb: {seen}; needs a whole number because large and small work"
    )
    assert not any("Input should be" in fault for fault in told)


@pytest.mark.parametrize("chart", ["   ", " oci://mirror/x", "oci://mirror/x\n", "\t"])
def test_a_chart_s_address_is_more_than_spaces_and_has_none_at_its_ends(chart):
    addons = KUEUE | {"gpuOperator": {"chart": chart}, "karpenter": {"chart": chart}}
    told = [fault.partition(": ")[0] for fault in faults_of(an_eks_stack(addons=addons))]
    assert told == ["mizan:addons.gpuOperator.chart", "mizan:addons.karpenter.chart"]
    (exporter,) = faults_of(an_existing_stack(addons=KUEUE | {"dcgmExporter": {"install": "helm", "chart": chart}}))
    assert exporter.startswith("mizan:addons.dcgmExporter.chart: ")


def test_a_folder_with_a_space_in_its_name_may_hold_a_chart():
    addons = KUEUE | {"karpenter": {"chart": "./my charts/karpenter"}}
    assert a_config(an_eks_stack(addons=addons)).addons.karpenter.chart == "./my charts/karpenter"


@pytest.mark.parametrize("character", ["\0", "\x1b", "\x7f"])
def test_an_address_of_checkpoints_has_no_control_characters(character):
    (told,) = faults_of(a_stack(jobs=[a_job(checkpoint={"dir": f"s3://bucket/{character}x"})]))
    assert told.startswith("mizan:jobs[0].checkpoint.dir: ")
    assert "needs text that matches" in told
