"""Karpenter's rights are those of its own guide, statement by statement.

The samples hold a digest of each statement of the guide's CloudFormation template. Hashed is the statement as JSON with
sorted keys, lists sorted too as IAM does not mind their order, and true and false as text. What stands for a value that
only CloudFormation knows, such as `${AWS::Region}`, stays as the template writes it.
"""

import hashlib
import json
import re

import pytest

from mizan.clouds.aws import interruptions, karpenter_iam
from mizan.clouds.aws.iam import NODE_POLICIES
from mizan.clouds.aws.site import Site
from tests.builders import PROJECT

RECORDED = json.loads((PROJECT / "tests/data/samples/karpenter_policies.json").read_text())
DIGESTS = RECORDED["digests"]
POLICIES = {
    "karpenter-node-lifecycle": "NodeLifecyclePolicy",
    "karpenter-iam-integration": "IAMIntegrationPolicy",
    "karpenter-eks-integration": "EKSIntegrationPolicy",
    "karpenter-interruption": "InterruptionPolicy",
    "karpenter-zonal-shift": "ZonalShiftPolicy",
    "karpenter-resource-discovery": "ResourceDiscoveryPolicy",
}
SITE = Site(
    cluster="${ClusterName}",
    account="${AWS::AccountId}",
    region="${AWS::Region}",
    partition="${AWS::Partition}",
    dns_suffix="${AWS::URLSuffix}",
)


def canonical(value):
    if isinstance(value, dict):
        return {key: canonical(item) for key, item in value.items()}
    if isinstance(value, list):
        return sorted((canonical(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return str(value).lower() if isinstance(value, bool) else value


def digest(statement):
    text = json.dumps(canonical(statement), sort_keys=True)
    text = text.replace(SITE.karpenter_node_role_arn, "${KarpenterNodeRole.Arn}")
    text = text.replace(SITE.queue_arn, "${KarpenterInterruptionQueue.Arn}")
    return hashlib.sha256(text.encode()).hexdigest()


def test_the_samples_name_where_they_are_from():
    assert re.fullmatch(r"aws/karpenter-provider-aws@bde0065 \(v1\.14\.1\) website/\S+\.yaml", RECORDED["source"])
    assert RECORDED["read"] == "2026-11-23"


@pytest.mark.parametrize(("ours", "theirs"), POLICIES.items())
def test_a_policy_has_the_statements_of_the_guide_and_no_other(ours, theirs):
    found = {statement["Sid"]: digest(statement) for statement in karpenter_iam.statements(SITE)[ours]}
    assert found == DIGESTS[theirs]


def test_there_is_no_policy_that_the_guide_lacks():
    assert set(karpenter_iam.statements(SITE)) == set(POLICIES)
    assert set(POLICIES.values()) == set(DIGESTS) - {"KarpenterInterruptionQueuePolicy"}


def test_the_queue_is_written_to_as_in_the_guide():
    found = {item.get("Sid", "AllowSend"): digest(item) for item in interruptions.queue_statements(SITE)}
    assert found == DIGESTS["KarpenterInterruptionQueuePolicy"]


def test_one_action_more_is_another_statement():
    (statement,) = karpenter_iam.statements(SITE)["karpenter-interruption"]
    wider = {**statement, "Action": [*statement["Action"], "sqs:PurgeQueue"]}
    assert digest(wider) != digest(statement)


def test_the_queue_and_its_five_rules_are_those_of_the_guide():
    queue = interruptions.queue_args(SITE)
    assert queue == {"name": "${ClusterName}", "message_retention_seconds": 300, "sqs_managed_sse_enabled": True}
    patterns = [json.loads(rule["event_pattern"]) for rule in interruptions.rule_args(SITE).values()]
    assert patterns == [
        {"source": ["aws.health"], "detail-type": ["AWS Health Event"]},
        {"source": ["aws.ec2"], "detail-type": ["EC2 Spot Instance Interruption Warning"]},
        {"source": ["aws.ec2"], "detail-type": ["EC2 Instance Rebalance Recommendation"]},
        {"source": ["aws.ec2"], "detail-type": ["EC2 Instance State-change Notification"]},
        {"source": ["aws.ec2"], "detail-type": ["EC2 Capacity Reservation Instance Interruption Warning"]},
    ]


def test_nodes_have_the_four_policies_of_the_guide():
    assert set(NODE_POLICIES) == {
        "AmazonEKS_CNI_Policy",
        "AmazonEKSWorkerNodePolicy",
        "AmazonEC2ContainerRegistryPullOnly",
        "AmazonSSMManagedInstanceCore",
    }


def test_every_policy_fits_into_what_iam_takes():
    """6144 characters without white space. Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/
    reference_iam-quotas.html, read 2026-11-23."""
    longest = Site(
        cluster="c" * 42, account="1" * 12, region="us-gov-west-1", partition="aws-us-gov", dns_suffix="amazonaws.com"
    )
    sizes = [len(re.sub(r"\s", "", args["policy"])) for args in karpenter_iam.policy_args(longest).values()]
    assert max(sizes) <= 6144
