"""The VPC of a stack on EKS: how its range is cut, and which way out each zone has."""

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.clouds.aws import network
from mizan.clouds.aws.site import site_of
from tests.eks_stacks import an_eks_plan

GIVEN = {"vpc": "vpc-0123456789abcdef0", "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}


def test_a_range_of_16_is_cut_into_three_large_private_and_three_small_public_subnets():
    assert [(subnet.name, subnet.cidr) for subnet in network.subnets(an_eks_plan())] == [
        ("private-us-east-1a", "10.0.0.0/18"),
        ("private-us-east-1b", "10.0.64.0/18"),
        ("private-us-east-1c", "10.0.128.0/18"),
        ("public-us-east-1a", "10.0.192.0/20"),
        ("public-us-east-1b", "10.0.208.0/20"),
        ("public-us-east-1c", "10.0.224.0/20"),
    ]


@given(prefix=st.integers(16, 20), number=st.integers(0, 255))
def test_whatever_the_range_no_two_subnets_overlap_and_all_lie_in_it(prefix, number):
    whole = IPv4Network((int(IPv4Network("10.0.0.0/8").network_address) + (number << 16), prefix))
    found = [IPv4Network(subnet.cidr) for subnet in network.subnets(an_eks_plan({"network": {"cidr": str(whole)}}))]
    assert len(found) == 6
    assert all(part.subnet_of(whole) for part in found)
    assert not any(a.overlaps(b) for index, a in enumerate(found) for b in found[:index])


def test_a_given_vpc_gets_no_subnets():
    assert network.subnets(an_eks_plan({"network": GIVEN})) == ()


def test_subnets_lie_in_the_zones_that_the_stack_names():
    plan = an_eks_plan({"network": {"zones": ["us-east-1b", "us-east-1d", "us-east-1f"]}})
    assert [subnet.zone[-1] for subnet in network.subnets(plan)] == ["b", "d", "f", "b", "d", "f"]


def test_karpenter_and_load_balancers_find_the_subnets_by_their_tags():
    plan = an_eks_plan()
    tags = {
        subnet.name: network.subnet_args(subnet, site_of(plan), vpc_id="vpc-1")["tags"]
        for subnet in network.subnets(plan)
    }
    assert tags["private-us-east-1a"] == {
        "Name": "eks-test-private-us-east-1a",
        "kubernetes.io/role/internal-elb": "1",
        "karpenter.sh/discovery": "eks-test",
    }
    assert tags["public-us-east-1a"] == {"Name": "eks-test-public-us-east-1a", "kubernetes.io/role/elb": "1"}


def test_no_machine_gets_a_public_address():
    plan = an_eks_plan()
    args = [network.subnet_args(subnet, site_of(plan), vpc_id="vpc-1") for subnet in network.subnets(plan)]
    assert [item["map_public_ip_on_launch"] for item in args] == [False] * 6


@pytest.mark.parametrize(
    ("per_zone", "ways"), [(False, ["a", "a", "a"]), (True, ["a", "b", "c"])], ids=["shared", "per zone"]
)
def test_each_zone_goes_out_through_its_own_nat_gateway_or_all_through_one(per_zone, ways):
    plan = an_eks_plan({"network": {"natGatewayPerZone": per_zone}})
    assert [network.nat_zone_of(plan, zone)[-1] for zone in network.zones(plan)] == ways
    assert [zone[-1] for zone in network.nat_zones(plan)] == sorted(set(ways))


def test_the_way_to_s3_is_the_one_that_costs_nothing():
    args = network.storage_endpoint_args(site_of(an_eks_plan()), vpc_id="vpc-1", route_table_ids=["rtb-1"])
    assert (args["service_name"], args["vpc_endpoint_type"]) == ("com.amazonaws.us-east-1.s3", "Gateway")
