"""Why a pool, a commitment, a control plane or Prometheus' disk costs something else than before."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal

from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.model import StackCost
from mizan.estimate.pool_model import OfferCost, PoolCost
from mizan.estimate.prometheus_disk import PrometheusDiskCost
from mizan.prices import HOURS_PER_MONTH, derived_mark

ADDED = "added"
REMOVED = "removed"


def of_pool(before: PoolCost, after: PoolCost) -> Iterator[str]:
    """Yield what changed of a pool itself: region, machine, sizes, order, prices, expected use, disks."""
    yield from _region(before, after)
    if before.machine != after.machine:
        yield f"machine {before.machine} -> {after.machine}"
    yield from _sizes(before, after)
    yield from _order(before, after)
    if before.machine == after.machine:
        yield from _prices(before, after)
    yield from _coverage(before, after)
    for key, was, now in (
        ("hoursPerWeek", before.hours_per_week, after.hours_per_week),
        ("utilisationPercent", before.utilisation_percent, after.utilisation_percent),
        ("diskGib", before.disk_gib, after.disk_gib),
    ):
        if was != now:
            yield f"{key} {was} -> {now}"
    if before.warm != after.warm:
        yield f"warm {_warm(before)} -> {_warm(after)}"


def of_rates(before: StackCost, after: StackCost) -> Iterator[str]:
    """Yield what changed of the rates that all pools of a stack share."""
    was, now = before.rate.disk_usd_per_gib_month, after.rate.disk_usd_per_gib_month
    if was != now:
        old, new = _usd(was, is_derived=before.rate.is_borrowed), _usd(now, is_derived=after.rate.is_borrowed)
        yield f"disk {old} -> {new} a GiB and month"


def of_commitment_prices(
    pool: PoolCost, before: Mapping[str, CommitmentCost], after: Mapping[str, CommitmentCost]
) -> Iterator[str]:
    """Yield the commitments of a pool whose price or discount changed."""
    for name in {name: None for offer in pool.offers for name in offer.commitments}:
        if name in before and name in after:
            yield from (f"commitment {name}: {reason}" for reason in _terms(before[name], after[name]))


def of_commitment(before: CommitmentCost, after: CommitmentCost) -> Iterator[str]:
    """Yield why another part of a commitment is unused."""
    terms = tuple(_terms(before, after))
    yield from terms
    for size, was, now in (
        ("expected", before.expected, after.expected),
        ("at maximum", before.maximum, after.maximum),
    ):
        if _percent(was.utilisation) != _percent(now.utilisation):
            yield f"used {size} {_percent(was.utilisation)} -> {_percent(now.utilisation)}"
        elif was.used != now.used and not terms:
            old = _usd(was.used, is_derived=was.is_used_derived)
            yield f"used {size} {old} -> {_usd(now.used, is_derived=now.is_used_derived)}"


def of_control_plane(before: StackCost, after: StackCost) -> Iterator[str]:
    """Yield why another fee is paid."""
    if before.cloud is not after.cloud:
        yield f"cloud {before.cloud} -> {after.cloud}"
    was, now = before.rate.control_plane_usd_per_hour, after.rate.control_plane_usd_per_hour
    if was != now:
        old, new = _usd(was, is_derived=before.rate.is_borrowed), _usd(now, is_derived=after.rate.is_borrowed)
        yield f"fee {old} -> {new} an hour"


def of_prometheus_disk(before: StackCost, after: StackCost) -> Iterator[str]:
    """Yield why another disk is paid, where both stacks have one."""
    was, now = before.prometheus_disk, after.prometheus_disk
    if was is None or now is None:
        return
    if was.gib != now.gib:
        yield f"{was.gib:,} -> {now.gib:,} GiB"
    if was.storage_class != now.storage_class:
        yield f"storageClass {was.storage_class or 'none'} -> {now.storage_class or 'none'}"
    if was.usd_per_gib_month != now.usd_per_gib_month:
        yield f"{_disk_price(before, was)} -> {_disk_price(after, now)} a GiB and month"


def _disk_price(stack: StackCost, disk: PrometheusDiskCost) -> str:
    price = disk.usd_per_gib_month
    return "unknown" if price is None else _usd(price, is_derived=stack.rate.is_borrowed)


def _terms(before: CommitmentCost, after: CommitmentCost) -> Iterator[str]:
    if before.nodes != after.nodes:
        yield f"nodes {before.nodes} -> {after.nodes}"
    if before.usd_per_hour != after.usd_per_hour:
        old = _usd(before.usd_per_hour, is_derived=before.is_derived)
        yield f"{old} -> {_usd(after.usd_per_hour, is_derived=after.is_derived)} an hour"
    if before.discount != after.discount:
        yield f"discount {_discount(before)} -> {_discount(after)}"


def _region(before: PoolCost, after: PoolCost) -> Iterator[str]:
    """Yield another region, with its share of the change where the nodes of before have a price there."""
    was, now = _regions(before), _regions(after)
    if was == now or not was or not now:
        return
    share = _share_of_prices(before, after)
    told = f"prices are those of {now} instead of {was}"
    if share is not None:
        expected, maximum = share
        told = f"{_signed(expected)} expected and {_signed(maximum)} at most for the same nodes"
    yield f"region {was} -> {now} ({told})"


def _regions(pool: PoolCost) -> str:
    return ", ".join(dict.fromkeys(offer.price.region for offer in pool.offers))


def _share_of_prices(before: PoolCost, after: PoolCost) -> tuple[Decimal, Decimal] | None:
    """Return what the nodes of before cost more a month at the prices of after, expected and at most.

    None where that is unknown: another machine, a capacity type without a price, nodes paid by commitments.
    """
    prices = _by_kind(after)
    known = all(offer.capacity_type.value in prices and not offer.is_committed for offer in before.offers)
    if before.machine != after.machine or not known:
        return None
    expected = maximum = Decimal(0)
    for offer in before.offers:
        dearer = prices[offer.capacity_type.value].price.usd_per_hour - offer.price.usd_per_hour
        expected += offer.expected_nodes * dearer * HOURS_PER_MONTH
        maximum += offer.max_nodes * dearer * HOURS_PER_MONTH
    return expected, maximum


def _signed(amount: Decimal) -> str:
    """Return an amount in whole cents with its sign."""
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    return f"{'-' if cents < 0 else '+'}${abs(cents):,.2f}"


def _sizes(before: PoolCost, after: PoolCost) -> Iterator[str]:
    was, now = _nodes(before), _nodes(after)
    fewest_was, fewest_now = _fewest(before), _fewest(after)
    left_out = {str(each.capacity_type): each.reason for each in after.left_out}
    for kind in {**was, **now}:
        if not was[kind]:
            yield f"{kind} {ADDED}, maxNodes {now[kind]}"
        elif not now[kind]:
            yield f"{kind} left out: {left_out[kind]}" if kind in left_out else f"{kind} {REMOVED}"
        elif was[kind] != now[kind]:
            yield f"maxNodes of {kind} {was[kind]} -> {now[kind]}"
        if fewest_was[kind] != fewest_now[kind]:
            yield f"minNodes of {kind} {fewest_was[kind]} -> {fewest_now[kind]}"


def _warm(pool: PoolCost) -> str:
    warm = pool.warm
    return f"{warm.nodes} x {warm.hours} h at {warm.schedule} {warm.time_zone}" if warm else "none"


def _order(before: PoolCost, after: PoolCost) -> Iterator[str]:
    was, now = list(_nodes(before)), list(_nodes(after))
    old, new = [kind for kind in was if kind in now], [kind for kind in now if kind in was]
    if old != new:
        yield f"order {', '.join(old)} -> {', '.join(new)}"


def _prices(before: PoolCost, after: PoolCost) -> Iterator[str]:
    old, new = _by_kind(before), _by_kind(after)
    for kind in new:
        if kind not in old:
            continue
        was, now = old[kind], new[kind]
        if was.price.usd_per_hour != now.price.usd_per_hour:
            yield (f"price of {kind} {_price(was)} ({was.price.as_of}) -> {_price(now)} ({now.price.as_of})")
        if was.is_feasible != now.is_feasible:
            yield f"work is {'again' if now.is_feasible else 'no longer'} expected to get done on {kind}"
        elif was.lost_share != now.lost_share:
            yield f"lost to interruptions on {kind} {_percent(was.lost_share)} -> {_percent(now.lost_share)}"


def _coverage(before: PoolCost, after: PoolCost) -> Iterator[str]:
    was, now = _committed(before), _committed(after)
    for name in {**was, **now}:
        if was[name] != now[name]:
            yield f"nodes paid by commitment {name} {_nodes_told(was[name])} -> {_nodes_told(now[name])}"


def _nodes(pool: PoolCost) -> Counter[str]:
    """Return nodes by capacity type in the order they are tried, committed ones as on-demand, as the stack has it."""
    found: Counter[str] = Counter()
    for offer in pool.offers:
        found[offer.capacity_type.value] += offer.max_nodes
    return found


def _fewest(pool: PoolCost) -> Counter[str]:
    """Return the nodes that are always there, by capacity type."""
    found: Counter[str] = Counter()
    for offer in pool.offers:
        found[offer.capacity_type.value] += offer.min_nodes
    return found


def _by_kind(pool: PoolCost) -> dict[str, OfferCost]:
    return {offer.capacity_type.value: offer for offer in pool.offers}


def _committed(pool: PoolCost) -> defaultdict[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for offer in pool.offers:
        for name, nodes in offer.commitments.items():
            found[name] += nodes
    return found


def _nodes_told(nodes: Decimal) -> str:
    """Return a number of nodes, of which the last may be paid for in part."""
    return f"{round(nodes, 3).normalize():f}"


def _price(offer: OfferCost) -> str:
    return _usd(offer.price.usd_per_hour, is_derived=offer.price.is_derived)


def _usd(amount: Decimal, *, is_derived: bool) -> str:
    """Return a price with all its places, and at least two."""
    places = max(2, -int(amount.normalize().as_tuple().exponent))
    return f"${amount:,.{places}f}{derived_mark(is_derived=is_derived)}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"


def _discount(commitment: CommitmentCost) -> str:
    return "none" if commitment.discount is None else _percent(commitment.discount)
