"""What the simulated clouds answer when a program asks."""

import json

import grpc
import pytest
from rehearsal_peer import served
from rehearsal_stacks import NETWORK, ROLE, SUBNET, SUBNETWORK, VPC

from local.rehearsal.check import misfits
from local.rehearsal.functions import FUNCTIONS
from local.rehearsal.schema import Sdk


@pytest.fixture
def gcp(tmp_path):
    with served("gcp", tmp_path) as client:
        client.configure()
        client.make(NETWORK, "net", {"name": "net"})
        client.make(SUBNETWORK, "nodes", {"name": "nodes", "network": "net", "ipCidrRange": "10.0.0.0/20"})
        yield client


@pytest.fixture
def aws(tmp_path):
    with served("aws", tmp_path) as client:
        client.configure()
        yield client


@pytest.fixture
def eks(aws):
    """A client of a cloud with a network, two subnets and a cluster; `ids` are those of the first three."""
    vpc, _ = aws.make(VPC, "vpc", {"cidrBlock": "10.0.0.0/16", "tags": {"team": "ml"}})
    aws.ids = [vpc]
    for index, zone in enumerate(("us-east-1a", "us-east-1b")):
        inputs = {
            "vpcId": vpc,
            "cidrBlock": f"10.0.{index}.0/24",
            "availabilityZone": zone,
            "tags": {"tier": f"{index}"},
        }
        aws.ids.append(aws.make(SUBNET, f"private-{index}", inputs)[0])
    _, role = aws.make(ROLE, "role", {"assumeRolePolicy": "{}"})
    inputs = {"name": "main", "roleArn": role["arn"], "vpcConfig": {"subnetIds": aws.ids[1:]}}
    aws.make("aws:eks/cluster:Cluster", "main", inputs)
    return aws


ARGUMENTS = {
    "gcp:compute/getNetwork:getNetwork": {"name": "net"},
    "gcp:compute/getSubnetwork:getSubnetwork": {"name": "nodes"},
    "aws:ssm/getParameter:getParameter": {"name": "/aws/service/eks/optimized-ami/1.35/x/image_id"},
    "aws:eks/getClusterAuth:getClusterAuth": {"name": "main"},
    "aws:ec2/getSubnet:getSubnet": {"cidrBlock": "10.0.0.0/24"},
}


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_an_answer_has_everything_that_the_sdk_promises(function, gcp, eks):
    package = function[:3]
    answer = {"gcp": gcp, "aws": eks}[package].invoke(function, **ARGUMENTS.get(function, {}))
    sdk = Sdk(package)
    wrong = [
        fault for fault in misfits(sdk, sdk.function(function).outputs, answer) if fault.seen != "no such property"
    ]
    assert [fault for fault in wrong if len(fault.path) == 1 or fault.seen != "missing"] == []


def test_zones_are_those_of_the_region_asked_for_or_the_providers(gcp, aws):
    function = "gcp:compute/getZones:getZones"
    assert gcp.invoke(function)["names"][0] == "us-central1-a"
    assert gcp.invoke(function, region="europe-west4")["names"] == [f"europe-west4-{letter}" for letter in "abc"]
    function = "aws:index/getAvailabilityZones:getAvailabilityZones"
    answer = aws.invoke(function, excludeNames=["us-east-1b"], state="available")
    assert answer["names"] == ["us-east-1a", "us-east-1c"]
    assert answer["zoneIds"] == ["use1-az1", "use1-az3"]


def test_versions_begin_as_asked(gcp):
    function = "gcp:container/getEngineVersions:getEngineVersions"
    assert gcp.invoke(function, versionPrefix="1.35.")["latestMasterVersion"] == "1.35.3-gke.1389000"
    assert gcp.invoke(function, versionPrefix="1.2.")["validMasterVersions"] == []
    assert gcp.invoke(function)["releaseChannelDefaultVersion"]["REGULAR"] == "1.35.3-gke.1389000"


def test_who_asks_and_where(gcp, aws):
    answer = gcp.invoke("gcp:organizations/getClientConfig:getClientConfig")
    assert (answer["project"], answer["region"]) == ("my-project", "us-central1")
    assert gcp.invoke("gcp:organizations/getProject:getProject")["number"] == "123456789012"
    assert aws.invoke("aws:index/getCallerIdentity:getCallerIdentity")["accountId"] == "123456789012"
    assert aws.invoke("aws:index/getRegion:getRegion")["name"] == "us-east-1"
    partition = aws.invoke("aws:index/getPartition:getPartition")
    assert (partition["partition"], partition["dnsSuffix"]) == ("aws", "amazonaws.com")


def test_a_network_has_its_subnetworks(gcp):
    answer = gcp.invoke("gcp:compute/getNetwork:getNetwork", name="net")
    assert answer["id"] == "projects/my-project/global/networks/net"
    assert [link.rpartition("/")[2] for link in answer["subnetworksSelfLinks"]] == ["nodes"]
    assert gcp.invoke("gcp:compute/getSubnetwork:getSubnetwork", name="nodes")["ipCidrRange"] == "10.0.0.0/20"


def test_subnets_are_found_by_filters_and_tags(eks):
    vpc, first, second = eks.ids
    function = "aws:ec2/getSubnets:getSubnets"
    assert eks.invoke(function, filters=[{"name": "vpc-id", "values": [vpc]}])["ids"] == sorted([first, second])
    assert eks.invoke(function, filters=[{"name": "vpc-id", "values": ["vpc-1"]}])["ids"] == []
    assert eks.invoke(function, filters=[{"name": "tag:tier", "values": ["1"]}])["ids"] == [second]
    assert eks.invoke(function, tags={"tier": "0"})["ids"] == [first]
    assert eks.invoke("aws:ec2/getVpc:getVpc", tags={"team": "ml"})["id"] == vpc
    assert eks.invoke("aws:ec2/getSubnet:getSubnet", id=second)["vpcId"] == vpc


def test_what_is_not_there_is_told_by_name(gcp, eks):
    with pytest.raises(grpc.RpcError) as error:
        gcp.invoke("gcp:compute/getNetwork:getNetwork", name="ghost")
    assert error.value.details() == "Google Cloud, simulated: there is no Network with name ghost"
    with pytest.raises(grpc.RpcError) as error:
        eks.invoke("aws:eks/getClusterAuth:getClusterAuth", name="ghost")
    assert error.value.details() == "AWS, simulated: there is no Cluster with name ghost"


def test_a_question_without_an_answer_is_refused_and_so_is_a_wrong_one(aws):
    with pytest.raises(grpc.RpcError) as error:
        aws.invoke("aws:ec2/getAmi:getAmi")
    assert "no answer to aws:ec2/getAmi:getAmi is known; local/rehearsal/functions can be taught one" in (
        error.value.details()
    )
    _, (reason,) = aws.ask("aws:ssm/getParameter:getParameter", {})
    assert reason.startswith("aws:ssm/getParameter:getParameter name: missing; needs a string because")


def test_a_public_parameter_names_an_image_and_always_the_same(aws):
    function, name = "aws:ssm/getParameter:getParameter", "/aws/service/eks/optimized-ami/1.35/x/image_id"
    value = aws.invoke(function, name=name)["value"]
    assert value.startswith("ami-")
    assert value == aws.invoke(function, name=name)["value"]
    assert aws.invoke(function, name="/mine")["value"] == "simulated"


def test_a_policy_document_is_written_as_iam_reads_it(aws):
    document = aws.invoke(
        "aws:iam/getPolicyDocument:getPolicyDocument",
        statements=[
            {
                "sid": "Queue",
                "actions": ["sqs:SendMessage"],
                "resources": ["*"],
                "principals": [{"type": "Service", "identifiers": ["events.amazonaws.com", "sqs.amazonaws.com"]}],
            },
            {
                "effect": "Deny",
                "notActions": ["sqs:*"],
                "notResources": ["a", "b"],
                "principals": [{"type": "*", "identifiers": ["*"]}],
                "conditions": [{"test": "Bool", "variable": "aws:SecureTransport", "values": ["false"]}],
            },
        ],
        sourcePolicyDocuments=['{"Statement": {"Effect": "Allow", "Action": "x", "Resource": "y"}}'],
    )
    assert json.loads(document["json"]) == json.loads(document["minifiedJson"])
    assert json.loads(document["json"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "x", "Resource": "y"},
            {
                "Sid": "Queue",
                "Effect": "Allow",
                "Action": "sqs:SendMessage",
                "Resource": "*",
                "Principal": {"Service": ["events.amazonaws.com", "sqs.amazonaws.com"]},
            },
            {
                "Effect": "Deny",
                "NotAction": "sqs:*",
                "NotResource": ["a", "b"],
                "Principal": "*",
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }
