"""NVIDIA's GPU operator: installed by this stack, or by somebody else who reads what this stack writes."""

from dataclasses import dataclass

import pulumi

from components.helm_release import HelmReleaseArgs, helm_release
from components.resource import resource
from mizan import keys, versions
from mizan.config import GpuOperatorAddon, Install
from mizan.manifests.gpu_operator import chart_values, gpu_operator
from mizan.plan import Plan
from mizan.plan.external import is_somebody_else_s


@dataclass(frozen=True, kw_only=True)
class GpuOperatorArgs:
    """The plan of a stack.

    Attributes:
        cluster: the one that the stack makes, with which the operator goes; None where the cluster stays.
    """

    plan: Plan
    cluster: pulumi.Resource | None = None


class GpuOperator(pulumi.ComponentResource):
    """The operator's Helm release with all that it reads, or that alone where it is external."""

    def __init__(self, name: str, args: GpuOperatorArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Write what the operator reads, then install its chart as a real Helm release, which runs its hooks.

        Nothing of it is taken out of a cluster that goes itself: the last node may need it to the end, and a namespace
        would wait for pods on nodes that are gone. Somebody else's namespace stays in any case, with their operator.
        """
        plan, settings = args.plan, args.plan.gpu_operator
        shown = {"install": settings.install.value if settings else None}
        super().__init__("mizan:components:GpuOperator", name, shown, opts)
        self._name, self._cluster = name, args.cluster
        is_theirs = settings is not None and is_somebody_else_s(settings, plan.cloud)
        made: list[pulumi.Resource] = []
        for body in gpu_operator(plan):
            is_namespace = body["kind"] == "Namespace"
            made.append(
                resource(name, body, self._after([] if is_namespace else made[:1], keeps=is_namespace and is_theirs))
            )
        if settings is not None and settings.install is Install.HELM:
            self._release(plan, settings, made)
        self.register_outputs({})

    def _after(self, resources: list[pulumi.Resource], *, keeps: bool = False) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self, depends_on=list(resources), deleted_with=self._cluster, retain_on_delete=keeps
        )

    def _release(self, plan: Plan, settings: GpuOperatorAddon, needed: list[pulumi.Resource]) -> None:
        release = HelmReleaseArgs(
            chart=versions.GPU_OPERATOR_CHART,
            repository=versions.GPU_OPERATOR_REPOSITORY,
            given=settings.chart,
            version=settings.version,
            name="gpu-operator",
            namespace=keys.GPU_NAMESPACE,
            values=chart_values(plan),
        )
        helm_release(f"{self._name}-release", release, self._after(needed))
