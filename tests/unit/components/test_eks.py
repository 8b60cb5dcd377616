"""The cluster on EKS: what it is made of, in which order, through which provider, and what stops it first."""

import json

import pulumi
import pytest
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from components.cluster.eks import EksCluster, EksClusterArgs
from mizan.clouds.aws import addons
from mizan.errors import PlatformError
from tests import mocks
from tests.eks_stacks import ACCOUNT, an_eks_plan, with_answers
from tests.mocks import PROVIDER, Registered

AWS_PROVIDER = "pulumi:providers:aws"
PLATFORM = {"principal": "arn:aws:iam::123456789012:role/platform", "policy": "AmazonEKSClusterAdminPolicy"}
GIVEN = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture(autouse=True)
def _a_cloud(monkeypatch):
    monkeypatch.setattr("components.cluster.eks.check_aws", lambda: None)
    with_answers(monkeypatch)


@pytest.fixture
def cluster(deploy):
    def make(**eks: object) -> list[Registered]:
        return deploy(lambda: EksCluster("x", EksClusterArgs(plan=an_eks_plan(eks))))

    return make


def the(resources, name):
    (found,) = [item for item in resources if item.name == name and not item.typ.startswith("mizan:")]
    return found


def before(resources, name):
    """The names of everything that a resource waits for, and what those wait for."""
    by_urn = {item.urn: item for item in resources}
    found, todo = set(), [the(resources, name)]
    while todo:
        for urn in todo.pop().dependencies:
            if urn in by_urn and urn not in found:
                found.add(urn)
                todo.append(by_urn[urn])
    return {by_urn[urn].name for urn in found}


def of_type(resources, kind):
    return [item for item in resources if item.typ.endswith(f":{kind}")]


def test_everything_at_aws_goes_through_one_provider_of_one_account_and_region(cluster):
    resources = cluster()
    (provider,) = [item for item in resources if item.typ == AWS_PROVIDER]
    assert provider.inputs["region"] == "us-east-1"
    assert json.loads(provider.inputs["allowedAccountIds"]) == [ACCOUNT]
    assert json.loads(provider.inputs["defaultTags"]) == {"tags": {"managed-by": "mizan", "stack": "eks-test"}}
    made = [item for item in resources if item.typ.startswith("aws:")]
    assert len(made) > 40
    assert all(item.provider.startswith(f"{provider.urn}::") for item in made)


def test_every_part_s_name_begins_with_the_component_s(cluster):
    assert all(item.name == "x" or item.name.startswith("x-") for item in cluster())


def test_nodes_come_after_their_way_out_and_the_add_ons_they_need_and_before_those_that_need_them(cluster):
    resources = cluster()
    waits_for = before(resources, "x-nodes")
    assert {f"x-{name}" for name in addons.BEFORE_NODES} <= waits_for
    assert {"x-network-nat-us-east-1a", "x-network-private-us-east-1c-out", "x-control-plane"} <= waits_for
    assert "x-node-AmazonEKSWorkerNodePolicy" in waits_for
    for name in addons.AFTER_NODES:
        assert "x-nodes" in before(resources, f"x-{name}")


def test_what_goes_through_the_cluster_s_provider_waits_for_nodes_names_and_entries(cluster):
    resources = cluster(access=[PLATFORM])
    waits_for = before(resources, "x-provider")
    assert {"x-nodes", "x-coredns", "x-policy-123456789012:role/platform"} <= waits_for


def test_the_control_plane_has_its_rights_and_the_place_of_its_logs_before_it_is_made(cluster):
    waits_for = before(cluster(), "x-control-plane")
    assert {"x-cluster-AmazonEKSClusterPolicy", "x-secrets", "x-logs", "x-key"} <= waits_for


def test_the_cluster_is_reached_by_a_kubeconfig_without_a_secret_and_known_by_its_arn(cluster):
    resources = cluster()
    (provider,) = [item for item in resources if item.typ == PROVIDER]
    assert provider.inputs["clusterIdentifier"] == "arn:aws:eks:us-east-1:123456789012:cluster/eks-test"
    kubeconfig = json.loads(provider.inputs["kubeconfig"])
    assert kubeconfig["clusters"][0]["cluster"] == {
        "server": "https://ABC.gr7.us-east-1.eks.amazonaws.com",
        "certificate-authority-data": "Q0E=",
    }
    assert set(kubeconfig["users"][0]["user"]) == {"exec"}
    (component,) = of_type(resources, "EksCluster")
    assert component.outputs == {"cluster_name": "eks-test", "kubeconfig": provider.inputs["kubeconfig"]}


def test_karpenter_finds_the_security_group_that_eks_made(cluster):
    tag = the(cluster(), "x-discovery")
    assert tag.inputs == {"resourceId": "sg-1", "key": "karpenter.sh/discovery", "value": "eks-test"}


def test_a_vpc_of_its_own_has_six_subnets_and_one_nat_gateway_or_one_per_zone(cluster):
    shared, own = cluster(), cluster(network={"natGatewayPerZone": True})
    assert [len(of_type(shared, kind)) for kind in ("Vpc", "Subnet", "NatGateway", "Eip", "RouteTable")] == [
        1,
        6,
        1,
        1,
        4,
    ]
    assert [len(of_type(own, kind)) for kind in ("NatGateway", "Eip", "RouteTable")] == [3, 3, 4]
    out = the(own, "x-network-private-us-east-1b-out")
    assert (out.inputs["natGatewayId"], out.inputs["destinationCidrBlock"]) == ("x-network-nat-us-east-1b", "0.0.0.0/0")
    endpoint = the(shared, "x-network-s3")
    assert len(endpoint.inputs["routeTableIds"]) == 3


def test_the_cluster_and_its_nodes_stand_in_the_private_subnets_alone(cluster):
    resources = cluster()
    private = [f"x-network-private-us-east-1{letter}" for letter in "abc"]
    assert the(resources, "x-control-plane").inputs["vpcConfig"]["subnetIds"] == private
    assert the(resources, "x-nodes").inputs["subnetIds"] == private


def test_in_a_given_vpc_no_network_is_made(cluster):
    resources = cluster(network=GIVEN)
    assert not [item for kind in ("Vpc", "Subnet", "NatGateway", "Route") for item in of_type(resources, kind)]
    assert the(resources, "x-control-plane").inputs["vpcConfig"]["subnetIds"] == GIVEN["subnets"]


def test_each_given_subnet_is_asked_about_through_the_cluster_s_own_provider(monkeypatch, cluster):
    asked: list[MockCallArgs] = []

    def call(_: object, args: MockCallArgs) -> dict[str, str]:
        asked.append(args)
        return {"id": args.args["id"], "vpcId": GIVEN["vpc"]}

    monkeypatch.setattr(mocks._Provider, "call", call)
    resources = cluster(network=GIVEN)
    (provider,) = [item for item in resources if item.typ == AWS_PROVIDER]
    assert [(one.token, one.args["id"]) for one in asked] == [
        ("aws:ec2/getSubnet:getSubnet", subnet) for subnet in GIVEN["subnets"]
    ]
    assert all(one.provider.startswith(f"{provider.urn}::") for one in asked)


def test_a_subnet_of_another_vpc_stops_it_before_the_cluster_is_made(monkeypatch, cluster):
    registered: list[str] = []
    foreign = {GIVEN["subnets"][1]: "vpc-0fedcba9876543210"}
    plain = mocks._Provider.new_resource

    def call(_: object, args: MockCallArgs) -> dict[str, str]:
        subnet = args.args["id"]
        return {"id": subnet, "vpcId": foreign.get(subnet, GIVEN["vpc"])}

    def new_resource(self: mocks._Provider, args: MockResourceArgs) -> object:
        registered.append(args.name)
        return plain(self, args)

    monkeypatch.setattr(mocks._Provider, "call", call)
    monkeypatch.setattr(mocks._Provider, "new_resource", new_resource)
    with pytest.raises(pulumi.RunError) as stopped:
        cluster(network=GIVEN)
    assert str(stopped.value) == (
        "mizan:eks.network.subnets: subnet-0123456789abcdef1 of vpc-0fedcba9876543210; needs subnets of "
        "vpc-0123456789abcdef0 because a cluster and its nodes stand in one VPC. Write ids that `aws ec2 "
        "describe-subnets --filters Name=vpc-id,Values=vpc-0123456789abcdef0` names, or correct `vpc`."
    )
    assert not {"x-control-plane", "x-nodes"} & set(registered)


def test_a_given_key_encrypts_the_secrets_and_none_is_made(cluster):
    resources = cluster(secretsKey=KEY)
    assert of_type(resources, "Key") == []
    assert the(resources, "x-control-plane").inputs["encryptionConfig"]["provider"] == {"keyArn": KEY}
    (statement,) = json.loads(the(resources, "x-secrets").inputs["policy"])["Statement"]
    assert statement["Resource"] == KEY


def test_without_logs_there_is_no_place_for_them(cluster):
    resources = cluster(logs=[])
    assert of_type(resources, "LogGroup") == []
    assert the(resources, "x-control-plane").inputs.get("enabledClusterLogTypes", []) == []


def test_two_people_with_roles_of_one_name_in_two_accounts_have_two_entries(cluster):
    other = PLATFORM | {"principal": "arn:aws:iam::210987654321:role/platform"}
    assert len(of_type(cluster(access=[PLATFORM, other]), "AccessEntry")) == 2


def test_whoever_adds_a_system_node_by_hand_keeps_it(cluster):
    assert the(cluster(), "x-nodes").ignore_changes == ("scalingConfig.desiredSize",)


def test_without_credentials_not_even_a_provider_is_registered(deploy, monkeypatch):
    def none():
        raise PlatformError("credentials of AWS", "none", needs="some", because="there are none", fix="Get some")

    monkeypatch.setattr("components.cluster.eks.check_aws", none)
    registered = []
    monkeypatch.setattr("pulumi_aws.Provider.__init__", lambda *_, **__: registered.append(1))
    with pytest.raises(pulumi.RunError, match="credentials of AWS: none; needs some"):
        deploy(lambda: EksCluster("x", EksClusterArgs(plan=an_eks_plan())))
    assert registered == []


@pytest.mark.parametrize("is_protected", [True, False])
def test_a_destroy_of_a_protected_cluster_is_refused_before_anything_goes(cluster, is_protected):
    control_plane = the(cluster(deletionProtection=is_protected), "x-control-plane")
    assert control_plane.inputs["deletionProtection"] is is_protected
    assert control_plane.is_protected is is_protected
