"""How long the rehearsals of the larger stacks take: `python -m local rehearse`, as a person runs it."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from local.home import PROJECT
from tests.bench.figure import Figure

COMMAND_SECONDS = 600.0
STACKS = ("gke-prod", "eks-prod")

# The first update is told with its preview, as `pulumi up` makes both.
LIMITS = {"The preview": 20.0, "The first update": 120.0, "A second update": 20.0}
NAMES = {
    "The preview": "pulumi preview",
    "The first update": "first pulumi up with preview",
    "A second update": "pulumi up, unchanged",
}


def figures(folder: Path) -> list[Figure]:
    """Return what each step takes: tools built, nothing else there."""
    return [figure for stack in STACKS for figure in _figures(stack, folder)]


def _figures(stack: str, folder: Path) -> list[Figure]:
    done = subprocess.run(
        [sys.executable, "-m", "local", "rehearse", stack, "--format", "json"],
        cwd=PROJECT,
        env=os.environ | {"MIZAN_HOME": str(folder / "rehearsed")},
        check=True,
        capture_output=True,
        timeout=COMMAND_SECONDS,
    )
    steps = {step["title"]: step["seconds"] for step in json.loads(done.stdout)["steps"]}
    steps["The first update"] += steps["The preview"]
    return [Figure(f"rehearsal of {stack}: {NAMES[title]}", steps[title], limit) for title, limit in LIMITS.items()]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="mizan-bench-") as own:
        for figure in figures(Path(own)):
            sys.stdout.write(f"{figure.name}\t{figure.value:.1f} {figure.unit}\n")
