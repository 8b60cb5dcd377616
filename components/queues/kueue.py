"""Kueue itself: installed by this stack, or by somebody else."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mizan import keys, versions
from mizan.config import Install, KueueAddon
from mizan.manifests.kueue_settings import chart_values


@dataclass(frozen=True, kw_only=True)
class KueueArgs:
    """Who installs Kueue, with which settings, from which chart."""

    settings: KueueAddon
    chart: str = versions.KUEUE_CHART


class Kueue(pulumi.ComponentResource):
    """Kueue's Helm release, or nothing where it is external."""

    def __init__(self, name: str, args: KueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the chart as a real Helm release: its hooks run, and it waits until Kueue's webhooks answer."""
        super().__init__("mizan:components:Kueue", name, {"install": args.settings.install.value}, opts)
        if args.settings.install is Install.HELM:
            k8s.helm.v3.Release(
                f"{name}-release",
                chart=args.chart,
                version=versions.KUEUE,
                name="kueue",
                namespace=keys.KUEUE_NAMESPACE,
                create_namespace=True,
                values=chart_values(args.settings),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
