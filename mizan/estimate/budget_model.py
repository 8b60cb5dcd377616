"""How a budget stands, and what would keep it."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum

from mizan.config import BudgetOn
from mizan.config.faults import Path

TENTH = Decimal("0.1")
HUNDRED = Decimal(100)


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
    """What one pool has of the dollars that a budget holds.

    Attributes:
        is_derived: a derived figure is in them.
    """

    pool: str
    usd_per_month: Decimal
    is_derived: bool


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
        path: of the budget in the stack file.
        name: of the stack or of the team.
        on: the size that it holds.
        budget: US dollars a month that may be spent.
        spent: US dollars a month at that size.
        is_derived: a derived figure is in what is spent, and so in what is left of it after a change.
        costliest: at most three pools, the one that costs most first.
        changes: each is enough by itself; empty unless the budget is exceeded, and where no single one is enough.
        together: where no single change is enough: what must be done together, each step with what is spent after it;
            empty where that is not enough either.
        fixed: of an exceeded budget the US dollars a month that no change saves.
        is_fixed_derived: a derived figure is in them.
    """

    subject: BudgetSubject
    path: Path
    stack: str
    name: str
    level: BudgetLevel
    on: BudgetOn
    budget: Decimal
    advisory_percent: int
    spent: Decimal
    is_derived: bool
    costliest: tuple[PoolSpending, ...]
    changes: tuple[Change, ...] = ()
    together: tuple[Change, ...] = ()
    fixed: Decimal = Decimal(0)
    is_fixed_derived: bool = False

    @property
    def percent(self) -> Decimal:
        """Return how much of the budget is spent, in per cent."""
        return self.spent / self.budget * 100

    @property
    def percent_told(self) -> str:
        """Return that as text with one digit behind the point, never rounded over a border that decides."""
        nearest = self.percent.quantize(TENTH, ROUND_HALF_UP)
        if self.level is BudgetLevel.EXCEEDED and nearest <= HUNDRED:
            nearest = self.percent.quantize(TENTH, ROUND_UP)
        border = self.advisory_percent if self.level is BudgetLevel.OK else HUNDRED
        if self.level is not BudgetLevel.EXCEEDED and nearest >= border:
            nearest = self.percent.quantize(TENTH, ROUND_DOWN)
        return f"{nearest:,.1f} %"
