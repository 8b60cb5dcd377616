"""What the stack runs by itself, and runs no more: what enforces budgets, and OpenCost.

A run of a CronJob is gone before it could be scraped. So kube-state-metrics tells the moment of the last one that
succeeded, and before there is one that of the CronJob's making. Where kube-state-metrics itself is gone nothing is said
here, as CostNotEvaluated says that.
Source: kube-state-metrics@v2.18.0 docs/metrics/workload/cronjob-metrics.md.
"""

from collections.abc import Iterator

from mizan.budgets.model import Mode
from mizan.config import OptionalInstall
from mizan.metrics import names
from mizan.metrics.alerts.watch import Severity, Watch
from mizan.metrics.rule import Alert
from mizan.metrics.selector import equals
from mizan.plan.budget_enforcement import ENFORCER, EVERY_MINUTES, enforcer_namespace, is_enforced

# One run that fails is no news, as the next one comes soon: Prometheus restarts, or a node goes.
_MISSED_RUNS = 6
_HOLDING = (Mode.HOLD, Mode.HOLD_AND_DRAIN)


def stopped_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of what the stack has, and that has stopped."""
    if is_enforced(watch.plan):
        yield _enforcer(watch)
    opencost = watch.plan.opencost
    # Without a monitor nobody reads it, and it tells nothing from the start.
    if opencost is not None and opencost.install is OptionalInstall.HELM and opencost.service_monitor:
        yield _opencost(watch)


def _enforcer(watch: Watch) -> Alert:
    source = watch.source
    its = (equals("namespace", enforcer_namespace(watch.plan)), equals("cronjob", ENFORCER))
    made = source.metric("kube_cronjob_created", *its)
    succeeded = source.metric("kube_cronjob_status_last_successful_time", *its)
    minutes = _MISSED_RUNS * EVERY_MINUTES
    is_late = f"time() - (max({succeeded}) or max({made})) > {minutes * 60}"
    is_holding = watch.plan.budget_enforcement.mode in _HOLDING
    return watch.alert(
        "BudgetEnforcerStopped",
        f"{is_late} or {_gone(watch, made)}",
        Severity.CRITICAL if is_holding else Severity.WARNING,
        minutes=10,
        summary=f"No run of what enforces budgets has succeeded for more than {minutes} minutes, or its CronJob is "
        "gone.",
        description="A team that has spent its budget is not held and goes on spending; one that is held stays so, a "
        "raised budget or a new month notwithstanding. See the CronJob and the log of its last job.",
    )


def _opencost(watch: Watch) -> Alert:
    return watch.alert(
        "OpenCostGone",
        _gone(watch, watch.source.metric("node_total_hourly_cost")),
        Severity.WARNING,
        minutes=30,
        summary=f"OpenCost tells no price of any node of cluster {watch.source.cluster}.",
        description="Dollars of GPUs and budgets are ours, and go on. Nobody checks our prices, and OpenCost's own "
        "reports miss what is paid now. See its pod, and whether Prometheus reads it.",
    )


def _gone(watch: Watch, told: str) -> str:
    """Return a result where nobody tells a series while kube-state-metrics and our rules work."""
    return f"max(absent({told})) and on () {watch.source.own(names.EVALUATED)}"
