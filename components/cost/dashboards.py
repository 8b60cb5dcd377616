"""The dashboards of a stack in its cluster, where Grafana's sidecar finds them."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.dashboards import dashboard_config_maps
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class DashboardsArgs:
    """The plan of a stack.

    Attributes:
        prometheus: with which their namespace comes.
    """

    plan: Plan
    prometheus: tuple[pulumi.Resource, ...]


class Dashboards(pulumi.ComponentResource):
    """A ConfigMap for each dashboard; nothing where the cluster takes none."""

    def __init__(self, name: str, args: DashboardsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Write the dashboards once their namespace is there."""
        super().__init__("mizan:components:Dashboards", name, {"cluster": args.plan.cluster_name}, opts)
        for body in dashboard_config_maps(args.plan):
            resource(name, body, pulumi.ResourceOptions(parent=self, depends_on=list(args.prometheus)))
        self.register_outputs({})
