"""A stack of a hundred Kubernetes objects, under any prefix, so that two tools can each create their own."""

from datetime import date
from pathlib import Path
from typing import Any

from local import files
from mizan.config import parse
from mizan.manifests import manifests_of
from mizan.plan import Plan, build_plan

# One pool, one queue and two priorities make 10 objects; every team adds 9: its namespace and what stands in it.
OBJECTS = 100
TEAMS = 10


def values(prefix: str) -> dict[str, Any]:
    """Return the stack's keys; every object's name begins with or contains `prefix`."""
    queue = f"{prefix}-queue"
    return {
        "cloud": "local",
        "region": "us-central1",
        "pools": [
            {
                "name": f"{prefix}-a100",
                "machine": "a2-highgpu-4g",
                "gpu": "a100-40gb",
                "capacity": [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 1}],
            }
        ],
        "queues": [
            {
                "name": queue,
                "fallback": "quota",
                "quotas": [
                    {"pool": f"{prefix}-a100", "capacity": "spot", "gpus": 8},
                    {"pool": f"{prefix}-a100", "capacity": "on-demand", "gpus": 4},
                ],
            }
        ],
        # Classes belong to the whole cluster; two stacks with one of the same name would share it.
        "priorities": [
            {"name": f"{prefix}-batch", "value": 100, "description": "Training"},
            {"name": f"{prefix}-dev", "value": 10, "description": "Notebooks"},
        ],
        "teams": [
            {"name": f"{prefix}-team-{index}", "costCenter": "bench", "project": "bench", "queues": [queue]}
            for index in range(TEAMS)
        ],
        "addons": {"kueue": {"install": "external"}},
    }


def plan(prefix: str) -> Plan:
    """Return the stack as a Plan."""
    return build_plan(prefix, parse(values(prefix), date(2026, 11, 22)))


def write_stack_file(prefix: str, folder: Path, stack: dict[str, Any]) -> Path:
    """Return the file of a stack outside the project, for `pulumi --config-file`, beside a Pulumi.yaml of its name."""
    files.write(folder / "Pulumi.yaml", "name: mizan\nruntime: python\n")
    path = folder / f"Pulumi.{prefix}.yaml"
    files.write(path, files.to_yaml({"config": {f"mizan:{key}": value for key, value in stack.items()}}))
    return path


def write_manifests(prefix: str, folder: Path) -> Path:
    """Return one YAML file with the manifests that the stack renders to."""
    path = folder / f"{prefix}.yaml"
    files.write(path, "---\n".join(files.to_yaml(body) for body in manifests_of(plan(prefix))))
    return path
