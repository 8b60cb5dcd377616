"""What alerts share: whom they watch, how severe they are, and how they say what to do.

Texts are templates of Prometheus: `$value` is what the expression gives, `$labels` what it is of. A label is a team's
or a namespace's own words, and nothing in a text depends on what stands in it.
"""

from dataclasses import dataclass
from enum import StrEnum

from mizan.config import Alerts
from mizan.metrics import names
from mizan.metrics.rule import Alert
from mizan.metrics.selector import Source
from mizan.metrics.series import Series
from mizan.plan import Plan

RUNBOOKS = "docs/runbooks"
"""The pages, in the repository."""

USD = '{{ $value | printf "%.2f" }} USD'
"""The value as dollars, in a text."""

NUMBER = '{{ $value | printf "%.0f" }}'
"""The value as a whole number, in a text."""


class Severity(StrEnum):
    """What is asked of whoever is told.

    critical: now, money is lost or cannot be seen. warning: today. info: when there is time.
    """

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Watch:
    """A plan, and where its series are read."""

    plan: Plan
    source: Source

    @property
    def limits(self) -> Alerts:
        """Return from when on somebody is told."""
        return self.plan.alerts

    def alert(self, name: str, expr: str, severity: Severity, *, minutes: int, summary: str, description: str) -> Alert:
        """Return an alert with the address of its page.

        Args:
            name: the page's as well.
            expr: whose results are what is told.
            severity: how soon somebody has to look.
            minutes: that it must have results without a break.
            summary: in one line, what happens and what it costs.
            description: what to do first.
        """
        pages = (self.limits.runbooks or RUNBOOKS).rstrip("/")
        return Alert(
            name=name,
            expr=expr,
            severity=severity.value,
            for_seconds=minutes * 60,
            annotations={"summary": summary, "description": description, "runbook_url": f"{pages}/{name}.md"},
        )

    def node_price(self) -> str:
        """Return a template that asks for the price of the node in label `node`."""
        return self._asked(f"sum({names.NODE_PRICE.name}{{{self._own()}node=%q}})", "node", "%.2f")

    def budget(self, series: Series) -> str:
        """Return a template that asks for the budget of the team in label `team`."""
        return self._asked(f"sum({series.name}{{{self._own()}team=%q}})", "team", "%.0f")

    def _own(self) -> str:
        return "" if self.source.label is None else f'{names.CLUSTER}="{self.source.cluster}",'

    def _asked(self, query: str, label: str, number: str) -> str:
        found = f'{{{{ . | first | value | printf "{number}" }}}}'
        return f"{{{{ with printf `{query}` $labels.{label} | query }}}}{found}{{{{ else }}}}unknown{{{{ end }}}} USD"


def usd(limit: object) -> str:
    """Return a limit of dollars as an expression holds it."""
    return f"{limit:f}"
