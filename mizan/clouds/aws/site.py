"""Where in AWS a stack's cluster stands, and what its parts are called there."""

import re
from dataclasses import dataclass
from typing import Any

from mizan import keys
from mizan.config import Eks
from mizan.errors import PlatformError
from mizan.plan import Plan

# Arguments of a resource, in the SDK's own names. Values that only AWS knows are put in as they come.
Arguments = dict[str, Any]

# A cluster takes 100 characters and no dot, a rule of EventBridge 64 with our longest ending of 22.
# Source: https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateCluster.html;
# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html, read 2026-11-23.
NAME_LENGTH = 42
NAME_PATTERN = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")

# By the beginning of a region's name: AWS in China and AWS GovCloud are partitions of their own.
# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html, read 2026-11-23.
PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
DNS_SUFFIXES = {"aws-cn": "amazonaws.com.cn"}


@dataclass(frozen=True, kw_only=True)
class Site:
    """What every name and policy of a stack's resources begins with.

    Attributes:
        cluster: the cluster's name, which is the stack's.
        partition: of ARNs.
        dns_suffix: of the names of AWS's own services.
    """

    cluster: str
    account: str
    region: str
    partition: str
    dns_suffix: str

    @property
    def cluster_arn(self) -> str:
        """Return the cluster's ARN."""
        return f"arn:{self.partition}:eks:{self.region}:{self.account}:cluster/{self.cluster}"

    @property
    def queue_arn(self) -> str:
        """Return the ARN of the queue of interruptions, which bears the cluster's name."""
        return f"arn:{self.partition}:sqs:{self.region}:{self.account}:{self.cluster}"

    @property
    def karpenter_node_role_arn(self) -> str:
        """Return the ARN of the role of Karpenter's nodes."""
        return f"arn:{self.partition}:iam::{self.account}:role/{keys.karpenter_node_role(self.cluster)}"

    def aws_policy(self, name: str) -> str:
        """Return the ARN of a policy that AWS maintains."""
        return f"arn:{self.partition}:iam::aws:policy/{name}"


def eks_of(plan: Plan) -> Eks:
    """Return the cluster of a stack on EKS.

    Raises:
        ValueError: the stack is not on EKS.
    """
    if plan.eks is None:
        message = f"stack {plan.stack} is not on EKS"
        raise ValueError(message)
    return plan.eks


def site_of(plan: Plan) -> Site:
    """Return where a stack on EKS stands.

    Raises:
        PlatformError: the stack's name makes no name of a cluster.
    """
    eks = eks_of(plan)
    if not NAME_PATTERN.fullmatch(plan.stack) or len(plan.stack) > NAME_LENGTH:
        raise PlatformError(
            f"stack {plan.stack}",
            plan.stack,
            needs=f"letters, digits, dashes and underscores, at most {NAME_LENGTH} of them",
            because="the cluster and what belongs to it bear the stack's name, and AWS takes no other",
            fix="Make a stack with a shorter or simpler name",
        )
    partition = next((name for start, name in PARTITIONS.items() if plan.region.startswith(start)), "aws")
    return Site(
        cluster=plan.stack,
        account=eks.account,
        region=plan.region,
        partition=partition,
        dns_suffix=DNS_SUFFIXES.get(partition, "amazonaws.com"),
    )
