"""GPUs that pods claim as devices: the classes of them, and each team's claims to copy."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.dra import claim_templates, device_classes
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class DeviceClaimsArgs:
    """A stack, and the namespace of each of its teams, in which its claims stand."""

    plan: Plan
    namespaces: Mapping[str, pulumi.Resource]


class DeviceClaims(pulumi.ComponentResource):
    """DeviceClasses, and ResourceClaimTemplates in the namespaces of teams.

    Attributes:
        templates: by team, what a job that claims devices comes after.
    """

    templates: Mapping[str, tuple[pulumi.Resource, ...]]

    def __init__(self, name: str, args: DeviceClaimsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the classes, and the templates after them; nothing where no pool has claims."""
        super().__init__("mizan:components:DeviceClaims", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        classes = [resource(name, body, child) for body in device_classes(args.plan.pools)]
        self.templates = {
            team.namespace: tuple(
                resource(
                    name,
                    body,
                    pulumi.ResourceOptions(parent=self, depends_on=[*classes, args.namespaces[team.namespace]]),
                )
                for body in claim_templates(args.plan, team)
            )
            for team in args.plan.teams
        }
        self.register_outputs({})
