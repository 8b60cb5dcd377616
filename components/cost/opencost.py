"""OpenCost: installed by this stack, or by somebody else."""

from dataclasses import dataclass

import pulumi

from components.helm_release import HelmReleaseArgs, helm_release
from components.resource import KubernetesObject, resource
from mizan import keys, versions
from mizan.config import OpenCostAddon, OptionalInstall
from mizan.manifests.opencost import RELEASE, chart_values, opencost
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class OpenCostArgs:
    """The plan of a stack.

    Attributes:
        prometheus: that OpenCost reads, with the namespace of both; nothing where somebody else has installed it.
    """

    plan: Plan
    prometheus: tuple[pulumi.Resource, ...] = ()


class OpenCost(pulumi.ComponentResource):
    """The Helm release of OpenCost with the prices that it reads, or nothing where it is external."""

    def __init__(self, name: str, args: OpenCostArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Write the prices, then install the chart."""
        settings = args.plan.opencost
        install = settings.install if settings is not None else None
        super().__init__("mizan:components:OpenCost", name, {"install": install.value if install else None}, opts)
        made: list[KubernetesObject] = []
        for body in opencost(args.plan):
            after = pulumi.ResourceOptions(parent=self, depends_on=[*args.prometheus, *made])
            made.append(resource(name, body, after))
        if settings is not None and install is OptionalInstall.HELM:
            self._release(name, args, settings, [*args.prometheus, *made])
        self.register_outputs({})

    def _release(self, name: str, args: OpenCostArgs, settings: OpenCostAddon, needed: list[pulumi.Resource]) -> None:
        release = HelmReleaseArgs(
            chart=versions.OPENCOST_CHART,
            repository=versions.OPENCOST_REPOSITORY,
            given=settings.chart,
            version=settings.version,
            name=RELEASE,
            namespace=keys.MONITORING_NAMESPACE,
            values=chart_values(args.plan),
        )
        helm_release(f"{name}-release", release, pulumi.ResourceOptions(parent=self, depends_on=needed))
