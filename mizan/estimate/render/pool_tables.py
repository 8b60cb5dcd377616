"""The tables of pools and of the prices that they are paid at."""

from collections.abc import Iterator
from decimal import Decimal

from mizan.estimate.amounts import ZERO, Size, total
from mizan.estimate.model import Estimate
from mizan.estimate.pool_model import OfferCost, PoolCost
from mizan.estimate.render.table import SIZES, Row, RowKind, Table, at_sizes, columns, largest, sums
from mizan.estimate.render.words import MONTH, PROMETHEUS_DISK, UNKNOWN, count, hourly, marked, place
from mizan.prices import Price
from mizan.prices.hosts import HostRate


def by_pool(estimate: Estimate) -> Table:
    """Return every pool with its offers, what no pool alone pays for, and the total."""
    rows = [row for pool in estimate.pools for row in (_pool(estimate, pool), *map(_offer, pool.offers))]
    return Table(
        caption=f"By pool, {MONTH}",
        columns=columns("pool", "#nodes", *SIZES),
        rows=(*rows, *shared(estimate, ""), *sums(estimate.total, "", is_derived=estimate.is_derived)),
        below=("Nodes: the mean number that is expected, of the most there can be.",),
    )


def pools_in_short(estimate: Estimate, most: int) -> Table:
    """Return a row for each pool without its offers.

    Args:
        estimate: of one stack or several.
        most: pools to show, those that cost most; the others are one row.
    """
    kept, others = largest(estimate.pools, most, lambda pool: (pool.total.expected, pool.total.maximum))
    rest = Row(
        name=f"{len(others)} other pools",
        cells=at_sizes(total(pool.total for pool in others)),
        is_derived=any(pool.is_derived for pool in others),
    )
    return Table(
        caption=f"By pool, {MONTH}",
        columns=columns("pool", *SIZES),
        rows=(
            *(
                Row(
                    name=place(estimate, pool.stack, pool.name),
                    cells=at_sizes(pool.total),
                    is_derived=pool.is_derived,
                )
                for pool in kept
            ),
            *((rest,) if others else ()),
            *shared(estimate),
            *sums(estimate.total, is_derived=estimate.is_derived),
        ),
    )


def shared(estimate: Estimate, *blank: str) -> Iterator[Row]:
    """Yield what no pool alone pays for, as far as it costs anything.

    Args:
        estimate: of one stack or several.
        blank: cells between name and amounts.
    """
    parts = estimate.shared
    for name, amount, is_derived in (
        ("unused commitments", parts.unused_commitments, parts.derived.unused_commitments),
        ("control plane", parts.control_plane, parts.derived.control_plane),
        (PROMETHEUS_DISK, parts.prometheus_disk, parts.derived.prometheus_disk),
    ):
        if amount != ZERO:
            yield Row(name=name, cells=(*blank, *at_sizes(amount)), is_derived=is_derived)
    yield from unknown_disks(estimate, *blank)


def unknown_disks(estimate: Estimate, *blank: str) -> Iterator[Row]:
    """Yield the disks of Prometheus that are in no total, as nobody here knows their price.

    Args:
        estimate: of one stack or several.
        blank: cells between name and amounts.
    """
    for stack in estimate.stacks:
        if stack.is_prometheus_disk_unknown:
            yield Row(name=place(estimate, stack.name, PROMETHEUS_DISK), cells=(*blank, *[UNKNOWN] * len(Size)))


def prices(estimate: Estimate) -> Table:
    """Return what a node of each offer costs an hour, of which day the price is, and where it is written."""
    regions = {stack.name: stack.region for stack in estimate.stacks}
    priced = [(pool, name, price) for pool in estimate.pools for name, price in _priced(pool)]
    files = {price.file for _, _, price in priced}
    region = f" in {estimate.stacks[0].region}" if len(set(regions.values())) == 1 else ""
    file = f", from {min(files)}" if len(files) == 1 else ""
    is_committed = any(offer.is_committed for pool in estimate.pools for offer in pool.offers)
    plain = ", without commitments" if is_committed else ""
    return Table(
        caption=f"Prices of a node{region}, US dollars an hour{plain}{file}",
        columns=columns("offer", "machine", "#price", "as of", "#line" if file else "from"),
        rows=tuple(
            Row(
                name=place(estimate, pool.stack, name),
                cells=(
                    pool.machine if region else f"{pool.machine} in {regions[pool.stack]}",
                    hourly(price.usd_per_hour),
                    price.as_of.isoformat(),
                    str(price.line) if file else f"{price.file}:{price.line}",
                ),
                is_derived=price.is_derived,
            )
            for pool, name, price in priced
        ),
        below=_rates(estimate),
    )


def _priced(pool: PoolCost) -> Iterator[tuple[str, Price]]:
    """Yield every price that enters a pool's dollars or its savings, with the name of what it is paid for."""
    yield from ((offer.name, offer.price) for offer in pool.offers)
    if pool.on_demand is not None and pool.on_demand not in [offer.price for offer in pool.offers]:
        yield f"{pool.name} on-demand, for savings", pool.on_demand


def _pool(estimate: Estimate, pool: PoolCost) -> Row:
    return Row(
        name=place(estimate, pool.stack, pool.name),
        cells=(_nodes(pool.expected_nodes, pool.max_nodes), *at_sizes(pool.total)),
        is_derived=pool.is_derived,
    )


def _offer(offer: OfferCost) -> Row:
    return Row(
        name=offer.name,
        cells=(_nodes(offer.expected_nodes, offer.max_nodes), *at_sizes(offer.total)),
        kind=RowKind.DETAIL,
        is_derived=offer.is_derived,
    )


def _nodes(expected: Decimal, most: int) -> str:
    return f"{count(expected)} of {most:,}"


def _rates(estimate: Estimate) -> tuple[str, ...]:
    """Return the rates of hosts and disks, once for each region."""
    return tuple(_rate(region, rate) for region, rate in {each.region: each.rate for each in estimate.stacks}.items())


def _rate(region: str, rate: HostRate) -> str:
    vcpu, gib = (marked(hourly(usd), rate.is_derived) for usd in (rate.usd_per_vcpu_hour, rate.usd_per_gib_hour))
    disk = marked(hourly(rate.disk_usd_per_gib_month), rate.is_borrowed)
    return (
        f"Without GPU in {region}: {vcpu} a vCPU and {gib} a GiB of memory an hour, {disk} a GiB of disk a month, "
        f"of {rate.as_of} ({rate.basis}: {rate.source})."
    )
