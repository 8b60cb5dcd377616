"""Kueue itself: installed by this stack, or by somebody else."""

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from mizan import keys, versions
from mizan.config import Install
from mizan.manifests.kueue_settings import chart_values


@dataclass(frozen=True, kw_only=True)
class KueueArgs:
    """Who installs Kueue, and from which chart."""

    install: Install
    chart: str = versions.KUEUE_CHART


class Kueue(pulumi.ComponentResource):
    """Kueue's Helm release, or nothing where it is external."""

    def __init__(self, name: str, args: KueueArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Install the chart as a real Helm release: its hooks run, and it waits until Kueue's webhooks answer."""
        super().__init__("mizan:components:Kueue", name, {"install": args.install.value}, opts)
        if args.install is Install.HELM:
            k8s.helm.v3.Release(
                f"{name}-release",
                chart=args.chart,
                version=versions.KUEUE,
                name="kueue",
                namespace=keys.KUEUE_NAMESPACE,
                create_namespace=True,
                values=chart_values(),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
