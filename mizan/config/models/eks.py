"""A cluster on EKS that the stack makes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mizan.config.models.base import Model, described
from mizan.config.models.gke import SystemPool
from mizan.config.models.networks import CIDR_PATTERN, AuthorisedNetwork

ZONE_PATTERN = r"^[a-z]{2}(-[a-z]+)+-[0-9][a-z]$"
SUBNET_PATTERN = r"^subnet-[0-9a-f]{8,17}$"

# Control plane logs keep only these terms. Source: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/
# API_PutRetentionPolicy.html, read 2026-11-23.
RETENTION_DAYS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)


class ControlPlaneLog(StrEnum):
    """A log of the control plane.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html, read 2026-11-23.
    """

    API = "api"
    AUDIT = "audit"
    AUTHENTICATOR = "authenticator"
    CONTROLLER_MANAGER = "controllerManager"
    SCHEDULER = "scheduler"


class AccessPolicy(StrEnum):
    """What somebody may do in the whole cluster.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html, read 2026-11-23.
    """

    CLUSTER_ADMIN = "AmazonEKSClusterAdminPolicy"
    ADMIN = "AmazonEKSAdminPolicy"
    EDIT = "AmazonEKSEditPolicy"
    VIEW = "AmazonEKSViewPolicy"


class Access(Model):
    """An access entry: who may enter the cluster, and what for."""

    principal: str = described(
        "ARN of an IAM role or user.",
        because="the cluster asks IAM who somebody is",
        fix="Write an ARN such as `arn:aws:iam::123456789012:role/platform`",
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$",
    )
    policy: AccessPolicy = described(
        "What it may do in the whole cluster.",
        because="most people only look",
        fix="Write `AmazonEKSViewPolicy`, or another of EKS's access policies",
    )


class EksNetwork(Model):
    """The VPC: subnets that exist, or the range of one that the stack makes over three zones."""

    cidr: str = described(
        "Addresses of the VPC that the stack makes.",
        because="every pod takes an address of it, and it must not overlap what the VPC reaches",
        fix="Write a range of /16 to /20 such as `10.0.0.0/16`",
        default="10.0.0.0/16",
        pattern=CIDR_PATTERN,
    )
    zones: tuple[Annotated[str, Field(pattern=ZONE_PATTERN)], ...] = described(
        "Three zones of it; left out, the first three of the region, which need not have the GPU.",
        because="not every zone of a region has every GPU",
        fix="Write `[us-east-1a, us-east-1b, us-east-1d]`, or leave it out",
        default=(),
        max_length=3,
    )
    nat_gateway_per_zone: bool = described(
        "Whether every zone has a NAT gateway of its own, or all share one.",
        because="one is a third of the price, and gone with its zone",
        fix="Write `true` for production, `false` elsewhere",
        default=False,
        strict=True,
    )
    vpc: str | None = described(
        "Id of an existing VPC; left out, the stack makes one.",
        because="many organisations hand out subnets",
        fix="Write an id such as `vpc-0123456789abcdef0`, with `subnets`, or leave it out",
        default=None,
        pattern=r"^vpc-[0-9a-f]{8,17}$",
    )
    subnets: tuple[Annotated[str, Field(pattern=SUBNET_PATTERN)], ...] = described(
        "Ids of its private subnets, in at least two zones.",
        because="EKS takes subnets of at least two zones, and GPU nodes get their addresses there",
        fix="Write `[subnet-0123456789abcdef0, subnet-0123456789abcdef1]`",
        default=(),
        max_length=16,
    )


class Eks(Model):
    """An EKS cluster that the stack makes; its name is the stack's."""

    account: str = described(
        "AWS account; a run with credentials of another is refused.",
        because="the cluster is made and paid for there",
        fix="Write its twelve digits in quotes, such as `'123456789012'`",
        pattern=r"^[0-9]{12}$",
    )
    version: str | None = described(
        "Kubernetes version; left out, the one this release is tested with.",
        because="EKS upgrades one minor version at a time, and only when told",
        fix="Write a minor version in quotes such as `'1.34'`, or leave it out",
        default=None,
        pattern=r"^1\.[0-9]{2}$",
    )
    network: EksNetwork = described(
        "The VPC.",
        because="subnets cannot be changed at will once the cluster stands",
        fix="Write `{vpc: vpc-0123456789abcdef0, subnets: [...]}`, or leave it out",
        default=EksNetwork(),
    )
    authorised_networks: tuple[AuthorisedNetwork, ...] = described(
        "Who may reach the control plane from the internet; left out, nobody: then a VPC is given, and this program "
        "runs inside it.",
        because="a control plane that everybody reaches needs only one leaked credential",
        fix="Add `- {name: office, cidr: 203.0.113.0/24}`, or leave it out",
        default=(),
        max_length=40,
    )
    access: tuple[Access, ...] = described(
        "Who may enter the cluster besides whoever makes it.",
        because="access is IAM's, not a secret in a file",
        fix="Add `- {principal: arn:aws:iam::123456789012:role/platform, policy: AmazonEKSClusterAdminPolicy}`",
        default=(),
    )
    secrets_key: str | None = described(
        "ARN of the KMS key that encrypts the cluster's secrets; left out, the stack makes one.",
        because="some rules ask for a key that is kept elsewhere",
        fix="Write an ARN such as `arn:aws:kms:us-east-1:123456789012:key/...`, or leave it out",
        default=None,
        pattern=r"^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/.+$",
    )
    logs: tuple[ControlPlaneLog, ...] = described(
        "Logs of the control plane that are kept.",
        because="who did what is asked after the fact",
        fix="Write `[api, audit, authenticator]`; `[]` keeps none",
        default=(ControlPlaneLog.API, ControlPlaneLog.AUDIT, ControlPlaneLog.AUTHENTICATOR),
    )
    log_retention_days: int = described(
        "For how long.",
        because="CloudWatch else keeps and charges them for ever",
        fix="Write a term that CloudWatch has, such as 30, 90 or 365",
        default=90,
        ge=1,
        le=3653,
        strict=True,
    )
    deletion_protection: bool = described(
        "Whether a destroy is refused until this is turned off.",
        because="a cluster goes with every job in it",
        fix="Write `true` or `false`",
        default=True,
        strict=True,
    )
    system_pool: SystemPool = described(
        "Nodes without GPU for controllers, Karpenter's own among them.",
        because="Karpenter cannot make the nodes that it runs on",
        fix="Write `{machine: m7i.xlarge, minNodes: 2, maxNodes: 4}`, or leave it out",
        default=SystemPool.model_validate({"machine": "m7i.xlarge", "minNodes": 2, "maxNodes": 4}),
    )
