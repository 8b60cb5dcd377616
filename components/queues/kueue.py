"""Kueue itself: installed by this stack, or by somebody else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from components.helm_release import HelmReleaseArgs, helm_release
from mizan import keys, versions
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import chart_values


@dataclass(frozen=True, kw_only=True)
class KueueArgs:
    """Who installs Kueue, with which settings, from which chart.

    Attributes:
        devices: by DeviceClass, the name by which quotas count what pods claim from it.
        chart: None takes Kueue's own, or that of the folder in MIZAN_CHARTS.
        cluster: the one that the stack makes, with which Kueue goes; None where the cluster stays.
    """

    settings: KueueAddon
    devices: Mapping[str, str] = field(default_factory=dict)
    chart: str | None = None
    cluster: pulumi.Resource | None = None


class Kueue(pulumi.ComponentResource):
    """Kueue's Helm release, or nothing where it is external."""

    def __init__(self, name: str, args: KueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the chart as a real Helm release: its hooks run, and it waits until Kueue's webhooks answer.

        It is not taken out of a cluster that goes itself: Helm would wait for two ClusterRoles to go which Kubernetes
        makes anew while it deletes the others that they add up (kubernetes/kubernetes@v1.36.3
        pkg/controller/clusterroleaggregation/clusterroleaggregation_controller.go, syncClusterRole), and end in an
        error after five minutes.
        """
        super().__init__("mizan:components:Kueue", name, {"install": args.settings.install.value}, opts)
        if args.settings.install is Install.HELM:
            release = HelmReleaseArgs(
                chart=versions.KUEUE_CHART,
                given=args.chart,
                version=versions.KUEUE,
                name="kueue",
                namespace=keys.KUEUE_NAMESPACE,
                create_namespace=True,
                values=chart_values(args.settings, args.devices),
            )
            opts = pulumi.ResourceOptions(parent=self, deleted_with=args.cluster)
            helm_release(f"{name}-release", release, opts)
        self.register_outputs({})
