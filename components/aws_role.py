"""A role at AWS with the policies it has."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from mizan.clouds.aws.iam import role_args


@dataclass(frozen=True, kw_only=True)
class AwsRoleArgs:
    """What a role is called, who has it, and what for.

    Attributes:
        trust: who may have it, as a policy's text.
        policies: ARNs, each by what its attachment is called.
    """

    name: str
    trust: str
    description: str
    policies: Mapping[str, pulumi.Input[str]]


class AwsRole(pulumi.ComponentResource):
    """A role and the attachments of its policies."""

    name: pulumi.Output[str]
    arn: pulumi.Output[str]

    def __init__(self, name: str, args: AwsRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the role; whoever depends on this waits for its policies too."""
        super().__init__("mizan:components:AwsRole", name, {"name": args.name}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(f"{name}-role", **role_args(args.name, args.trust, args.description), opts=child)
        for policy, arn in args.policies.items():
            aws.iam.RolePolicyAttachment(f"{name}-{policy}", role=role.name, policy_arn=arn, opts=child)
        self.name = role.name
        self.arn = role.arn
        self.register_outputs({"name": self.name, "arn": self.arn})
