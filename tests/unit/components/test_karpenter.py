"""Karpenter on EKS: its rights, its charts, its pools, and the order in which all of it goes again."""

import json

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s
import pytest

from components.capacity.karpenter import Karpenter, KarpenterArgs
from components.gpu.operator import GpuOperator, GpuOperatorArgs
from mizan.manifests import karpenter
from tests.eks_stacks import an_eks_plan, eks_pool, with_answers
from tests.mocks import PROVIDER, Registered
from tests.unit.components.test_eks import AWS_PROVIDER, before, of_type, the

PLAN = an_eks_plan()
HELM = "kubernetes:helm.sh/v3:Release"


@pytest.fixture(autouse=True)
def _a_cloud(monkeypatch):
    with_answers(monkeypatch)


@pytest.fixture
def registered(deploy):
    def make(plan=PLAN) -> list[Registered]:
        def program() -> None:
            providers = {
                "aws": aws.Provider("aws", region="us-east-1"),
                "kubernetes": k8s.Provider("cluster", context="eks-test"),
            }
            args = KarpenterArgs(plan=plan, cluster_name="eks-test")
            Karpenter("x", args, pulumi.ResourceOptions(providers=providers))

        return deploy(program)

    return make


def with_karpenter(**karpenter_settings: object):
    return an_eks_plan(addons={"kueue": {"install": "helm"}, "karpenter": karpenter_settings})


def test_each_resource_goes_through_the_provider_of_its_own_kind(registered):
    resources = registered()
    (cloud,) = [item for item in resources if item.typ == AWS_PROVIDER]
    (cluster,) = [item for item in resources if item.typ == PROVIDER]
    for item in resources:
        if item.typ.startswith("aws:"):
            assert item.provider.startswith(f"{cloud.urn}::"), item.name
        if item.typ.startswith("kubernetes:"):
            assert item.provider.startswith(f"{cluster.urn}::"), item.name
    assert all(item.name.startswith("x") for item in resources if item not in (cloud, cluster))


def test_its_pods_have_six_policies_through_pod_identity(registered):
    resources = registered()
    association = the(resources, "x-pods")
    assert {key: association.inputs[key] for key in ("clusterName", "namespace", "serviceAccount", "roleArn")} == {
        "clusterName": "eks-test",
        "namespace": "kube-system",
        "serviceAccount": "karpenter",
        "roleArn": the(resources, "x-controller-role").outputs.get("arn", "arn:aws:Role:x-controller-role"),
    }
    policies = of_type(resources, "Policy")
    assert sorted(item.inputs["name"] for item in policies) == [
        "eks-test-karpenter-eks-integration",
        "eks-test-karpenter-iam-integration",
        "eks-test-karpenter-interruption",
        "eks-test-karpenter-node-lifecycle",
        "eks-test-karpenter-resource-discovery",
        "eks-test-karpenter-zonal-shift",
    ]
    attached = [item.inputs["policyArn"] for item in of_type(resources, "RolePolicyAttachment")]
    assert {f"arn:aws:Policy:{item.name}" for item in policies} < set(attached)


def test_nodes_have_a_role_that_the_cluster_knows_and_that_karpenter_may_pass_on(registered):
    resources = registered()
    role = the(resources, "x-node-role")
    assert role.inputs["name"] == "eks-test-karpenter-node"
    entry = the(resources, "x-node-entry")
    assert (entry.inputs["type"], entry.inputs["principalArn"]) == ("EC2_LINUX", "arn:aws:Role:x-node-role")
    statements = json.loads(the(resources, "x-karpenter-iam-integration").inputs["policy"])["Statement"]
    (passing,) = [item for item in statements if item["Action"] == "iam:PassRole"]
    assert passing["Resource"] == f"arn:aws:iam::123456789012:role/{role.inputs['name']}"
    (node_class,) = of_type(resources, "EC2NodeClass")
    assert node_class.manifest["spec"]["role"] == role.inputs["name"]


def test_five_rules_fill_one_queue(registered):
    resources = registered()
    queue = the(resources, "x-queue")
    assert queue.inputs == {"name": "eks-test", "messageRetentionSeconds": 300, "sqsManagedSseEnabled": True}
    targets = of_type(resources, "EventTarget")
    assert len(of_type(resources, "EventRule")) == len(targets) == 5
    assert {item.inputs["arn"] for item in targets} == {"arn:aws:Queue:x-queue"}
    assert len({item.inputs["rule"] for item in targets}) == 5


def test_both_charts_are_installed_at_the_pinned_version_crds_first(registered):
    resources = registered()
    crds, release = the(resources, "x-crds"), the(resources, "x-release")
    assert [item.inputs["chart"] for item in (crds, release)] == [
        "oci://public.ecr.aws/karpenter/karpenter-crd",
        "oci://public.ecr.aws/karpenter/karpenter",
    ]
    assert {item.inputs["version"] for item in (crds, release)} == {"1.14.1"}
    assert {item.inputs["namespace"] for item in (crds, release)} == {"kube-system"}
    assert release.inputs["skipCrds"] is True
    assert release.inputs["values"] == karpenter.chart_values(PLAN)
    assert "x-crds" in before(resources, "x-release")


@pytest.mark.parametrize("chart", ["./charts/karpenter", "oci://mirror.example.com/karpenter/karpenter"])
def test_the_charts_may_come_from_elsewhere(registered, chart):
    resources = registered(with_karpenter(chart=chart))
    assert the(resources, "x-release").inputs["chart"] == chart
    assert the(resources, "x-crds").inputs["chart"] == f"{chart}-crd"


def test_where_somebody_else_installs_karpenter_everything_but_the_charts_is_made(registered):
    helm, external = registered(), registered(with_karpenter(install="external"))
    assert {item.name for item in helm} - {item.name for item in external} == {"x-crds", "x-release"}
    assert "x-pods" in before(external, "x-ec2nodeclass-a100")


def test_on_the_way_down_pools_go_before_classes_those_before_the_chart_and_that_before_its_rights(registered):
    resources = registered()
    waits_for = before(resources, "x-nodepool-spot-a100")
    assert "x-ec2nodeclass-a100" in waits_for
    waits_for = before(resources, "x-ec2nodeclass-a100")
    assert "x-release" in waits_for
    waits_for = before(resources, "x-release")
    rights = {"x-pods", "x-queue-policy", "x-node-entry", "x-karpenter-spot-target"}
    assert rights | {"x-controller-karpenter-node-lifecycle", "x-node-AmazonEKSWorkerNodePolicy"} <= waits_for


def test_every_pool_has_a_class_and_every_offer_a_pool_as_render_prints_them(registered):
    plan = an_eks_plan(
        pools=[eks_pool(), eks_pool(name="l4", machine="g6.12xlarge", gpu="l4")],
    )
    resources = registered(plan)
    manifests = [item.manifest for item in resources if item.manifest and item.typ != HELM]
    wanted = karpenter.karpenter_nodes(plan)

    def by_kind_and_name(body):
        return body["kind"], body["metadata"]["name"]

    assert sorted(manifests, key=by_kind_and_name) == sorted(wanted, key=by_kind_and_name)
    assert the(resources, "x-nodepool-spot-l4").manifest["spec"]["template"]["spec"]["nodeClassRef"]["name"] == "l4"
    assert "x-ec2nodeclass-l4" in before(resources, "x-nodepool-spot-l4")
    assert "x-ec2nodeclass-a100" not in before(resources, "x-nodepool-spot-l4")


@pytest.mark.parametrize("install", ["helm", "external"])
def test_what_no_node_is_without_comes_before_the_first_pool_and_goes_after_the_last(deploy, install):
    plan = with_karpenter(install=install)

    def program() -> None:
        providers = {
            "aws": aws.Provider("aws", region="us-east-1"),
            "kubernetes": k8s.Provider("cluster", context="eks-test"),
        }
        opts = pulumi.ResourceOptions(providers=providers)
        operator = GpuOperator("gpus", GpuOperatorArgs(plan=plan), opts)
        Karpenter("x", KarpenterArgs(plan=plan, cluster_name="eks-test", before_nodes=(operator,)), opts)

    resources = deploy(program)
    pools = [item.name for item in of_type(resources, "NodePool")]
    assert sorted(pools) == ["x-nodepool-ondemand-a100", "x-nodepool-spot-a100"]
    assert [name for name in pools if "gpus-release" not in before(resources, name)] == []
    assert not any(name in before(resources, "gpus-release") for name in pools)
