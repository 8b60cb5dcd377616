"""What the stack will cost, told at preview; a budget that it would pass ends the update before it begins."""

from typing import Any

import pulumi

from mizan.errors import PlatformError
from mizan.estimate import BudgetLevel, estimate, judge, message
from mizan.estimate.render import short_table, summary
from mizan.plan import Plan


def tell_costs(plan: Plan, resource: pulumi.Resource) -> dict[str, Any]:
    """Log a stack's estimate and return its totals as structured data.

    Args:
        plan: of the stack.
        resource: that the log lines belong to.

    Raises:
        pulumi.RunError: the stack or a team would pass its budget; naming what costs most and what would fit.
    """
    figures = estimate(plan)
    verdicts = judge(plan, figures)
    pulumi.log.info(short_table(figures, verdicts), resource)
    for verdict in verdicts:
        if verdict.level is BudgetLevel.ADVISORY:
            pulumi.log.warn(message(verdict), resource)
    exceeded = [message(verdict) for verdict in verdicts if verdict.level is BudgetLevel.EXCEEDED]
    if exceeded:
        fault = PlatformError(
            "budget",
            " ".join(exceeded),
            needs="to stay within its budgets",
            because="a bill is easier to stop before the machines run",
            fix="Make one of these changes, or raise `usdPerMonth`",
        )
        raise pulumi.RunError(str(fault))
    return summary(figures)
