"""Stacks on EKS, and AWS's answers under mocks: what a resource has that nobody asked for."""

from typing import Any

from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs

from mizan import versions
from mizan.plan import Plan
from tests import mocks
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack

ACCOUNT = "123456789012"
STACK = "eks-test"
VPC = "vpc-0123456789abcdef0"
OFFICE = {"name": "office", "cidr": "203.0.113.0/24"}
# Without a way to the control plane of a VPC that the stack makes, no stack is sound.
REACHED = {"account": ACCOUNT, "authorisedNetworks": [OFFICE]}


def eks_pool(**changes: object) -> dict[str, Any]:
    return a_pool(machine="p4d.24xlarge") | changes


def an_eks_stack(**changes: object) -> dict[str, Any]:
    """A stack on EKS: one pool of p4d, 2 nodes of spot and 1 of on-demand."""
    return (
        a_stack(
            cloud="eks",
            region="us-east-1",
            eks=REACHED,
            pools=[eks_pool()],
            queues=[
                a_queue(
                    quotas=[
                        {"pool": "a100", "capacity": "spot", "gpus": 16},
                        {"pool": "a100", "capacity": "on-demand", "gpus": 8},
                    ]
                )
            ],
            jobs=[a_job()],
            addons={"kueue": {"install": "helm"}},
        )
        | changes
    )


def a_whole_eks_stack(**changes: object) -> dict[str, Any]:
    """A stack with every key of EKS but those of a VPC that exists, which has its own addresses, zones and way out."""
    eks = {
        "account": ACCOUNT,
        "version": min(versions.EKS_ADDONS),
        "network": {
            "cidr": "10.1.0.0/16",
            "zones": ["us-east-1a", "us-east-1b", "us-east-1d"],
            "natGatewayPerZone": True,
        },
        "authorisedNetworks": [OFFICE],
        "access": [{"principal": f"arn:aws:iam::{ACCOUNT}:role/platform", "policy": "AmazonEKSClusterAdminPolicy"}],
        "secretsKey": f"arn:aws:kms:us-east-1:{ACCOUNT}:key/secrets",
        "logs": ["audit"],
        "logRetentionDays": 30,
        "deletionProtection": False,
        "systemPool": {"machine": "m7i.2xlarge", "minNodes": 3, "maxNodes": 5},
    }
    karpenter = {"install": "external", "chart": "oci://mirror.example.com/karpenter", "ami": "al2023@v20260810"}
    return (
        an_eks_stack(
            eks=eks,
            labels={"environment": "test"},
            checkpoints={"region": "us-west-2", "retentionDays": 14, "keepOnDestroy": False},
            pools=[
                eks_pool(
                    zones=["us-east-1a"],
                    warm={"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10, "timeZone": "America/New_York"},
                    karpenter={"expireAfterHours": 720, "consolidateAfterSeconds": 60},
                )
            ],
            addons={"kueue": {"install": "helm"}, "karpenter": karpenter},
        )
        | changes
    )


def an_eks_stack_in_a_given_vpc(**changes: object) -> dict[str, Any]:
    network = {"vpc": VPC, "subnets": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"]}
    return an_eks_stack(eks=REACHED | {"network": network}, **changes)


def an_eks_plan(eks: dict[str, Any] | None = None, **changes: object) -> Plan:
    return a_plan(an_eks_stack(eks=REACHED | (eks or {}), **changes), stack=STACK)


def with_answers(monkeypatch: Any) -> None:
    """Let mocked AWS resources have ARNs, addresses and what else AWS makes up, and every subnet be of one VPC."""
    plain = mocks._Provider.new_resource

    def new_resource(self: mocks._Provider, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = plain(self, args)
        if not args.typ.startswith("aws:"):
            return id_, outputs
        kind = args.typ.rsplit(":", 1)[-1]
        own = {"arn": f"arn:aws:{kind}:{args.name}", "name": args.inputs.get("name", args.name)}
        return id_, outputs | own | _made_up(kind, args)

    def call(_: mocks._Provider, args: MockCallArgs) -> dict[str, Any]:
        assert args.token == "aws:ec2/getSubnet:getSubnet"
        return {"id": args.args["id"], "vpcId": VPC}

    monkeypatch.setattr(mocks._Provider, "new_resource", new_resource)
    monkeypatch.setattr(mocks._Provider, "call", call)


def _made_up(kind: str, args: MockResourceArgs) -> dict[str, Any]:
    answers: dict[str, dict[str, Any]] = {
        "Eip": {"allocationId": "eipalloc-1"},
        "Key": {"keyId": "key-1"},
        "Queue": {"url": f"https://sqs/{args.inputs.get('name')}"},
        "LaunchTemplate": {"latestVersion": 1},
        "Cluster": {
            "endpoint": "https://ABC.gr7.us-east-1.eks.amazonaws.com",
            "certificateAuthority": {"data": "Q0E="},
            "vpcConfig": dict(args.inputs.get("vpcConfig") or {}) | {"clusterSecurityGroupId": "sg-1"},
        },
    }
    return answers.get(kind, {})
