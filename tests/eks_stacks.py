"""Stacks on EKS, and AWS's answers under mocks: what a resource has that nobody asked for."""

from typing import Any

from pulumi.runtime.mocks import MockResourceArgs

from mizan.plan import Plan
from tests import mocks
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack

ACCOUNT = "123456789012"
STACK = "eks-test"


def eks_pool(**changes: object) -> dict[str, Any]:
    return a_pool(machine="p4d.24xlarge") | changes


def an_eks_stack(**changes: object) -> dict[str, Any]:
    """A stack on EKS: one pool of p4d, 2 nodes of spot and 1 of on-demand."""
    return (
        a_stack(
            cloud="eks",
            region="us-east-1",
            eks={"account": ACCOUNT},
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


def an_eks_plan(eks: dict[str, Any] | None = None, **changes: object) -> Plan:
    return a_plan(an_eks_stack(eks={"account": ACCOUNT} | (eks or {}), **changes), stack=STACK)


def with_answers(monkeypatch: Any) -> None:
    """Let mocked AWS resources have ARNs, addresses and what else AWS makes up for them."""
    plain = mocks._Provider.new_resource

    def new_resource(self: mocks._Provider, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        id_, outputs = plain(self, args)
        if not args.typ.startswith("aws:"):
            return id_, outputs
        kind = args.typ.rsplit(":", 1)[-1]
        own = {"arn": f"arn:aws:{kind}:{args.name}", "name": args.inputs.get("name", args.name)}
        return id_, outputs | own | _made_up(kind, args)

    monkeypatch.setattr(mocks._Provider, "new_resource", new_resource)


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
