"""What a cloud refuses although every property is right, and what is there before a stack."""

import pytest

from local.rehearsal.cloud import SimulatedCloud
from local.rehearsal.clouds import CLOUDS
from local.rehearsal.requests import Refused, Target
from local.rehearsal.schema import Sdk
from local.rehearsal.store import Condition, Record, Store, leftovers

NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
CLUSTER = "gcp:container/cluster:Cluster"
NODE_POOL = "gcp:container/nodePool:NodePool"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
ROLE = "aws:iam/role:Role"
EKS = "aws:eks/cluster:Cluster"
PODS = {"rangeName": "pods", "ipCidrRange": "10.4.0.0/14"}


class Maker:
    """A cloud, asked without the protocol."""

    def __init__(self, package, folder, settings):
        self.cloud = SimulatedCloud(CLOUDS[package], Sdk(package), folder, settings, lambda *_: None)

    def __call__(self, kind, resource, /, **inputs):
        return self.cloud.create(Target(type=kind, urn=f"urn:pulumi:dev::shop::{kind}::{resource}"), inputs)

    def refuses(self, kind, resource, /, **inputs):
        with pytest.raises(Refused) as refused:
            self(kind, resource, **inputs)
        return str(refused.value).partition(f"{kind} {resource}: ")[2]


@pytest.fixture
def gcp(tmp_path):
    make = Maker("gcp", tmp_path, {"project": "p", "region": "us-central1"})
    make(NETWORK, "net", name="net")
    return make


@pytest.fixture
def aws(tmp_path):
    make = Maker("aws", tmp_path, {"region": "us-east-1"})
    make.vpc = make(VPC, "vpc", cidrBlock="10.0.0.0/16").id
    return make


def test_ranges_of_subnetworks_in_one_network_do_not_overlap(gcp):
    gcp(SUBNETWORK, "nodes", name="nodes", network="net", ipCidrRange="10.0.0.0/20", secondaryIpRanges=[PODS])
    assert gcp.refuses(SUBNETWORK, "b", name="b", network="net", ipCidrRange="10.0.8.0/24") == (
        "ipCidrRange 10.0.8.0/24 overlaps ipCidrRange of subnetwork nodes, 10.0.0.0/20"
    )
    assert gcp.refuses(SUBNETWORK, "b", name="b", network="net", ipCidrRange="10.5.0.0/24") == (
        "ipCidrRange 10.5.0.0/24 overlaps secondary range pods of subnetwork nodes, 10.4.0.0/14"
    )
    gcp(NETWORK, "other", name="other")
    gcp(SUBNETWORK, "b", name="b", network="other", ipCidrRange="10.0.8.0/24")


def test_a_subnetworks_own_ranges_do_not_overlap_and_are_ranges(gcp):
    overlapping = {"rangeName": "pods", "ipCidrRange": "10.0.1.0/24"}
    assert gcp.refuses(
        SUBNETWORK, "a", name="a", network="net", ipCidrRange="10.0.0.0/20", secondaryIpRanges=[overlapping]
    ) == ("secondary range pods 10.0.1.0/24 overlaps ipCidrRange, 10.0.0.0/20")
    assert gcp.refuses(SUBNETWORK, "a", name="a", network="net", ipCidrRange="10.0.0.1/20") == (
        "ipCidrRange 10.0.0.1/20 is no range of addresses"
    )


def test_a_subnetwork_may_be_changed_beside_itself(gcp):
    made = gcp(SUBNETWORK, "nodes", name="nodes", network="net", ipCidrRange="10.0.0.0/20")
    wider = {"name": "nodes", "network": "net", "ipCidrRange": "10.0.0.0/19"}
    changed = gcp.cloud.update(Target(type=SUBNETWORK, urn=made.urn), made.id, wider)
    assert changed.outputs["ipCidrRange"] == "10.0.0.0/19"


@pytest.fixture
def subnetworks(gcp):
    gcp(NETWORK, "other", name="other")
    gcp(SUBNETWORK, "nodes", name="nodes", network="net", ipCidrRange="10.0.0.0/20", secondaryIpRanges=[PODS])
    gcp(SUBNETWORK, "elsewhere", name="elsewhere", network="other", ipCidrRange="10.0.0.0/20")
    return gcp


def test_a_cluster_takes_a_subnetwork_of_its_network_and_region(subnetworks):
    assert subnetworks.refuses(
        CLUSTER, "main", name="main", location="us-central1", network="net", subnetwork="elsewhere"
    ) == (
        "subnetwork projects/p/regions/us-central1/subnetworks/elsewhere is in network "
        "projects/p/global/networks/other, not in projects/p/global/networks/net"
    )
    assert subnetworks.refuses(
        CLUSTER, "main", name="main", location="europe-west4-a", network="net", subnetwork="nodes"
    ) == (
        "location is europe-west4-a, and subnetwork projects/p/regions/us-central1/subnetworks/nodes is in us-central1"
    )


def test_a_cluster_names_secondary_ranges_that_are_there(subnetworks):
    assert subnetworks.refuses(
        CLUSTER,
        "main",
        name="main",
        location="us-central1",
        subnetwork="nodes",
        ipAllocationPolicy={"clusterSecondaryRangeName": "pods", "servicesSecondaryRangeName": "services"},
    ) == ("subnetwork projects/p/regions/us-central1/subnetworks/nodes has no secondary range services")


def test_the_range_of_a_control_plane_is_free(subnetworks):
    assert subnetworks.refuses(
        CLUSTER,
        "main",
        name="main",
        location="us-central1",
        subnetwork="nodes",
        privateClusterConfig={"masterIpv4CidrBlock": "10.0.0.0/28"},
    ) == ("masterIpv4CidrBlock 10.0.0.0/28 overlaps ipCidrRange 10.0.0.0/20 of the subnetwork")


def test_a_node_pool_is_where_its_cluster_is(gcp):
    gcp(CLUSTER, "main", name="main", location="us-central1")
    assert gcp.refuses(NODE_POOL, "gpu", name="gpu", cluster="main", location="us-central1-a") == (
        "location is us-central1-a, and the cluster's is us-central1"
    )


@pytest.mark.parametrize(
    ("location", "zones", "told"),
    [
        ("us-central1-z", [], "us-central1-z is no zone of us-central1, which has "),
        ("us-central1", ["us-central1-f", "us-central1-d"], "us-central1-d is no zone of us-central1, which has "),
        ("us-central1", ["us-east1-b"], "us-east1-b is no zone of us-central1, which has "),
        ("us-central1-a", ["us-east1-b"], "us-east1-b is no zone of us-central1, which has "),
    ],
)
def test_a_cluster_and_its_nodes_are_in_zones_of_the_region(gcp, location, zones, told):
    assert gcp.refuses(CLUSTER, "main", name="main", location=location, nodeLocations=zones) == (
        f"{told}us-central1-a, us-central1-b, us-central1-c, us-central1-f"
    )


def test_a_node_pool_is_in_zones_of_its_region(gcp):
    gcp(CLUSTER, "main", name="main", location="us-east1", nodeLocations=["us-east1-b", "us-east1-d"])
    pool = {"name": "gpu", "cluster": "main", "location": "us-east1"}
    assert gcp.refuses(NODE_POOL, "gpu", **pool, nodeLocations=["us-east1-a"]) == (
        "us-east1-a is no zone of us-east1, which has us-east1-b, us-east1-c, us-east1-d"
    )
    assert gcp(NODE_POOL, "gpu", **pool, nodeLocations=["us-east1-c"]).outputs["nodeLocations"] == ["us-east1-c"]


def test_a_regional_cluster_has_nodes_in_every_zone_and_a_zonal_one_in_its_own(gcp):
    regional = gcp(CLUSTER, "a", name="a", location="europe-west1").outputs
    zonal = gcp(CLUSTER, "b", name="b", location="europe-west1-b").outputs
    assert regional["nodeLocations"] == ["europe-west1-b", "europe-west1-c", "europe-west1-d"]
    assert zonal["nodeLocations"] == []


def test_subnets_lie_in_their_network_and_beside_each_other(aws):
    aws(SUBNET, "a", vpcId=aws.vpc, cidrBlock="10.0.0.0/20")
    assert aws.refuses(SUBNET, "b", vpcId=aws.vpc, cidrBlock="10.0.8.0/24") == (
        "cidrBlock 10.0.8.0/24 overlaps 10.0.0.0/20 of subnet a"
    )
    assert aws.refuses(SUBNET, "b", vpcId=aws.vpc, cidrBlock="10.1.0.0/24") == (
        "cidrBlock 10.1.0.0/24 is not within the network's 10.0.0.0/16"
    )
    other = aws(VPC, "other", cidrBlock="10.0.0.0/16").id
    aws(SUBNET, "b", vpcId=other, cidrBlock="10.0.8.0/24")


def test_a_cluster_needs_two_zones_of_one_network(aws):
    role = aws(ROLE, "role", name="role", assumeRolePolicy="{}").outputs["arn"]
    first = aws(SUBNET, "a", vpcId=aws.vpc, cidrBlock="10.0.0.0/24", availabilityZone="us-east-1a").id
    second = aws(SUBNET, "b", vpcId=aws.vpc, cidrBlock="10.0.1.0/24", availabilityZone="us-east-1a").id
    other = aws(VPC, "other", cidrBlock="10.0.0.0/16").id
    third = aws(SUBNET, "c", vpcId=other, cidrBlock="10.0.0.0/24", availabilityZone="us-east-1b").id
    assert aws.refuses(EKS, "main", name="main", roleArn=role, vpcConfig={"subnetIds": [first, second]}) == (
        "the subnets are all in zone us-east-1a; needs two zones at least"
    )
    assert "the subnets are of several networks: vpc-" in aws.refuses(
        EKS, "main", name="main", roleArn=role, vpcConfig={"subnetIds": [first, third]}
    )


def test_who_gets_a_policy_has_an_entry_first(aws):
    role = aws(ROLE, "role", name="role", assumeRolePolicy="{}").outputs["arn"]
    subnets = [
        aws(SUBNET, zone, vpcId=aws.vpc, cidrBlock=f"10.0.{index}.0/24", availabilityZone=f"us-east-1{zone}").id
        for index, zone in enumerate("ab")
    ]
    aws(EKS, "main", name="main", roleArn=role, vpcConfig={"subnetIds": subnets})
    kind = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
    inputs = {
        "clusterName": "main",
        "principalArn": role,
        "accessScope": {"type": "cluster"},
        "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
    }
    assert aws.refuses(kind, "view", **inputs) == f"principalArn: there is no AccessEntry {role}"
    aws("aws:eks/accessEntry:AccessEntry", "entry", clusterName="main", principalArn=role)
    assert aws.refuses(kind, "view", **inputs | {"policyArn": role}) == (
        f"policyArn: there is no thing of the cloud's own {role}"
    )
    aws(kind, "view", **inputs)


def test_a_name_is_completed_where_only_its_beginning_is_given(aws):
    made = aws(ROLE, "role", namePrefix="karpenter-", assumeRolePolicy="{}")
    assert made.id.startswith("karpenter-")
    assert made.outputs["name"] == made.id
    assert made.outputs["arn"] == f"arn:aws:iam::123456789012:role/{made.id}"


def test_the_account_is_the_one_that_the_provider_allows(tmp_path):
    make = Maker("aws", tmp_path, {"region": "cn-north-1", "allowedAccountIds": ["210987654321"]})
    made = make(ROLE, "role", name="role", assumeRolePolicy="{}")
    assert made.outputs["arn"] == "arn:aws-cn:iam::210987654321:role/role"


def test_an_id_that_lacks_an_input_is_refused(tmp_path):
    make = Maker("gcp", tmp_path, {"project": "p"})
    assert make.refuses(CLUSTER, "main", name="main") == (
        "an input is missing that belongs to its id projects/{project}/locations/{location}/clusters/{name}"
    )


def test_what_was_there_before_the_stack_can_be_named_and_is_no_leftover(aws, tmp_path):
    vpc = aws.cloud.place(Target(type=VPC), {"cidrBlock": "10.9.0.0/16"}, "vpc-0abc")
    assert (vpc.id, vpc.condition) == ("vpc-0abc", Condition.FOREIGN)
    subnet = aws(SUBNET, "a", vpcId="vpc-0abc", cidrBlock="10.9.0.0/24")
    assert {record.id for record in leftovers(tmp_path)} == {aws.vpc, subnet.id}
    assert aws.cloud.place(Target(type=VPC), {"cidrBlock": "10.9.0.0/16"}, "vpc-0abc") == vpc
    with pytest.raises(Refused, match="vpc-0abc is there already"):
        aws.cloud.place(Target(type=VPC), {"cidrBlock": "10.8.0.0/16"}, "vpc-0abc")


def test_nothing_is_left_where_nothing_ever_was(tmp_path):
    assert leftovers(tmp_path / "nowhere") == []


def test_every_resource_is_a_file_that_a_person_can_read(tmp_path):
    store = Store(tmp_path, "gcp")
    record = Record(
        type=NETWORK,
        id="projects/p/global/networks/n",
        urn=f"urn:pulumi:dev::shop::{NETWORK}::a/b",
        condition=Condition.WHOLE,
        seed="0",
        created="2026-11-22T00:00:00+00:00",
        inputs={"name": "n"},
        outputs={"name": "n", "selfLink": "x"},
    )
    with store.alone():
        store.put(record)
    (path,) = (tmp_path / "gcp" / "Network").iterdir()
    assert path.name.startswith("a-b-")
    assert path.stat().st_mode & 0o777 == 0o600
    assert store.records() == [record]
    assert store.find(NETWORK, record.id) == record
    assert store.find(NETWORK, "another") is None
    store.remove(record)
    assert store.records() == []
