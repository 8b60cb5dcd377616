"""What is paid for GPUs that do nothing, and how much of what is paid is useful."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source, differs
from mizan.metrics.series import Series


def idle_rules(source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of idle dollars and of efficiency."""
    known, useful = source.own(names.KNOWN_COST), source.own(names.USEFUL_COST)
    yield RecordingRule(series=names.IDLE_COST, expr=f"{known} - {useful}", labels={names.REASON: names.UNUSED})
    yield RecordingRule(series=names.IDLE_COST, expr=_unallocated(source))
    yield RecordingRule(series=names.KNOWN_RATIO, expr=f"(sum({known}) or vector(0)) / sum({source.own(names.COST)})")
    yield RecordingRule(series=names.EFFICIENCY, expr=_efficiency(source, "sum"))
    yield RecordingRule(series=names.POOL_EFFICIENCY, expr=_efficiency(source, "sum by (pool)"))
    yield RecordingRule(series=names.TEAM_EFFICIENCY, expr=f"sum by (team) ({useful}) / sum by (team) ({known})")


def _unallocated(source: Source) -> str:
    return source.own(names.UNALLOCATED_COST, differs(names.REASON, names.UNKNOWN))


def _efficiency(source: Source, total: str) -> str:
    """Return useful dollars of those paid; where no pod costs anything, all that is paid is idle."""

    def of(series: Series) -> str:
        return f"{total} ({source.own(series)})"

    unallocated = f"{total} ({_unallocated(source)})"
    # A pool without a free node has no series of it.
    paid = f"({of(names.KNOWN_COST)} + {unallocated} or {of(names.KNOWN_COST)})"
    return f"{of(names.USEFUL_COST)} / {paid} or {unallocated} * 0 unless {of(names.COST)}"
