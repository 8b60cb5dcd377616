"""Policy rules: one subject per file, a verdict on a plain manifest, no engine."""

from mizan.rules.namespaces import NAMESPACES_CARRY_COST_LABELS
from mizan.rules.rule import Rule, Severity

RULES: tuple[Rule, ...] = (NAMESPACES_CARRY_COST_LABELS,)

__all__ = ["NAMESPACES_CARRY_COST_LABELS", "RULES", "Rule", "Severity"]
