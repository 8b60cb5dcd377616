"""What the stack will cost, told at preview; a budget that it would pass ends the update before it begins."""

from typing import Any

import pulumi

from mizan.config import Places
from mizan.estimate import BudgetLevel, estimate, judge
from mizan.estimate.render import BudgetsExceeded, short_table, summary, warning
from mizan.plan import Plan


def tell_costs(plan: Plan, places: Places, resource: pulumi.Resource) -> dict[str, Any]:
    """Log a stack's estimate and return its totals as structured data.

    Args:
        plan: of the stack.
        places: where its settings stand.
        resource: that the log lines belong to.

    Raises:
        pulumi.RunError: the stack or a team would pass its budget; naming what costs most and what would fit.
    """
    figures = estimate(plan)
    verdicts = judge(plan, figures)
    pulumi.log.info(short_table(figures, verdicts), resource)
    for verdict in verdicts:
        if verdict.level is BudgetLevel.ADVISORY:
            pulumi.log.warn(warning(verdict, places), resource)
    exceeded = [verdict for verdict in verdicts if verdict.level is BudgetLevel.EXCEEDED]
    if exceeded:
        raise pulumi.RunError(str(BudgetsExceeded(exceeded, {plan.stack: places})))
    return summary(figures)
