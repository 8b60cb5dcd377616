"""NVIDIA's DCGM exporter: what it reads, and its Helm release where the GPU operator does not bring it."""

from dataclasses import dataclass

import pulumi

from components.helm_release import HelmReleaseArgs, helm_release
from components.resource import resource
from mizan import keys, versions
from mizan.config import DcgmExporterAddon, Install
from mizan.manifests.dcgm_exporter import chart_values, dcgm_exporter
from mizan.manifests.dcgm_monitors import NAME
from mizan.plan import Plan
from mizan.plan.dcgm_exporter import measured_alone
from mizan.plan.external import is_somebody_else_s


@dataclass(frozen=True, kw_only=True)
class DcgmExporterArgs:
    """The plan of a stack.

    Attributes:
        operator: the GPU operator, in whose namespace its exporter's part is; nothing where there is none.
        cluster: the one that the stack makes, with which the exporter goes; None where the cluster stays.
    """

    plan: Plan
    operator: tuple[pulumi.Resource, ...] = ()
    cluster: pulumi.Resource | None = None


class DcgmExporter(pulumi.ComponentResource):
    """The exporter's counters, ServiceMonitors and, on nodes without the GPU operator, its Helm release."""

    def __init__(self, name: str, args: DcgmExporterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Write what the exporter reads, then install its chart; nothing of it is taken out of a cluster that goes.

        Somebody else's namespace stays in any case, with their exporter.
        """
        plan, settings = args.plan, args.plan.dcgm_exporter
        install = settings.install if settings else None
        super().__init__("mizan:components:DcgmExporter", name, {"install": install.value if install else None}, opts)
        self._name, self._args = name, args
        is_theirs = settings is not None and is_somebody_else_s(settings, plan.cloud)
        made: list[pulumi.Resource] = []
        for body in dcgm_exporter(plan):
            keeps = body["kind"] == "Namespace" and is_theirs
            made.append(resource(name, body, self._after(made, keeps=keeps)))
        if settings is not None and install is Install.HELM and measured_alone(plan):
            self._release(plan, settings, made)
        self.register_outputs({})

    def _after(self, resources: list[pulumi.Resource], *, keeps: bool = False) -> pulumi.ResourceOptions:
        needed = [*self._args.operator, *resources]
        return pulumi.ResourceOptions(
            parent=self, depends_on=needed, deleted_with=self._args.cluster, retain_on_delete=keeps
        )

    def _release(self, plan: Plan, settings: DcgmExporterAddon, needed: list[pulumi.Resource]) -> None:
        """Install the chart without waiting for its pods: one node whose driver comes late would fail the update."""
        release = HelmReleaseArgs(
            chart=versions.DCGM_EXPORTER_CHART,
            repository=versions.DCGM_EXPORTER_REPOSITORY,
            given=settings.chart,
            version=versions.DCGM_EXPORTER,
            name=NAME,
            namespace=keys.DCGM_NAMESPACE,
            values=chart_values(plan),
            skip_await=True,
        )
        helm_release(f"{self._name}-release", release, self._after(needed))
