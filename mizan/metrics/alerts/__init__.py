"""Alerts: what somebody has to be told of, from which dollars on, and what to do then."""

from mizan.metrics.alerts import month, spot
from mizan.metrics.alerts.budgets import budget_alerts
from mizan.metrics.alerts.health import health_alerts
from mizan.metrics.alerts.idle import idle_alerts
from mizan.metrics.alerts.labels import label_alerts
from mizan.metrics.alerts.measuring import measuring_alerts
from mizan.metrics.alerts.prices import price_alerts
from mizan.metrics.alerts.queues import queue_alerts
from mizan.metrics.alerts.spot import spot_alerts, spot_rules
from mizan.metrics.alerts.stopped import stopped_alerts
from mizan.metrics.alerts.watch import RUNBOOKS, Severity, Watch
from mizan.metrics.rule import Group
from mizan.metrics.selector import Source
from mizan.metrics.series import Series
from mizan.plan import Plan

__all__ = ["GROUP", "RUNBOOKS", "SERIES", "Severity", "alert_groups"]

GROUP = "mizan-alerts"
RECORDED_GROUP = "mizan-alerts-recorded"

SERIES: tuple[Series, ...] = (month.BUDGET, month.UNALLOCATED_MONTH, spot.SPOT_TAKEN)
"""What is recorded for alerts."""

_INTERVAL_SECONDS = 60
_SUBJECTS = (
    *(idle_alerts, budget_alerts, label_alerts, price_alerts),
    *(measuring_alerts, queue_alerts, spot_alerts, health_alerts, stopped_alerts),
)


def alert_groups(plan: Plan, source: Source) -> tuple[Group, ...]:
    """Return what is recorded for alerts, and the alerts that a plan can have.

    Args:
        plan: of the stack.
        source: of the series.
    """
    watch = Watch(plan=plan, source=source)
    recorded = (*month.month_rules(plan, source), *spot_rules(watch))
    alerts = tuple(alert for subject in _SUBJECTS for alert in subject(watch))
    return (
        Group(name=RECORDED_GROUP, interval_seconds=_INTERVAL_SECONDS, rules=recorded),
        Group(name=GROUP, interval_seconds=_INTERVAL_SECONDS, rules=alerts),
    )
