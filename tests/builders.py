"""Valid defaults: each test changes one thing."""

import copy
import json
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from mizan.config import ConfigErrors, StackConfig, own_keys, parse
from mizan.keys import CONFIG_PREFIX
from mizan.plan import Plan, build_plan

PROJECT = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)

# In place of a value: the key is left out.
NOTHING = object()


def a_pool(**changes: object) -> dict[str, Any]:
    return {
        "name": "a100",
        "machine": "a2-highgpu-4g",
        "gpu": "a100-40gb",
        "capacity": [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 1}],
    } | changes


def a_queue(**changes: object) -> dict[str, Any]:
    return {
        "name": "training",
        "fallback": "quota",
        "quotas": [
            {"pool": "a100", "capacity": "spot", "gpus": 8},
            {"pool": "a100", "capacity": "on-demand", "gpus": 4},
        ],
    } | changes


def a_team(**changes: object) -> dict[str, Any]:
    return {"name": "team-a", "costCenter": "ml-research", "project": "llm", "queues": ["training"]} | changes


def a_job(**changes: object) -> dict[str, Any]:
    return {
        "name": "train-1",
        "team": "team-a",
        "queue": "training",
        "gpus": 4,
        "command": ["python", "-m", "train"],
        "checkpoint": {"dir": "s3://checkpoints/train-1", "intervalSeconds": 300},
        "simulatedRunSeconds": 45,
    } | changes


def a_stack(**changes: object) -> dict[str, Any]:
    return {
        "cloud": "local",
        "region": "us-central1",
        "pools": [a_pool()],
        "queues": [a_queue()],
        "teams": [a_team()],
        "jobs": [a_job()],
        "addons": {"kueue": {"install": "external"}},
    } | changes


def a_whole_stack(**changes: object) -> dict[str, Any]:
    """A stack that uses every key but `cluster` and those of a savings plan, which Google does not sell."""
    spot, on_demand = a_queue()["quotas"]
    kueue = {
        "install": "external",
        "frameworks": ["batch/job"],
        "fairSharing": True,
        "podsReady": {
            "timeoutSeconds": 600,
            "recoveryTimeoutSeconds": 600,
            "requeueLimit": 3,
            "backoffBaseSeconds": 10,
            "backoffMaxSeconds": 100,
        },
    }
    volume = {"storageClass": "filestore", "sizeGib": 100, "accessMode": "ReadWriteMany"}
    return (
        a_stack(
            pools=[
                a_pool(
                    order="listed",
                    meanUptimeHours=36.5,
                    expectedUse={"hoursPerWeek": 50, "utilisationPercent": 60},
                    diskGib=200,
                )
            ],
            priceFile="prices/negotiated.csv",
            spot={"minSavingsPercent": 20, "openBandPercent": 30},
            expectedUse={"hoursPerWeek": 100, "utilisationPercent": 40},
            commitments=[
                {
                    "name": "a100-1y",
                    "kind": "committed-use",
                    "machine": "a2-highgpu-4g",
                    "nodes": 1,
                    "term": "1y",
                    "until": "2027-06-30",
                },
            ],
            budget={"usdPerMonth": 90000.5, "on": "maximum", "advisoryPercent": 70},
            cohorts=[
                {
                    "name": "research",
                    "parent": "company",
                    "quotas": [{"pool": "a100", "capacity": "spot", "gpus": 1}],
                    "weight": 2,
                },
                {"name": "company"},
            ],
            queues=[
                a_queue(
                    quotas=[spot | {"borrow": 4, "lend": 2}, on_demand],
                    cohort="research",
                    whenCanBorrow="TryNextFlavor",
                    preemption={"withinClusterQueue": "Never", "reclaimWithinCohort": "LowerPriority"},
                    strategy="StrictFIFO",
                    workload={
                        "kind": "job",
                        "nodes": 2,
                        "maxRunHours": 24,
                        "checkpointWriteSeconds": 30,
                        "checkpointIntervalSeconds": 600,
                        "restartSeconds": 120,
                    },
                    weight=3,
                )
            ],
            priorities=[{"name": "batch", "value": 100, "preempts": False, "description": "Training"}],
            teams=[
                a_team(
                    group="ml@example.com",
                    budget={
                        "usdPerMonth": 5000.5,
                        "exceptions": [{"owner": "cto@example.com", "until": "2026-12-31", "reason": "launch"}],
                    },
                )
            ],
            alerts={
                "idleUsdPerDay": 40.5,
                "unallocatedUsdPerDay": 80.5,
                "keptUsdPerDay": 60.5,
                "unlabelledUsdPerDay": 5.5,
                "spotInterruptionsPerDay": 4,
                "queueMinutes": 45,
                "nodeMinutes": 20,
                "opencostPercent": 10,
                "gpuCelsius": 88,
                "runbooks": "https://git.example.com/mizan/docs/runbooks",
            },
            budgetEnforcement={"mode": "hold", "image": "mirror.example.com/python:3.13-slim"},
            jobs=[
                a_job(
                    pods=2,
                    priority="batch",
                    spotEligible=True,
                    restartPolicy="Never",
                    failOnExitCodes=[2],
                    maxRunSeconds=3600,
                    checkpoint={"dir": "s3://checkpoints/train-1", "intervalSeconds": 300, "writeSeconds": 20},
                    simulatedGpuProfile="ramp:600",
                ),
                a_job(name="train-2", checkpoint={"volume": volume, "intervalSeconds": 300}),
            ],
            forceRemoveTeams=["team-z"],
            addons={"kueue": kueue},
        )
        | changes
    )


def an_aws_stack(**changes: object) -> dict[str, Any]:
    """A stack of AWS: 8 GPUs a node, one node reserved, and a savings plan."""
    commitments = [
        {"name": "held", "kind": "reservation", "machine": "p4d.24xlarge", "nodes": 1},
        {"name": "plan", "kind": "savings-plan", "usdPerHour": 2.5, "discountPercent": 30},
    ]
    return a_stack(region="us-east-1", pools=[a_pool(machine="p4d.24xlarge")], commitments=commitments) | changes


def an_existing_stack(**changes: object) -> dict[str, Any]:
    cluster = {"kubeconfig": "/etc/kubeconfig", "context": "prod", "name": "prod-cluster"}
    return a_stack(cloud="existing", cluster=cluster, addons={"kueue": {"install": "helm"}}) | changes


def with_value(values: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """The values with one change, at a path as messages write it: `pools[0].capacity[1].maxNodes`."""
    changed = copy.deepcopy(values)
    *parents, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    node: Any = changed
    for part in parents:
        node = node[part]
    if value is NOTHING:
        del node[last]
    elif isinstance(last, int) and last == len(node):
        node.append(value)
    else:
        node[last] = value
    return changed


def a_config(values: dict[str, Any] | None = None) -> StackConfig:
    return parse(a_stack() if values is None else values, TODAY)


def a_plan(values: dict[str, Any] | None = None, stack: str = "test") -> Plan:
    return build_plan(stack, a_config(values))


def shipped_stack(stack: str) -> dict[str, Any]:
    """The values of a stack file of the project, without their prefix."""
    document = YAML(typ="safe").load((PROJECT / "stacks" / f"Pulumi.{stack}.yaml").read_text())
    return own_keys(document["config"])


def as_pulumi_gives_it(values: Mapping[str, Any]) -> dict[str, str]:
    """Pulumi hands a program text: plain settings as they are, nothing as none, lists and mappings as JSON."""
    return {
        f"{CONFIG_PREFIX}{key}": json.dumps(value)
        if isinstance(value, list | dict)
        else str("" if value is None else value)
        for key, value in values.items()
    }


def faults_of(values: dict[str, Any]) -> list[str]:
    """The faults that parse finds, in its order."""
    with pytest.raises(ConfigErrors) as caught:
        parse(values, TODAY)
    return [str(fault) for fault in caught.value.faults]
