"""Prometheus with Alertmanager and Grafana: installed by this stack, or by somebody else."""

from dataclasses import dataclass

import pulumi

from components.helm_release import HelmReleaseArgs, helm_release
from components.resource import KubernetesObject, resource
from mizan import keys, versions
from mizan.config import OptionalInstall, PrometheusAddon
from mizan.manifests import Manifest
from mizan.manifests.prometheus import RELEASE, chart_values, prometheus
from mizan.plan import Plan

# The operator, a volume and its pods come one after the other, on nodes that may still come themselves.
TIMEOUT_SECONDS = 900


@dataclass(frozen=True, kw_only=True)
class PrometheusArgs:
    """The plan of a stack.

    Attributes:
        namespace_hooks: what is asked when the namespace has come, and before it goes; None asks nothing.
    """

    plan: Plan
    namespace_hooks: pulumi.ResourceHookBinding | None = None


class Prometheus(pulumi.ComponentResource):
    """The Helm release of kube-prometheus-stack with what comes before it; at most a namespace where it is external."""

    def __init__(self, name: str, args: PrometheusArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the chart as a real Helm release: its hooks make the certificate of its webhook, and upgrade CRDs.

        It is taken out of a cluster before the cluster goes: with its namespace goes the claim of its volume, which
        else would stay and be paid for.
        """
        plan, settings = args.plan, args.plan.prometheus
        super().__init__("mizan:components:Prometheus", name, {"install": _installer(settings)}, opts)
        needed = [
            resource(name, body, pulumi.ResourceOptions(parent=self, hooks=_hooks(body, args)))
            for body in prometheus(plan)
        ]
        if settings is not None and settings.install is OptionalInstall.HELM:
            self._release(name, plan, settings, needed)
        self.register_outputs({})

    def _release(self, name: str, plan: Plan, settings: PrometheusAddon, needed: list[KubernetesObject]) -> None:
        release = HelmReleaseArgs(
            chart=versions.KUBE_PROMETHEUS_STACK_CHART,
            given=settings.chart,
            version=settings.version,
            name=RELEASE,
            namespace=keys.MONITORING_NAMESPACE,
            values=chart_values(plan),
            timeout_seconds=TIMEOUT_SECONDS,
        )
        helm_release(f"{name}-release", release, pulumi.ResourceOptions(parent=self, depends_on=needed))


def _hooks(body: Manifest, args: PrometheusArgs) -> pulumi.ResourceHookBinding | None:
    return args.namespace_hooks if body["kind"] == "Namespace" else None


def _installer(settings: PrometheusAddon | None) -> str | None:
    return settings.install.value if settings is not None and settings.install is not None else None
