"""The one way to install a Helm chart: from its registry, or from a folder where a cluster or a CI reaches none."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from mizan.errors import PlatformError

VARIABLE = "MIZAN_CHARTS"


@dataclass(frozen=True, kw_only=True)
class HelmReleaseArgs:
    """A chart and how it is installed; None is Helm's own default.

    Attributes:
        chart: its address in its registry, or its name in `repository`.
        repository: where a chart is that has no address of its own.
        given: the stack's own chart, which goes before any other.
        name: of the release in the cluster.
        skip_crds: the CRDs beside the chart's templates are not its own to make.
        skip_await: what the chart makes is not waited for.
    """

    chart: str
    version: str
    name: str
    namespace: str
    repository: str | None = None
    given: str | None = None
    values: Mapping[str, Any] | None = None
    create_namespace: bool | None = None
    skip_crds: bool | None = None
    skip_await: bool | None = None
    timeout_seconds: int | None = None


def helm_release(name: str, args: HelmReleaseArgs, opts: pulumi.ResourceOptions) -> k8s.helm.v3.Release:
    """Install a chart as a real Helm release, which runs its hooks.

    Its repository is named only where the chart comes from there: a stack's own chart and a folder's have none.

    Args:
        name: Pulumi's own for it.
        args: the chart and how.
        opts: with the component as parent.

    Raises:
        pulumi.RunError: MIZAN_CHARTS names a folder that has no such chart.
    """
    found = args.given or chart(args.chart, repository=args.repository)
    is_from_repository = args.repository is not None and found == args.chart
    return k8s.helm.v3.Release(
        name,
        chart=found,
        version=args.version,
        name=args.name,
        namespace=args.namespace,
        repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=args.repository) if is_from_repository else None,
        values=args.values,
        create_namespace=args.create_namespace,
        skip_crds=args.skip_crds,
        skip_await=args.skip_await,
        timeout=args.timeout_seconds,
        opts=opts,
    )


def chart(default: str, environment: Mapping[str, str] = os.environ, *, repository: str | None = None) -> str:
    """Return the chart of the folder that MIZAN_CHARTS names, or `default` where it names none.

    Args:
        default: the chart's address in its registry; its last part is the chart's folder.
        environment: of this program.
        repository: where a chart is that has no address of its own; None where `default` is an address.

    Raises:
        pulumi.RunError: the folder is named and has no such chart.
    """
    named = environment.get(VARIABLE)
    if not named:
        return default
    name = default.rpartition("/")[2]
    folder = Path(named) / name
    if not (folder / "Chart.yaml").is_file():
        fault = PlatformError(
            f"{VARIABLE} {named}",
            f"no chart {name}",
            needs=f"{folder / 'Chart.yaml'}",
            because=f"{VARIABLE} stands for every registry, so nothing is fetched from {repository or default}",
            fix=f"Run `helm pull {default}{f' --repo {repository}' if repository else ''} --untar` in that folder, or "
            f"unset {VARIABLE}",
        )
        raise pulumi.RunError(str(fault))
    return str(folder)
