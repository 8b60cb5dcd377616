"""Dollars that nobody can be charged for."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.alerts.watch import USD, Severity, Watch, usd
from mizan.metrics.rule import Alert
from mizan.metrics.selector import equals


def label_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alert of GPU cost without a team, a cost center or a project."""
    limit = usd(watch.limits.unlabelled_usd_per_day)
    yield watch.alert(
        "GpuCostUnlabelled",
        f"{_unlabelled(watch, '1d')} > {limit} and on (namespace) {_unlabelled(watch, '1h')} > 0",
        Severity.WARNING,
        minutes=10,
        summary=f"{USD} were paid in a day for GPUs of namespace {{{{ $labels.namespace }}}} that have no team, no "
        "cost center or no project.",
        description="Label the namespace with `team`, `cost-center` and `project`, or make the namespace a team of "
        "the stack file, which does.",
    )


def _unlabelled(watch: Watch, window: str) -> str:
    """Return dollars by namespace; what lacks several labels counts once."""
    lacks = (watch.source.own(names.COST_TOTAL, equals(label, "")) for label in ("team", "cost_center", "project"))
    return f"sum by (namespace) ({' or '.join(f'increase({each}[{window}])' for each in lacks)})"
