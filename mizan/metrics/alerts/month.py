"""What belongs to a month beside the teams' dollars: budgets, and what nobody is charged for.

Unallocated dollars of the month are added up from their counter. A series of it is compared with its own value of two
hours before at most, which is as long as the counter itself is carried on, so that an outage adds nothing twice. A
counter that has begun anew is below that value for a moment: what it has then is lost, and nothing is taken off the
month.
"""

from collections.abc import Iterator

from mizan import keys
from mizan.metrics import names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source
from mizan.metrics.series import Series
from mizan.plan import Plan

INTERVAL_SECONDS = 60
"""Between two evaluations."""

_COUNTER_CARRIED = "2h"
_MONTH_CARRIED = "2d"

_THIS_MONTH = f'count_values("{names.MONTH}", year() * 100 + month())'

BUDGET = Series(
    name="mizan_budget_usd_per_month",
    labels=("team",),
    unit="USD per month",
    meaning="What a team may spend in a month; without `team`, the whole stack.",
    formula="`budget` of the stack file",
)
UNALLOCATED_MONTH = Series(
    name="mizan_unallocated_cost_month_usd",
    labels=(names.MONTH,),
    unit="USD",
    meaning="What GPUs that no pod is charged for cost since the first of the month, UTC. With "
    "`mizan_team_cost_month_usd` it makes up the month of the stack.",
    formula="sum of `gpu_unallocated_cost_total` over the month",
)


def month_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of budgets and of the month's unallocated dollars."""
    if plan.budget is not None:
        yield RecordingRule(series=BUDGET, expr=f"vector({plan.budget.usd_per_month:f})")
    for team in plan.teams:
        if team.budget is not None:
            yield RecordingRule(
                series=BUDGET, expr=f"vector({team.budget.usd_per_month:f})", labels={"team": team.labels[keys.TEAM]}
            )
    yield RecordingRule(series=UNALLOCATED_MONTH, expr=_unallocated_month(source))


def _unallocated_month(source: Source) -> str:
    total = source.own(names.UNALLOCATED_COST_TOTAL)
    before = f"last_over_time({total}[{_COUNTER_CARRIED}] offset {INTERVAL_SECONDS}s)"
    earned = f"sum(clamp_min({total} - ({before} or {total} * 0), 0))"
    kept = f"max by (month) (last_over_time({source.own(UNALLOCATED_MONTH)}[{_MONTH_CARRIED}]))"
    new = f'label_replace({_THIS_MONTH} * 0 + on () group_left () {earned}, "kind", "new", "", "")'
    return f"sum by (month) ({kept} and on (month) {_THIS_MONTH} or {_THIS_MONTH} * 0 or {new})"
