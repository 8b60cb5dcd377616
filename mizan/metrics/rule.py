"""Rules and groups of them, as a rules file and a PrometheusRule hold them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mizan.metrics.names import CLUSTER
from mizan.metrics.series import Series


@dataclass(frozen=True, kw_only=True)
class RecordingRule:
    """One expression whose result becomes a series.

    Attributes:
        labels: written onto every result, over those of the same name.
    """

    series: Series
    expr: str
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def record(self) -> str:
        """Return the name of what it writes."""
        return self.series.name


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One expression that somebody has to be told of when it has results.

    Attributes:
        for_seconds: that it must have results without a break.
        labels: beside `severity`.
        annotations: `summary`, `description` and `runbook_url`, in Go's templates.
    """

    name: str
    expr: str
    severity: str
    for_seconds: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Group:
    """Rules that are evaluated one after the other at one moment: each sees what those before it wrote."""

    name: str
    interval_seconds: int
    rules: tuple[RecordingRule | Alert, ...]

    def document(self, cluster: str) -> dict[str, Any]:
        """Return the group as a rules file holds it.

        Args:
            cluster: written onto everything. A group's own `labels` would do the same in Prometheus 3 alone.
        """
        return {
            "name": self.name,
            "interval": f"{self.interval_seconds}s",
            "rules": [_document(rule, cluster) for rule in self.rules],
        }


def _document(rule: RecordingRule | Alert, cluster: str) -> dict[str, Any]:
    if isinstance(rule, RecordingRule):
        return {"record": rule.record, "expr": rule.expr, "labels": {CLUSTER: cluster, **rule.labels}}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        **({"for": f"{rule.for_seconds}s"} if rule.for_seconds else {}),
        "labels": {CLUSTER: cluster, "severity": rule.severity, **rule.labels},
        "annotations": dict(rule.annotations),
    }
