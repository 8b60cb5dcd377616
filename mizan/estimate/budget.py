"""Whether a stack and its teams keep their budgets, and the smallest changes with which they would.

A stack's budget holds everything it costs. A team's holds its share of the pools (`mizan.estimate.teams`); control
planes, unused commitments and Prometheus' disk are no team's. A budget is exceeded above 100 %, to the cent.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mizan.config import Budget, BudgetOn
from mizan.config.faults import Path
from mizan.estimate.amounts import Size
from mizan.estimate.budget_model import BudgetLevel, BudgetSubject, BudgetVerdict, Change, PoolSpending
from mizan.estimate.build import tariff_of
from mizan.estimate.cash import Sharing
from mizan.estimate.model import Estimate, TeamCost, TeamKind
from mizan.estimate.stack_changes import Changes, StackBill, changes_of_stack
from mizan.estimate.tariff import Tariff
from mizan.estimate.team_changes import Splitting, TeamBill, changes_of_team
from mizan.plan import Plan, TeamPlan

__all__ = [
    "BudgetLevel",
    "BudgetSubject",
    "BudgetVerdict",
    "Change",
    "PoolSpending",
    "judge",
    "level_of",
]

SIZES = {BudgetOn.EXPECTED: Size.EXPECTED, BudgetOn.MAXIMUM: Size.MAXIMUM}
MOST_NAMED = 3


def judge(plan: Plan, estimate: Estimate) -> tuple[BudgetVerdict, ...]:
    """Return how each budget of a stack stands: its own first, then those of its teams, in order.

    Args:
        plan: of one stack.
        estimate: of that plan, alone.
    """
    tariff = tariff_of(plan, estimate.stacks[0].rate)
    own = () if plan.budget is None else (_of_stack(plan, plan.budget, estimate, tariff),)
    return (*own, *_of_teams(plan, estimate, tariff))


def level_of(spent: Decimal, budget: Budget) -> BudgetLevel:
    """Return how a budget stands: advisory from its per cent on, exceeded above it."""
    if spent > budget.usd_per_month:
        return BudgetLevel.EXCEEDED
    if spent * 100 >= budget.usd_per_month * budget.advisory_percent:
        return BudgetLevel.ADVISORY
    return BudgetLevel.OK


def _of_stack(plan: Plan, budget: Budget, estimate: Estimate, tariff: Tariff) -> BudgetVerdict:
    size = SIZES[budget.on]
    spent = estimate.total.at(size)
    level = level_of(spent, budget)
    changes = Changes()
    if level is BudgetLevel.EXCEEDED:
        bill = StackBill(plan=plan, tariff=tariff, size=size)
        changes = changes_of_stack(bill, spent, budget.usd_per_month)
    return BudgetVerdict(
        subject=BudgetSubject.STACK,
        path=("budget",),
        stack=plan.stack,
        name=plan.stack,
        level=level,
        on=budget.on,
        budget=budget.usd_per_month,
        advisory_percent=budget.advisory_percent,
        spent=spent,
        is_derived=estimate.is_derived_at(size),
        costliest=_costliest((pool.name, pool.total.at(size), pool.is_derived) for pool in estimate.pools),
        changes=changes.alone,
        together=changes.together,
        fixed=changes.fixed,
        is_fixed_derived=estimate.shared.derived.of_clusters or any(each.is_derived for each in estimate.commitments),
    )


def _of_teams(plan: Plan, estimate: Estimate, tariff: Tariff) -> Iterator[BudgetVerdict]:
    splitting = Splitting(sharing=Sharing(plan=plan, tariff=tariff))
    costs = {cost.name: cost for cost in estimate.teams if cost.kind is TeamKind.TEAM}
    for position, team in enumerate(plan.teams):
        if team.budget is not None:
            path = ("teams", position, "budget")
            yield _of_team(plan.stack, path, team, team.budget, costs[team.namespace], splitting)


def _of_team(
    stack: str, path: Path, team: TeamPlan, budget: Budget, cost: TeamCost, splitting: Splitting
) -> BudgetVerdict:
    size = SIZES[budget.on]
    spent = cost.total.at(size)
    level = level_of(spent, budget)
    bill = TeamBill(splitting=splitting, team=team, size=size)
    changes = changes_of_team(bill, spent, budget.usd_per_month) if level is BudgetLevel.EXCEEDED else Changes()
    return BudgetVerdict(
        subject=BudgetSubject.TEAM,
        path=path,
        stack=stack,
        name=team.namespace,
        level=level,
        on=budget.on,
        budget=budget.usd_per_month,
        advisory_percent=budget.advisory_percent,
        spent=spent,
        is_derived=cost.is_derived,
        costliest=_costliest((share.pool, share.total.at(size), share.is_derived) for share in cost.pools),
        changes=changes.alone,
        together=changes.together,
        fixed=changes.fixed,
    )


def _costliest(spendings: Iterable[tuple[str, Decimal, bool]]) -> tuple[PoolSpending, ...]:
    most = sorted((each for each in spendings if each[1]), key=lambda each: -each[1])[:MOST_NAMED]
    return tuple(PoolSpending(pool=pool, usd_per_month=usd, is_derived=derived) for pool, usd, derived in most)
