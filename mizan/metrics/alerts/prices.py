"""Prices that are missing, and those on which two sources do not agree."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.alerts.watch import NUMBER, USD, Severity, Watch
from mizan.metrics.rule import Alert


def price_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alerts of nodes without a price, and of OpenCost's."""
    source = watch.source
    ratio = source.own(names.OPENCOST_RATIO)
    differs = f"abs({ratio} - 1) > {watch.limits.opencost_percent / 100:g} and {ratio} > 0"
    price = f"sum by (node) ({source.own(names.NODE_PRICE)})"
    yield watch.alert(
        "GpuNodeWithoutPrice",
        f"count({source.own(names.NODE_WITHOUT_PRICE)} == 1) > 0",
        Severity.WARNING,
        minutes=10,
        summary=f"{NUMBER} nodes with GPUs have no price: they cost an unknown number of dollars, which no bill has.",
        description="No offer of the stack fits their labels, or their machine has no price. Find out who made them; "
        "then add them to a pool, or end them.",
    )
    yield watch.alert(
        "OpenCostPriceMissing",
        f"count by (pool, offer) ({ratio} == 0) > 0",
        Severity.WARNING,
        minutes=30,
        summary=f"OpenCost takes {NUMBER} nodes of pool {{{{ $labels.pool }}}} ({{{{ $labels.offer }}}}) for free.",
        description="Its price of them is 0, no number, or not there; its reports miss those dollars, ours do not. "
        "Give it the cloud's key or feed, or the stack's own prices.",
    )
    yield watch.alert(
        "OpenCostPriceDiffers",
        f"sum by (pool, offer) (abs({ratio} - 1) * on (node) group_left () {price} and on (node) ({differs}))",
        Severity.WARNING,
        minutes=60,
        summary=f"OpenCost and we are {USD} an hour apart on nodes of pool {{{{ $labels.pool }}}} "
        "({{ $labels.offer }}).",
        description=f"Each of those nodes differs by more than {watch.limits.opencost_percent} %. See how old our "
        "price row is and what OpenCost takes the node for, then mend whichever is wrong.",
    )
