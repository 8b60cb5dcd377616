"""Every property that is set at a cloud exists in the pinned SDK, nothing that it requires is missing."""

from dataclasses import replace

import pulumi
import pytest

from components.capacity.gke_pools import GkePools, GkePoolsArgs
from components.capacity.karpenter import Karpenter, KarpenterArgs
from components.cluster.eks import EksCluster, EksClusterArgs
from components.cluster.gke import GkeCluster, GkeClusterArgs
from mizan.plan import Plan
from tests import gke_stacks, sdk_properties
from tests.builders import a_pool
from tests.eks_stacks import an_eks_plan, with_answers
from tests.gke_stacks import ZONE, a_flex_start_stack, a_gke_plan, a_gke_stack
from tests.mocks import Registered, deploy
from tests.sharing_stacks import PROFILE, TURNS, a_sharing_stack

ALL_OF_EKS = {
    "network": {"zones": ["us-east-1a", "us-east-1b", "us-east-1d"], "natGatewayPerZone": True},
    "authorisedNetworks": [{"name": "office", "cidr": "203.0.113.0/24"}],
    "access": [{"principal": "arn:aws:iam::123456789012:role/platform", "policy": "AmazonEKSClusterAdminPolicy"}],
}


# Between them every argument that is ever set: a key, zones, labels; local disks, a reservation, spot; compact
# placement; GPUs that GKE cuts or shares; flex-start that is queued.
ON_GKE = {
    "least": a_gke_plan(),
    "all": a_gke_plan(
        a_gke_stack(
            {
                "secretsKey": "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
                "nodeZones": [ZONE, "us-central1-f"],
            },
            pools=[a_pool(machine="a2-ultragpu-4g", gpu="a100-80gb", zones=[ZONE])],
            commitments=[{"name": "held", "kind": "reservation", "machine": "a2-ultragpu-4g", "nodes": 1}],
            labels={"cost_center": "ml_1"},
        )
    ),
    "compact": a_gke_plan(a_gke_stack(pools=[a_pool(zones=[ZONE], gke={"compactPlacement": True})])),
    "cut": a_gke_plan(a_sharing_stack("gke", PROFILE)),
    "shared": a_gke_plan(a_sharing_stack("gke", TURNS)),
    "queued": a_gke_plan(a_flex_start_stack(gke={"queued": True})),
}


def eks(**settings: object) -> list[Registered]:
    plan = an_eks_plan(settings)

    def program() -> None:
        cluster = EksCluster("c", EksClusterArgs(plan=plan))
        providers = {"aws": cluster.cloud, "kubernetes": cluster.provider}
        args = KarpenterArgs(plan=plan, cluster_name=cluster.cluster_name)
        Karpenter("k", args, pulumi.ResourceOptions(providers=providers))

    return deploy(program)


def gke(plan: Plan) -> list[Registered]:
    def program() -> None:
        cluster = GkeCluster("c", GkeClusterArgs(plan=plan))
        GkePools("p", GkePoolsArgs(plan=plan, cluster=cluster))

    return deploy(program)


@pytest.fixture(autouse=True)
def _a_cloud(monkeypatch):
    gke_stacks.with_answers(monkeypatch)
    monkeypatch.setattr("components.cluster.eks.check_aws", lambda: None)
    with_answers(monkeypatch)


@pytest.mark.parametrize("settings", [{}, ALL_OF_EKS], ids=["least", "all"])
def test_the_sdk_knows_every_property_of_a_stack_on_eks(settings):
    resources = [item for item in eks(**settings) if sdk_properties.is_of(item, "aws")]
    assert len({item.typ for item in resources}) > 20
    assert [fault for item in resources for fault in sdk_properties.faults(item)] == []


@pytest.mark.parametrize("plan", ON_GKE.values(), ids=ON_GKE)
def test_the_sdk_knows_every_property_of_a_stack_on_gke(plan):
    resources = [item for item in gke(plan) if sdk_properties.is_of(item, "gcp")]
    assert len({item.typ for item in resources}) == 10
    assert [fault for item in resources for fault in sdk_properties.faults(item)] == []


def a_cluster() -> Registered:
    return next(item for item in eks() if item.typ == "aws:eks/cluster:Cluster")


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"versoin": "1.35"}, "versoin is no property of ClusterArgs"),
        ({"version": 1.35}, "version is 1.35, not <class 'str'>"),
        ({"vpcConfig": {"subnetIds": "a"}}, "vpcConfig.subnetIds is 'a', not a list"),
        ({"vpcConfig": {"subnetIds": ["a"], "subnet_ids": []}}, "vpcConfig.subnet_ids is no property of ClusterVpc"),
        ({"vpcConfig": ["a"]}, "vpcConfig is ['a'], not ClusterVpcConfigArgs"),
        ({"deletionProtection": "true"}, "deletionProtection is 'true', not <class 'bool'>"),
        ({"tags": {"a": 1}}, "tags.a is 1, not <class 'str'>"),
        ({"tags": []}, "tags is [], not a mapping"),
        ({"encryptionConfig": {"resources": []}}, "encryptionConfig.provider is missing"),
    ],
)
def test_what_the_sdk_does_not_know_or_misses_is_found(change, told):
    cluster = a_cluster()
    (fault,) = sdk_properties.faults(replace(cluster, inputs={**cluster.inputs, **change}))
    assert fault.startswith(f"aws:eks/cluster:Cluster c-control-plane: {told}")
