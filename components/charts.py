"""Where Helm charts come from: their registries, or a folder where a cluster or a CI reaches none."""

import os
from collections.abc import Mapping
from pathlib import Path

import pulumi

from mizan.errors import PlatformError

VARIABLE = "MIZAN_CHARTS"


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
