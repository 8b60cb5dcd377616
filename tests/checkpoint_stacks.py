"""Stacks that make a bucket for checkpoints, one on each cloud."""

from typing import Any

from mizan.plan import Plan
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack, a_team

ACCOUNT, PROJECT = "123456789012", "ml-platform"
NUMBER = "987654321"
OFFICE = {"name": "office", "cidr": "203.0.113.0/24"}
QUOTAS = [
    {"pool": "a100", "capacity": "spot", "gpus": 16},
    {"pool": "a100", "capacity": "on-demand", "gpus": 8},
]

# Beside team-a, and longer by what another team's prefix must not match.
TEAMS = [a_team(), a_team(name="team-ab")]


def an_unplaced_job(**changes: object) -> dict[str, Any]:
    """A job that leaves the place of its checkpoints to the stack."""
    return a_job(checkpoint={"intervalSeconds": 300}) | changes


def on_eks(**changes: object) -> dict[str, Any]:
    return (
        a_stack(
            cloud="eks",
            region="us-east-1",
            eks={"account": ACCOUNT, "authorisedNetworks": [OFFICE]},
            checkpoints={},
            pools=[a_pool(machine="p4d.24xlarge")],
            queues=[a_queue(quotas=QUOTAS)],
            teams=TEAMS,
            jobs=[an_unplaced_job()],
            addons={"kueue": {"install": "helm"}},
        )
        | changes
    )


def on_gke(**changes: object) -> dict[str, Any]:
    gke = {"project": PROJECT, "authorisedNetworks": [OFFICE]}
    return (
        a_stack(
            cloud="gke",
            gke=gke,
            checkpoints={},
            teams=TEAMS,
            jobs=[an_unplaced_job()],
            addons={"kueue": {"install": "helm"}},
        )
        | changes
    )


def eks_plan(stack: str = "eks-prod", **changes: object) -> Plan:
    return a_plan(on_eks(**changes), stack=stack)


def gke_plan(stack: str = "gke-prod", **changes: object) -> Plan:
    return a_plan(on_gke(**changes), stack=stack)
