"""Plans for each way in which dashboards differ, and their expressions as a reader's browser would send them."""

from collections.abc import Iterator

from mizan.metrics.dashboards import boards
from mizan.metrics.dashboards.board import Board
from mizan.plan import Plan
from tests.budget_stacks import with_budgets
from tests.builders import a_plan
from tests.cloud_stacks import plan_of
from tests.monitoring_stacks import EXTERNAL, eks_stack, elsewhere, existing_stack, gke_stack

BUDGET = {"usdPerMonth": 9000}


def with_all_budgets() -> Plan:
    return a_plan(with_budgets(gke_stack()) | {"budget": BUDGET}, stack="gke-test")


def plans() -> dict[str, Plan]:
    return {
        "local": plan_of("local"),
        "gke-prod": plan_of("gke-prod"),
        "eks-prod": plan_of("eks-prod"),
        "eks": a_plan(eks_stack(), stack="eks-test"),
        "budgets": with_all_budgets(),
        "shared store": elsewhere(EXTERNAL | {"clusterLabel": "k8s_cluster", "rulesInCluster": True}),
        "shared store by our label": a_plan(
            with_budgets(existing_stack(EXTERNAL | {"clusterLabel": "cluster"})) | {"budget": BUDGET}
        ),
    }


# What Grafana fills in where everything is chosen.
FILLED = {"$cluster": ".*", "$team": ".*", "$queue": ".*", "$__range": "1h"}


def filled(expr: str) -> str:
    for name, value in FILLED.items():
        expr = expr.replace(name, value)
    return expr


def exprs(plan: Plan) -> Iterator[tuple[Board, str]]:
    """Every expression of a plan's boards, with its board."""
    for board in boards(plan):
        for expr in board.exprs:
            yield board, filled(expr)


def expr_of(plan: Plan, title: str, place: int = 0) -> str:
    """A question of the panel of that title."""
    (panel,) = [panel for board in boards(plan) for panel in board.panels if panel.title == title]
    return filled(panel.questions[place].expr)
