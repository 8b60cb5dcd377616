"""How a budget stands, and what would keep it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from mizan.config import BudgetOn


class BudgetLevel(StrEnum):
    """How a budget stands: `ok`, `advisory` from `advisoryPercent` on, `exceeded` above 100 %."""

    OK = "ok"
    ADVISORY = "advisory"
    EXCEEDED = "exceeded"


class BudgetSubject(StrEnum):
    """Whose budget it is."""

    STACK = "stack"
    TEAM = "team"


@dataclass(frozen=True, kw_only=True)
class PoolSpending:
    """What one pool has of the dollars that a budget holds."""

    pool: str
    usd_per_month: Decimal


@dataclass(frozen=True, kw_only=True)
class Change:
    """What to change in the stack file so that the budget is kept.

    Attributes:
        text: such as `pool a100: maxNodes of spot 4 -> 2`.
        usd_per_month: what the subject then costs.
    """

    text: str
    usd_per_month: Decimal


@dataclass(frozen=True, kw_only=True)
class BudgetVerdict:
    """How one budget stands.

    Attributes:
        name: of the stack or of the team.
        on: the size that it holds.
        budget: US dollars a month that may be spent.
        spent: US dollars a month at that size.
        costliest: at most three pools, the one that costs most first.
        changes: each is enough by itself; empty unless the budget is exceeded, and where no single one is enough.
        together: where no single change is enough: what several pools must do together; empty where that is not
            enough either.
    """

    subject: BudgetSubject
    stack: str
    name: str
    level: BudgetLevel
    on: BudgetOn
    budget: Decimal
    advisory_percent: int
    spent: Decimal
    costliest: tuple[PoolSpending, ...]
    changes: tuple[Change, ...] = ()
    together: tuple[Change, ...] = ()

    @property
    def percent(self) -> Decimal:
        """Return how much of the budget is spent, in per cent."""
        return self.spent / self.budget * 100
