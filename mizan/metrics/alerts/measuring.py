"""What cannot be seen: GPUs that nobody measures, and costs that nobody counts.

Prometheus tells of its own groups of rules by `FILE;GROUP`.
Source: github.com/prometheus/prometheus@v0.305.0 rules/group.go, GroupKey and NewGroupMetrics.
"""

from collections.abc import Iterator

from mizan.config import Cloud
from mizan.metrics import names
from mizan.metrics.alerts.watch import NUMBER, USD, Severity, Watch
from mizan.metrics.pods import OF_EVERY_DEVICE, on_node
from mizan.metrics.rule import Alert
from mizan.metrics.selector import matches

# A node counts from when it is registered; its driver and exporter come minutes later.
_STARTS = "20m"
_DAY_SECONDS = 86_400
# Restarts of Prometheus during a day are no gap.
_GAP_SECONDS = 1_800

_OUR_GROUPS = matches("rule_group", ".+;mizan-.+")


def measuring_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of measuring itself."""
    # A stack without an exporter in a cluster that it does not make is measured by nobody, and knows.
    if watch.plan.dcgm_exporter is not None or watch.plan.cloud is Cloud.LOCAL:
        yield _dcgm_missing(watch)
    yield from _not_evaluated(watch)
    yield _gap(watch)
    yield _failing_rules(watch)


def _dcgm_missing(watch: Watch) -> Alert:
    source = watch.source
    price = source.own(names.NODE_PRICE)
    told = on_node(f"group by (hostname) (last_over_time({source.metric(OF_EVERY_DEVICE)}[{_STARTS}]))")
    return watch.alert(
        "DcgmMissing",
        f"sum by (pool) ({price} and on (node) {price} offset {_STARTS} unless on (node) {told})",
        Severity.WARNING,
        minutes=5,
        summary=f"Nobody measures nodes of pool {{{{ $labels.pool }}}} that cost {USD} an hour.",
        description="NVIDIA's DCGM exporter tells nothing of their GPUs. They cost what they did; whether they are "
        "used and whether they are healthy is unknown, so that no idle dollar of theirs is found. See its pods on "
        "those nodes.",
    )


def _not_evaluated(watch: Watch) -> Iterator[Alert]:
    yield watch.alert(
        "CostNotEvaluated",
        f"absent({watch.source.own(names.EVALUATED)})",
        Severity.CRITICAL,
        minutes=5,
        summary=f"No GPU dollar of cluster {watch.source.cluster} is counted.",
        description="kube-state-metrics tells nothing, or nothing of pods, or our rules do not run. What is paid now "
        "is in no bill later, and no budget holds anybody. See kube-state-metrics first, then the rules.",
    )


def _gap(watch: Watch) -> Alert:
    source = watch.source
    counted = source.own(names.MONTH_COUNTED)
    missing = f"(sum by (month) ({_DAY_SECONDS} - ({counted} - {counted} offset 1d)) > {_GAP_SECONDS})"
    price = f"sum({source.own(names.NODE_PRICE)})"
    return watch.alert(
        "CostGap",
        f"{missing} / 3600 * on () group_left () {price}",
        Severity.WARNING,
        minutes=10,
        summary=f"About {USD} of the last day are in no bill: nobody counted them.",
        description="Prometheus or kube-state-metrics was away for more than half an hour. The dollars of this month "
        "are too low by so much, and stay so.",
    )


def _failing_rules(watch: Watch) -> Alert:
    source = watch.source
    failed, missed = (
        f"increase({source.metric(name, _OUR_GROUPS)}[15m])"
        for name in ("prometheus_rule_evaluation_failures_total", "prometheus_rule_group_iterations_missed_total")
    )
    return watch.alert(
        "CostRulesFail",
        f"sum by (rule_group) ({failed}) > 0 or sum by (rule_group) ({missed}) > 0",
        Severity.CRITICAL,
        minutes=5,
        summary=f"Rules that count GPU dollars failed or came late {NUMBER} times in 15 minutes.",
        description="Dollars that they would have counted are missing from now on. Prometheus' page Rules says which "
        "rule fails and why; a group that comes late needs more CPU.",
    )
