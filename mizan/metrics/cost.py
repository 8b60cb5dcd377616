"""What every owner's pods cost, and what is paid for GPUs that nobody has.

A pod pays for its part of a node's GPUs the same part of the whole node, GPUs and host: a node is bought for its GPUs,
and nobody else can use its CPUs once they are taken. What no pod pays for is left over by subtraction, so that both add
up to the nodes' price at every evaluation. Pods are told to hold more than a node has while one is replaced and both
are seen: the price is divided by what they hold then, never charged twice.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.pods import OF_EVERY_DEVICE, claimed_devices, has_claims, kept_nodes, on_node
from mizan.metrics.prices import bought, price_of_nodes, priced_offers
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source, equals
from mizan.metrics.series import Series
from mizan.plan import Plan
from mizan.sharing import SharingMode

_OWNER = ", ".join(names.OWNER)
_OWNER_LABELS = ", ".join(label for label in names.OWNER if label != "namespace")


def cost_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of what pods cost and of what is left over."""
    yield RecordingRule(series=names.COUNTED_GPUS, expr=_counted(source))
    yield RecordingRule(series=names.COUNTED_PRICE, expr=_usd_per_counted_gpu(source))
    yield RecordingRule(series=names.OWNER_GPUS, expr=by_owner(source.own(names.POD_GPUS), source))
    yield RecordingRule(series=names.FREE_GPUS, expr=_free(source))
    yield RecordingRule(series=names.NODE_KEPT, expr=kept_nodes(source))
    yield RecordingRule(series=names.NODE_UNKNOWN, expr=_unknown(plan, source))
    yield from in_dollars(names.COST, names.OWNER_GPUS, source)
    for reason, free in _free_by_reason(source).items():
        for part in names.PARTS:
            yield RecordingRule(
                series=names.UNALLOCATED_COST,
                expr=f"sum by ({bought()}) ({_usd_per_gpu(source, part)} * on (node) group_left () ({free}))",
                labels={names.REASON: reason, names.PART: part},
            )


def by_owner(pods: str, source: Source) -> str:
    """Return what pods have on each node, by the owner they are charged to.

    Args:
        pods: an expression with the labels of names.POD.
        source: of the series.
    """
    # After a restart of Prometheus the owner that it recorded before is there for five minutes more.
    owner = f"topk by (namespace, pod, uid) (1, {source.own(names.POD_OWNER)})"
    joined = f"{pods} * on (namespace, pod, uid) group_left ({_OWNER_LABELS}) {owner}"
    return f"sum by ({_OWNER}, node) ({joined})"


def in_dollars(series: Series, gpus: Series, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of what owners' GPUs cost, for each part of the price."""
    for part in names.PARTS:
        joined = f"{source.own(gpus)} * on (node) group_left ({bought()}) ({_usd_per_gpu(source, part)})"
        yield RecordingRule(series=series, expr=f"sum by ({_OWNER}, {bought()}) ({joined})", labels={names.PART: part})


def _usd_per_gpu(source: Source, part: str) -> str:
    return f"topk by (node) (1, {source.own(names.COUNTED_PRICE, equals(names.PART, part))})"


def _usd_per_counted_gpu(source: Source) -> str:
    return f"{price_of_nodes(source)} / on (node) group_left () {source.own(names.COUNTED_GPUS)}"


def _counted(source: Source) -> str:
    own = f"max by (node) ({source.own(names.NODE_GPUS)})"
    held = f"sum by (node) ({source.own(names.POD_GPUS)})"
    return f'max by (node) ({own} or label_replace({held}, "kind", "held", "", ""))'


def _free(source: Source) -> str:
    counted = source.own(names.COUNTED_GPUS)
    held = f"sum by (node) ({source.own(names.OWNER_GPUS)})"
    return f"clamp_min(sum by (node) ({counted} - on (node) {held} or on (node) {counted}), 0)"


def _unknown(plan: Plan, source: Source) -> str:
    units, of_a_unit = source.own(names.POD_UNITS), source.own(names.UNIT_GPUS)
    unpriced = f"group by (node) ({units} unless on (node, resource) {of_a_unit})"
    if not has_claims(plan):
        return unpriced
    claims = (each.offer.name for each in priced_offers(plan) if each.offer.sharing.mode is SharingMode.DRA)
    nodes = " or ".join(f"group by (node) ({source.own(names.NODE_GPUS, equals('offer', name))})" for name in claims)
    # Claims are seen through DCGM alone. A node that it tells nothing of may be full, and so may every node of a
    # cluster in which it tells of no claim at all.
    measured = (
        f"{on_node(f'group by (hostname) ({source.metric(OF_EVERY_DEVICE)})')} and on () {claimed_devices(source)}"
    )
    return f"{unpriced} or ({nodes}) unless on (node) ({measured})"


def _free_by_reason(source: Source) -> dict[str, str]:
    free, kept, unknown = (source.own(each) for each in (names.FREE_GPUS, names.NODE_KEPT, names.NODE_UNKNOWN))
    return {
        names.UNALLOCATED: f"{free} unless on (node) {kept} unless on (node) {unknown}",
        names.KEPT: f"{free} and on (node) {kept} unless on (node) {unknown}",
        names.UNKNOWN: f"{free} and on (node) {unknown}",
    }
