"""GPUs that are paid for and do nothing.

Each is told by what was lost in the last day, as long as the last half hour goes on like that: who stops the waste is
not told of it for another day. What nobody measures is unknown and in none of them.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.alerts.watch import USD, Severity, Watch, usd
from mizan.metrics.rule import Alert
from mizan.metrics.selector import equals

_MINUTES = 10


def idle_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of what owners do not use, of what nobody has, and of what is kept."""
    limits = watch.limits
    yield watch.alert(
        "GpuIdle",
        _lost(watch, names.UNUSED, "team, namespace", usd(limits.idle_usd_per_day)),
        Severity.WARNING,
        minutes=_MINUTES,
        summary=f"Team {{{{ $labels.team }}}} paid {USD} in a day for GPUs in which nothing ran "
        "(namespace {{ $labels.namespace }}).",
        description="Its pods hold GPUs and do not use them, and still do. Find the pods, then end them, give them "
        "less of a GPU, or mend what they wait for.",
    )
    yield watch.alert(
        "GpuUnallocated",
        _lost(watch, names.UNALLOCATED, "pool", usd(limits.unallocated_usd_per_day)),
        Severity.WARNING,
        minutes=_MINUTES,
        summary=f"{USD} were paid in a day for GPUs of pool {{{{ $labels.pool }}}} that no pod asked for.",
        description="Nodes stay although nobody needs them, or pods use a part of them and nothing fits beside. See "
        "what keeps the nodes, then whether smaller machines would do.",
    )
    yield watch.alert(
        "GpuKeptIdle",
        _lost(watch, names.KEPT, "pool", usd(limits.kept_usd_per_day)),
        Severity.INFO,
        minutes=_MINUTES,
        summary=f"{USD} were paid in a day to keep nodes of pool {{{{ $labels.pool }}}} warm that nobody used.",
        description="Lower `minNodes` or the hours of the warm pool, unless the minutes that it saves are worth it.",
    )


def _lost(watch: Watch, reason: str, owner: str, limit: str) -> str:
    idle = watch.source.own(names.IDLE_COST_TOTAL, equals(names.REASON, reason))
    of_day, of_late = (f"sum by ({owner}) (increase({idle}[{window}]))" for window in ("1d", "30m"))
    return f"{of_day} > {limit} and on ({owner}) {of_late} * 48 > {limit}"
