"""How the budgets of a stack's teams are enforced during the month, and by what."""

from mizan import keys
from mizan.budgets.model import Mode
from mizan.config import BudgetEnforcement, OptionalInstall, StackConfig
from mizan.plan.plan_model import Plan

ENFORCER = "mizan-budget"
"""The CronJob, and whatever belongs to it."""

EVERY_MINUTES = 5
"""Between two of its runs."""

_PRODUCTION = ("prod", "production")


def enforcement_of(stack: str, config: StackConfig) -> BudgetEnforcement:
    """Return a stack's enforcement with its mode: outside production a stack that does not say holds nobody."""
    asked = config.budget_enforcement
    if asked.mode is not None:
        return asked
    is_production = stack.rpartition("-")[2] in _PRODUCTION
    return asked.model_copy(update={"mode": Mode.HOLD if is_production else Mode.DRY_RUN})


def is_enforced(plan: Plan) -> bool:
    """Return whether budgets are enforced: a team has one, Prometheus tells what is spent, and the stack wants it."""
    settings = plan.prometheus
    is_told = settings is not None and (settings.install is OptionalInstall.HELM or settings.url is not None)
    return is_told and plan.budget_enforcement.mode is not Mode.NONE and any(team.budget for team in plan.teams)


def enforcer_namespace(plan: Plan) -> str:
    """Return the namespace in which budgets are enforced: with headers that of their Secret."""
    has_headers = plan.prometheus is not None and plan.prometheus.headers_secret is not None
    return keys.MONITORING_NAMESPACE if has_headers else keys.OWN_NAMESPACE
