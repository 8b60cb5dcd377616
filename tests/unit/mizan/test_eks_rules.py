"""Rules about a cluster on EKS: each names what is seen, what is needed, why, and the way out."""

import pytest

from mizan.config.models.eks import RETENTION_DAYS
from tests.builders import NOTHING, a_plan, a_stack, faults_of, with_value
from tests.eks_stacks import ACCOUNT, OFFICE, an_eks_plan, an_eks_stack, an_eks_stack_in_a_given_vpc, eks_pool

SUBNETS = ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]
VPC = "vpc-0123456789abcdef0"
PLATFORM = {"principal": "arn:aws:iam::123456789012:role/platform", "policy": "AmazonEKSViewPolicy"}
KEY = "arn:aws:kms:eu-west-1:123456789012:key/1"

ONE_CHANGE = [
    (
        "eks",
        NOTHING,
        (
            "eks: nothing; needs the account in which the cluster is made because whoever runs this may have "
            "credentials of several accounts. Add `{account: '123456789012'}`."
        ),
    ),
    (
        "cluster",
        {"kubeconfig": "/k", "context": "c", "name": "n"},
        (
            "cluster: a cluster; needs no cluster because on EKS the stack makes its own. Remove it, or write"
            " `mizan:cloud: existing`."
        ),
    ),
    (
        "eks.version",
        "1.34",
        (
            'eks.version: "1.34"; needs 1.35 because EKS takes an add-on only at the versions it has for each'
            " Kubernetes version. Leave it out, or add the add-ons of the version to mizan/versions.py."
        ),
    ),
    (
        "eks.network",
        {"zones": ["us-east-1a", "us-east-1b"]},
        (
            'eks.network.zones: ["us-east-1a", "us-east-1b"]; needs three different zones, or none because '
            "each gets a public and a private subnet, and a subnet lies in one zone. Write `[us-east-1a, "
            "us-east-1b, us-east-1c]`, or leave it out."
        ),
    ),
    (
        "eks.network",
        {"zones": ["us-east-1a", "us-east-1b", "us-east-1b"]},
        (
            'eks.network.zones: ["us-east-1a", "us-east-1b", "us-east-1b"]; needs three different zones, or '
            "none because each gets a public and a private subnet, and a subnet lies in one zone. Write "
            "`[us-east-1a, us-east-1b, us-east-1c]`, or leave it out."
        ),
    ),
    (
        "eks.network",
        {"zones": ["us-east-1a", "us-east-1b", "us-west-2c"]},
        (
            "eks.network.zones[2]: us-west-2c; needs a zone of us-east-1 because a cluster's subnets lie in "
            "its region. Write a zone such as `us-east-1a`."
        ),
    ),
    (
        "pools[0].zones",
        ["eu-west-1a"],
        (
            "pools[0].zones[0]: eu-west-1a; needs a zone of us-east-1 because a cluster's subnets lie in its "
            "region. Write a zone such as `us-east-1a`."
        ),
    ),
    (
        "pools[0].zones",
        ["us-east-1f"],
        (
            "pools[0].zones[0]: us-east-1f; needs a zone of the cluster because its VPC has no subnet there, "
            "and a node stands in a subnet. Name it in `mizan:eks.network.zones`, or write one of us-east-1a,"
            " us-east-1b, us-east-1c."
        ),
    ),
    (
        "eks.network",
        {"vpc": VPC},
        (
            "eks.network.subnets: nothing; needs at least two private subnets in different zones because EKS puts "
            "its control plane's interfaces into two zones. Write `[subnet-0123456789abcdef0, "
            "subnet-0123456789abcdef1]`."
        ),
    ),
    (
        "eks.network",
        {"vpc": VPC, "subnets": [SUBNETS[0], SUBNETS[0]]},
        (
            'eks.network.subnets: ["subnet-0123456789abcdef0"]; needs at least two private subnets in '
            "different zones because EKS puts its control plane's interfaces into two zones. Write "
            "`[subnet-0123456789abcdef0, subnet-0123456789abcdef1]`."
        ),
    ),
    (
        "eks.network",
        {"subnets": SUBNETS},
        (
            "eks.network.vpc: nothing; needs the VPC of the subnets because without it the stack makes a VPC "
            "and subnets of its own. Write its id such as `vpc-0123456789abcdef0`, or remove `subnets`."
        ),
    ),
    (
        "eks.network",
        {"vpc": VPC, "subnets": SUBNETS, "cidr": "10.0.0.0/16"},
        (
            "eks.network.cidr: 10.0.0.0/16; needs nothing because the given subnets have their addresses, "
            "zones and way out already. Remove it, or `vpc` and `subnets`."
        ),
    ),
    (
        "eks.network",
        {"vpc": VPC, "subnets": SUBNETS, "natGatewayPerZone": False},
        (
            "eks.network.natGatewayPerZone: false; needs nothing because the given subnets have their "
            "addresses, zones and way out already. Remove it, or `vpc` and `subnets`."
        ),
    ),
    (
        "eks.network",
        {"cidr": "10.0.0.0/8"},
        (
            "eks.network.cidr: 10.0.0.0/8; needs a range of /16 to /20 because a VPC is not larger, and in a "
            "smaller one the pods of a few nodes use up all addresses. Write a range such as `10.0.0.0/16`."
        ),
    ),
    (
        "eks.network",
        {"cidr": "10.0.0.0/24"},
        (
            "eks.network.cidr: 10.0.0.0/24; needs a range of /16 to /20 because a VPC is not larger, and in a"
            " smaller one the pods of a few nodes use up all addresses. Write a range such as `10.0.0.0/16`."
        ),
    ),
    (
        "eks.network",
        {"cidr": "10.0.1.0/16"},
        (
            "eks.network.cidr: 10.0.1.0/16; needs a range that begins at its first address because AWS takes "
            "no other. Write `10.0.0.0/16`."
        ),
    ),
    (
        "eks.network",
        {"cidr": "10.0.0.300/16"},
        (
            "eks.network.cidr: 10.0.0.300/16; needs a range that begins at its first address because AWS "
            "takes no other. Write `10.0.0.0/16`."
        ),
    ),
    (
        "eks.authorisedNetworks",
        [{"name": "all", "cidr": "0.0.0.0/0"}],
        (
            "eks.authorisedNetworks[0].cidr: 0.0.0.0/0; needs a range that somebody has because it lets "
            "everybody on the internet reach the control plane. Write the addresses of your office, your VPN or the "
            "runner of this program."
        ),
    ),
    (
        "eks.authorisedNetworks",
        NOTHING,
        (
            "eks.authorisedNetworks: nothing; needs a network from which the control plane is reached because without "
            "one it is reached from inside its VPC alone, and nobody is in a VPC that the stack makes. Add `- {name: "
            "office, cidr: 203.0.113.0/24}`, or give `mizan:eks.network.vpc` and run inside it."
        ),
    ),
    (
        "eks.authorisedNetworks",
        [OFFICE, {"name": "lan", "cidr": "172.20.0.0/16"}],
        (
            "eks.authorisedNetworks[1].cidr: 172.20.0.0/16; needs public addresses because nobody comes over the "
            "internet from 172.16.0.0/12, and EKS refuses it. Write the public addresses of your office, your VPN or "
            "the runner of this program."
        ),
    ),
    (
        "eks.network",
        {"cidr": "52.0.0.0/16"},
        (
            "eks.network.cidr: 52.0.0.0/16; needs a private range, a part of 10.0.0.0/8, 172.16.0.0/12, "
            "192.168.0.0/16, 100.64.0.0/10 because public addresses are somebody's, and nothing in the VPC could reach "
            "them. Write a range such as `10.0.0.0/16`."
        ),
    ),
    (
        "eks.authorisedNetworks",
        [{"name": "office", "cidr": "203.0.113.7/24"}],
        (
            "eks.authorisedNetworks[0].cidr: 203.0.113.7/24; needs a range that begins at its first address "
            "because AWS takes no other. Write `203.0.113.0/24`."
        ),
    ),
    (
        "eks.logRetentionDays",
        100,
        (
            "eks.logRetentionDays: 100; needs a term that CloudWatch has because it keeps logs for so many "
            f"days only: {', '.join(map(str, sorted(RETENTION_DAYS)))}. Write `90`."
        ),
    ),
    (
        "eks.systemPool",
        {"machine": "m7i.xlarge", "minNodes": 4},
        (
            "eks.systemPool.maxNodes: 3; needs at least the 4 of `minNodes` because the most cannot be less "
            "than the fewest. Write `4`."
        ),
    ),
    (
        "eks.systemPool",
        {"machine": "e2-standard-4"},
        (
            "eks.systemPool.machine: e2-standard-4; needs a machine of AWS without GPU because controllers "
            "run there, on a node group of EKS. Write a type such as `m7i.xlarge`."
        ),
    ),
    (
        "eks.systemPool",
        {"machine": "g5.xlarge"},
        (
            "eks.systemPool.machine: g5.xlarge; needs a machine of AWS without GPU because controllers run "
            "there, on a node group of EKS. Write a type such as `m7i.xlarge`."
        ),
    ),
    (
        "eks.systemPool",
        {"machine": "m7g.xlarge"},
        (
            "eks.systemPool.machine: m7g.xlarge; needs a machine with an x86 processor because the system "
            "nodes start from an x86 image, and so do GPU nodes. Write a type such as `m7i.xlarge`."
        ),
    ),
    (
        "eks.secretsKey",
        KEY,
        (
            f"eks.secretsKey: {KEY}; needs a key of us-east-1 because a cluster encrypts its secrets with a "
            "key of its own region. Write the ARN of a key in us-east-1, or leave it out."
        ),
    ),
    (
        "eks.access",
        [PLATFORM, PLATFORM],
        (
            "eks.access[1].principal: arn:aws:iam::123456789012:role/platform; needs each principal once "
            "because it has one access entry in the cluster. Keep the entry with the wider policy."
        ),
    ),
]


@pytest.mark.parametrize(("path", "value", "told"), ONE_CHANGE)
def test_one_wrong_value_is_told_in_full_and_nothing_else(path, value, told):
    assert faults_of(with_value(an_eks_stack(), path, value)) == [f"mizan:{told}"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("eks.network", {"zones": ["us-east-1b", "us-east-1d", "us-east-1f"]}),
        ("pools[0].zones", ["us-east-1a", "us-east-1c"]),
        ("eks.network", {"vpc": VPC, "subnets": SUBNETS}),
        ("eks.network", {"cidr": "10.64.0.0/20"}),
        ("eks.network", {"cidr": "172.31.0.0/16"}),
        ("eks.network", {"cidr": "192.168.0.0/16"}),
        ("eks.network", {"cidr": "100.127.0.0/16"}),
        ("eks.authorisedNetworks", [{"name": "office", "cidr": "203.0.113.0/24"}]),
        ("eks.systemPool", {"machine": "c7i-flex.2xlarge", "minNodes": 1, "maxNodes": 1}),
        ("eks.systemPool", {"machine": "m7i.metal-24xl"}),
        ("eks.secretsKey", KEY.replace("eu-west-1", "us-east-1")),
        ("eks.access", [PLATFORM, PLATFORM | {"principal": "arn:aws:iam::123456789012:role/dev"}]),
        ("addons.karpenter", {"install": "external"}),
    ],
)
def test_what_is_sound_is_taken(path, value):
    assert a_plan(with_value(an_eks_stack(), path, value)).eks is not None


@pytest.mark.parametrize(
    "cidr",
    [
        *(
            "0.1.0.0/16",
            "10.0.0.0/8",
            "10.1.2.3/32",
            "8.0.0.0/5",
            "100.64.0.0/10",
            "127.0.0.1/32",
            "169.254.169.254/32",
        ),
        *("172.31.0.0/16", "192.0.0.0/24", "192.168.1.0/24", "198.19.0.0/16", "224.0.0.0/24", "255.255.255.255/32"),
    ],
)
def test_nobody_comes_over_the_internet_from_a_reserved_range(cidr):
    (told,) = faults_of(with_value(an_eks_stack(), "eks.authorisedNetworks", [{"name": "a", "cidr": cidr}]))
    assert told.startswith(f"mizan:eks.authorisedNetworks[0].cidr: {cidr}; needs public addresses because nobody")


@pytest.mark.parametrize(
    "cidr",
    [
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.7/32", "9.0.0.0/8", "11.0.0.0/8", "100.128.0.0/9"),
        *("172.32.0.0/16", "192.169.0.0/16", "223.255.255.0/24"),
    ],
)
def test_public_ranges_and_those_of_examples_may_reach_the_control_plane(cidr):
    assert an_eks_plan({"authorisedNetworks": [{"name": "a", "cidr": cidr}]}).eks.authorised_networks[0].cidr == cidr


@pytest.mark.parametrize("networks", [[], None])
def test_an_empty_list_of_networks_is_none(networks):
    (told,) = faults_of(an_eks_stack(eks={"account": ACCOUNT, "authorisedNetworks": networks}))
    assert "eks.authorisedNetworks: nothing; needs a network from which the control plane is reached" in told


def test_in_a_given_vpc_the_control_plane_may_be_reached_from_inside_alone():
    stack = with_value(an_eks_stack_in_a_given_vpc(), "eks.authorisedNetworks", NOTHING)
    assert a_plan(stack).eks.authorised_networks == ()


@pytest.mark.parametrize("cidr", ["172.32.0.0/16", "192.169.0.0/16", "100.128.0.0/16", "203.0.0.0/16"])
def test_a_vpc_just_outside_the_private_ranges_is_refused(cidr):
    (told,) = faults_of(with_value(an_eks_stack(), "eks.network", {"cidr": cidr}))
    assert told.startswith(f"mizan:eks.network.cidr: {cidr}; needs a private range, ")


@pytest.mark.parametrize("days", sorted(RETENTION_DAYS))
def test_every_term_of_cloudwatch_is_taken(days):
    assert an_eks_plan({"logRetentionDays": days}).eks.log_retention_days == days


@pytest.mark.parametrize(("key", "what"), [("eks", "an EKS cluster"), ("addons.karpenter", "settings of Karpenter")])
def test_elsewhere_what_belongs_to_eks_is_refused(key, what):
    value = {"account": "123456789012"} if key == "eks" else {"install": "helm"}
    assert faults_of(with_value(a_stack(), key, value)) == [
        (
            f"mizan:{key}: {what}; needs cloud eks because cloud local has no use for it. Remove it, or write "
            "`mizan:cloud: eks`."
        )
    ]


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({"stack": "a"}, "labels.stack: a; needs another key because the stack sets it itself. Rename `stack`."),
        (
            {"karpenter.sh/nodepool": "a"},
            (
                "labels.karpenter.sh/nodepool: a; needs another key because AWS or Karpenter keeps it for itself."
                " Rename `karpenter.sh/nodepool`."
            ),
        ),
        (
            {"environment": "a*"},
            (
                "labels.environment: a*; needs letters, digits, spaces and .:/=+@_- alone, at most 128 in the key"
                " and 256 in the value because AWS refuses other tags. Write a label such as `environment: prod`."
            ),
        ),
    ],
)
def test_a_label_that_is_no_tag_is_told(labels, told):
    assert faults_of(an_eks_stack(labels=labels)) == [f"mizan:{told}"]
    assert a_plan(an_eks_stack(labels={"environment": "prod", "Cost Center": "a@b"})).cloud_labels["Cost Center"]


def test_a_machine_of_google_is_no_node_of_eks():
    values = an_eks_stack(region="us-central1", pools=[eks_pool(machine="a2-highgpu-8g")])
    assert faults_of(values) == [
        (
            "mizan:pools[0].machine: a2-highgpu-8g; needs a machine of aws because a2-highgpu-8g is a machine"
            " of gcp, and nodes of EKS are AWS's. Take a machine such as p4d.24xlarge, or write `mizan:cloud:"
            " gke`."
        )
    ]


def test_where_not_every_account_has_the_first_three_zones_they_are_named():
    told = faults_of(an_eks_stack(region="us-west-1"))
    assert (
        "mizan:eks.network.zones: nothing; needs three zones because not every account has the zones a, b and c in "
        "us-west-1 for EKS. Write three of what `aws ec2 describe-availability-zones --region us-west-1` names."
    ) in told
    given = with_value(an_eks_stack(region="us-west-1"), "eks.network", {"vpc": VPC, "subnets": SUBNETS})
    assert not [fault for fault in faults_of(given) if "zones" in fault]


@pytest.mark.parametrize("value", [[], "text", {"network": "text", "access": 1, "systemPool": []}])
def test_what_is_no_mapping_is_the_models_to_tell_and_breaks_no_rule(value):
    assert all(fault.startswith("mizan:eks") for fault in faults_of(with_value(an_eks_stack(), "eks", value)))
