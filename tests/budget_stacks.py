"""Stacks whose teams have budgets, in each way that these are enforced."""

from typing import Any

from mizan.plan import Plan
from tests.builders import a_plan, a_team
from tests.monitoring_stacks import EXTERNAL, HELM, eks_stack, existing_stack, gke_stack, local_stack

EXCEPTION = {"owner": "cto@example.com", "until": "2026-12-31", "reason": "launch of the summer model"}
BUDGETS = ({"usdPerMonth": 5000, "exceptions": [EXCEPTION]}, None)


def teams(*budgets: dict[str, Any] | None, queues: tuple[str, ...] = ("training",)) -> list[dict[str, Any]]:
    """A team for each budget; None has none."""
    return [
        a_team(name=f"team-{letter}", queues=list(queues), **({} if budget is None else {"budget": budget}))
        for letter, budget in zip("abcdef", budgets, strict=False)
    ]


def with_budgets(stack: dict[str, Any], *budgets: dict[str, Any] | None, **enforcement: Any) -> dict[str, Any]:
    wanted = {"budgetEnforcement": enforcement} if enforcement else {}
    return stack | {"teams": teams(*(budgets or BUDGETS)), "jobs": []} | wanted


def a_budget_plan(*budgets: dict[str, Any] | None, stack: str = "gke-prod", **enforcement: Any) -> Plan:
    return a_plan(with_budgets(gke_stack(), *budgets, **enforcement), stack=stack)


def with_headers(**enforcement: Any) -> Plan:
    external = EXTERNAL | {"headersSecret": "mimir-headers", "clusterLabel": "cluster"}
    return a_plan(with_budgets(existing_stack(external, {"install": "none"}), **enforcement), stack="prod")


def plans() -> dict[str, Plan]:
    """A plan for each way in which the enforcer differs."""
    return {
        "gke-prod": a_budget_plan(),
        "eks-dev": a_plan(with_budgets(eks_stack()), stack="eks-dev"),
        "existing-mimir": with_headers(mode="hold-and-drain", image="mirror.example.com/python:3.13-slim"),
    }


def a_local_budget_plan(*budgets: dict[str, Any] | None, **enforcement: Any) -> Plan:
    return a_plan(with_budgets(local_stack(), *budgets, **enforcement), stack="local")


def an_existing_budget_stack(**prometheus: Any) -> dict[str, Any]:
    return with_budgets(existing_stack(prometheus or HELM))
