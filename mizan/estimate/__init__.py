"""A Plan in dollars, before anything runs: at three sizes, by pool, team and capacity type, against budgets."""

from mizan.estimate.amounts import Dollars, Parts, Savings, SavingsKind, SavingsLine, Size
from mizan.estimate.budget import judge
from mizan.estimate.budget_model import BudgetLevel, BudgetSubject, BudgetVerdict, Change, PoolSpending
from mizan.estimate.build import estimate, merged
from mizan.estimate.commitment_model import CommitmentCost, CommitmentUse
from mizan.estimate.compare import ComparedLine, Comparison, LineKind, compare
from mizan.estimate.model import (
    CapacityKind,
    CapacityTypeCost,
    Estimate,
    Note,
    NoteKind,
    PoolShare,
    StackCost,
    TeamCost,
    TeamKind,
)
from mizan.estimate.pool_model import LeftOut, OfferCost, PoolCost

__all__ = [
    "BudgetLevel",
    "BudgetSubject",
    "BudgetVerdict",
    "CapacityKind",
    "CapacityTypeCost",
    "Change",
    "CommitmentCost",
    "CommitmentUse",
    "ComparedLine",
    "Comparison",
    "Dollars",
    "Estimate",
    "LeftOut",
    "LineKind",
    "Note",
    "NoteKind",
    "OfferCost",
    "Parts",
    "PoolCost",
    "PoolShare",
    "PoolSpending",
    "Savings",
    "SavingsKind",
    "SavingsLine",
    "Size",
    "StackCost",
    "TeamCost",
    "TeamKind",
    "compare",
    "estimate",
    "judge",
    "merged",
]
