"""How the budgets of a stack's teams are enforced during the month."""

from mizan.budgets.model import Mode
from mizan.config import BudgetEnforcement, StackConfig

_PRODUCTION = ("prod", "production")


def enforcement_of(stack: str, config: StackConfig) -> BudgetEnforcement:
    """Return a stack's enforcement with its mode: outside production a stack that does not say holds nobody."""
    asked = config.budget_enforcement
    if asked.mode is not None:
        return asked
    is_production = stack.rpartition("-")[2] in _PRODUCTION
    return asked.model_copy(update={"mode": Mode.HOLD if is_production else Mode.DRY_RUN})
