"""What OpenCost takes our nodes for.

Its price of a node has GPUs, CPUs and memory in it. A price that is no number counts as none.
Source: opencost/opencost pkg/costmodel/metrics.go, totalCost; opencost-website@6bdcb9e docs/integrations/metrics.md.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source


def crosscheck_rules(source: Source) -> Iterator[RecordingRule]:
    """Yield the rules that hold OpenCost's prices against ours; without OpenCost they have no results."""
    told = source.metric("node_total_hourly_cost")
    ours = f"sum by (node, pool, offer) ({source.own(names.NODE_PRICE)})"
    theirs = source.own(names.OPENCOST_PRICE)
    yield RecordingRule(
        series=names.OPENCOST_PRICE,
        expr=f"max by (node) ({told} >= 0) and on (node) {source.own(names.NODE_PRICE)}",
    )
    yield RecordingRule(
        series=names.OPENCOST_RATIO,
        expr=f"{theirs} / on (node) group_right () {ours} or {ours} * 0 and on () {told}",
    )
