"""The rules of a stack in its cluster, where the Prometheus operator reads them, and the monitors of what they read."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.controller_monitors import controller_monitors
from mizan.manifests.prometheus_rules import prometheus_rules
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class RulesArgs:
    """The plan of a stack.

    Attributes:
        prometheus: whose chart brings their kinds, and with which their namespace comes.
    """

    plan: Plan
    prometheus: tuple[pulumi.Resource, ...]


class Rules(pulumi.ComponentResource):
    """What is recorded of costs and what is told of them; nothing where the cluster takes no rules."""

    def __init__(self, name: str, args: RulesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Write monitors and rules once there is an operator that knows their kinds."""
        super().__init__("mizan:components:Rules", name, {"cluster": args.plan.cluster_name}, opts)
        for body in (*controller_monitors(args.plan), *prometheus_rules(args.plan)):
            resource(name, body, pulumi.ResourceOptions(parent=self, depends_on=list(args.prometheus)))
        self.register_outputs({})
