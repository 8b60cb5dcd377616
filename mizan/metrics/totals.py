"""Dollars summed over time: counters, and a team's month.

At each evaluation a counter grows by what was paid per hour at the one before, times the time since. So it starts at 0,
and `increase` misses nothing of it; and the last dollars of a pod are counted after it has gone. Where evaluations were
missed, five intervals are counted at most: what nobody saw is in no bill.

The time is that since the counter's own last evaluation. A rule that fails writes nothing, and its last sample stays
for five minutes: the time since that one would be counted again at each evaluation.

A counter is carried on from its last value of two hours, so that it survives a restart of Prometheus; where that is
longer ago it starts anew, which `increase` knows how to take. Two hours after its last dollar it ends, or every label
that ever was would stay for ever.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source
from mizan.metrics.series import Series

INTERVAL_SECONDS = 30
"""Between two evaluations."""

_MOST_SECONDS = 5 * INTERVAL_SECONDS
_CARRIED = "2h"
# A team's month must not start anew after a weekend's outage. It is one series for each team: little to read back.
_MONTH_CARRIED = "2d"

_THIS_MONTH = f'count_values("{names.MONTH}", year() * 100 + month())'

_TOTALS = (
    (names.COST_TOTAL, names.COST),
    (names.UNALLOCATED_COST_TOTAL, names.UNALLOCATED_COST),
    (names.USEFUL_COST_TOTAL, names.USEFUL_COST),
    (names.KNOWN_COST_TOTAL, names.KNOWN_COST),
    (names.IDLE_COST_TOTAL, names.IDLE_COST),
    (names.SAVING_TOTAL, names.SAVING),
    (names.OVERPAID_TOTAL, names.SAVING),
)

# Of what may be below 0 a counter has one sign alone: `increase` takes every step down for a new beginning.
_OF_ONE_SIGN = {names.SAVING_TOTAL: "clamp_min({}, 0)", names.OVERPAID_TOTAL: "clamp_min(-{}, 0)"}


def total_rules(source: Source, *, has_pods: bool) -> Iterator[RecordingRule]:
    """Yield the rules of every counter, of the month, and of the moment of evaluation.

    Args:
        source: of the series.
        has_pods: that the cluster's own parts are pods, so that there are some at any time.
    """
    for total, hourly in _TOTALS:
        yield RecordingRule(series=total, expr=_total(total, hourly, source))
    yield RecordingRule(series=names.TEAM_MONTH, expr=_team_month(source))
    yield RecordingRule(series=names.MONTH_COUNTED, expr=_month_counted(source))
    yield RecordingRule(series=names.EVALUATED, expr=_evaluated(source, has_pods=has_pods))


def _total(total: Series, hourly: Series, source: Source) -> str:
    now = source.own(hourly)
    kept = f"last_over_time({source.own(total)}[{_CARRIED}]) and last_over_time({now}[{_CARRIED}])"
    earned = _earned(_OF_ONE_SIGN.get(total, "{}").format(_before(now)), source.own(total))
    return f"sum without (kind) ({kept} or {now} * 0 or {_new(earned)})"


def _team_month(source: Source) -> str:
    now = source.own(names.COST)
    kept = f"max by (team, month) (last_over_time({source.own(names.TEAM_MONTH)}[{_MONTH_CARRIED}]))"
    usd = _earned(_before(now), source.own(names.TEAM_MONTH))
    earned = f"sum by (team) ({usd}) * on () group_left (month) {_THIS_MONTH}"
    first = f"sum by (team) ({now}) * 0 * on () group_left (month) {_THIS_MONTH}"
    return f"sum by (team, month) ({kept} and on (month) {_THIS_MONTH} or {first} or {_new(earned)})"


def _month_counted(source: Source) -> str:
    kept = f"max by (month) (last_over_time({source.own(names.MONTH_COUNTED)}[{_MONTH_CARRIED}]))"
    seconds = f"({_seconds(source.own(names.MONTH_COUNTED))} and on () {_before(source.own(names.EVALUATED))})"
    earned = f"{_THIS_MONTH} * 0 + on () group_left () {seconds}"
    return f"sum by (month) ({kept} and on (month) {_THIS_MONTH} or {_THIS_MONTH} * 0 or {_new(earned)})"


def _evaluated(source: Source, *, has_pods: bool) -> str:
    """Return the moment, where kube-state-metrics tells anything: without it nothing costs anything.

    One that tells of nodes and not of pods would leave the dollars of all teams unallocated, and the month would be
    taken for whole.

    It stands after what reads the one before. It names that, for Prometheus may be told to evaluate at once whatever
    does not read another.
    """
    told = f"count({source.metric('kube_node_labels')} or {source.metric('kube_namespace_labels')})"
    if has_pods:
        told = f"({told} and on () count({source.metric('kube_pod_info')}))"
    return f"{told} * 0 + time() unless on () count({source.own(names.MONTH_COUNTED)}) < 0"


def _new(expr: str) -> str:
    """Return an expression marked so that it is added to what has the same labels, not hidden by it."""
    return f'label_replace({expr}, "kind", "new", "", "")'


def _earned(hourly: str, total: str) -> str:
    """Return what dollars an hour come to since a total was last evaluated."""
    return f"{hourly} * on () group_left () {_seconds(total)} / 3600"


def _seconds(total: str) -> str:
    """Return the seconds since a total was last evaluated, but for the evaluation that is going on."""
    return f"clamp(time() - max(timestamp({_before(total)})), 0, {_MOST_SECONDS})"


def _before(series: str) -> str:
    """Return a series as the evaluation before left it."""
    return f"{series} offset {INTERVAL_SECONDS}s"
