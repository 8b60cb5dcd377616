"""What to know when reading an estimate: how old and how sure its prices are, what is assumed, what is not in it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import ROUND_HALF_UP, Decimal

from mizan.config import Cloud
from mizan.estimate.commitment_model import CommitmentCost
from mizan.estimate.filling import quota_nodes, usable_nodes
from mizan.estimate.idle import warm_hours_per_week
from mizan.estimate.model import Note, NoteKind, StackCost
from mizan.estimate.pool_model import OfferCost, PoolCost
from mizan.estimate.tariff import Tariff
from mizan.plan import Plan
from mizan.prices import PRICE_MAX_AGE_DAYS, Price, derived_mark

# 730 hours.
DAYS_PER_MONTH = 30

CONTROL_PLANES = {"aws": "EKS", "gcp": "GKE"}

# Kind, pool or offer, sentence.
Found = tuple[NoteKind, str | None, str]


def notes_of(
    plan: Plan, stack: StackCost, pools: Sequence[PoolCost], commitments: Sequence[CommitmentCost]
) -> tuple[Note, ...]:
    """Return the notes of one stack, those on prices first."""
    tariff = Tariff(rate=stack.rate, commitments={})
    found = (
        _price_dates(stack),
        *((NoteKind.DERIVED, None, text) for text in _derived(stack, pools, commitments)),
        *((NoteKind.STALE, None, text) for text in _stale(stack, pools, commitments)),
        *_on_offers(pools),
        *_on_splits(plan, tariff),
        *_on_use(pools),
        *_on_whole_nodes(plan),
        *_on_min_nodes(plan),
        *_on_warm(plan),
        *_ending(stack, commitments),
        _control_plane(stack),
        *_prometheus_disk(stack),
        (
            NoteKind.NOT_COUNTED,
            None,
            "Not counted: network traffic, volumes of jobs, addresses, logs, nodes without GPU, support and tax.",
        ),
    )
    return tuple(Note(kind=kind, stack=plan.stack, about=about, text=text) for kind, about, text in found)


def _price_dates(stack: StackCost) -> Found:
    days = f"from {stack.oldest} to {stack.newest}" if stack.oldest != stack.newest else f"of {stack.oldest}"
    return NoteKind.PRICE_DATES, None, f"Prices of {stack.region} are {days}."


def _derived(stack: StackCost, pools: Sequence[PoolCost], commitments: Sequence[CommitmentCost]) -> Iterator[str]:
    """Yield what was computed, a sentence on each kind of figure: prices, on-demand, commitments, rates."""
    lead = "Derived, not read from a list:"
    offers = [offer.name for offer in _offers(pools) if offer.price.is_derived]
    if offers:
        yield f"{lead} the prices of {_listed(offers)}."
    on_demand = [price.machine for price in _on_demand(pools) if price.is_derived]
    if on_demand:
        yield f"{lead} the on-demand prices of {_listed(on_demand)}, which savings and GPU part are told against."
    bought = [commitment.name for commitment in commitments if commitment.is_derived]
    if bought:
        yield f"{lead} the prices of commitments {_listed(bought)}."
    if stack.rate.is_derived:
        borrowed = f", and what {_without_hosts(stack)} cost" if stack.rate.is_borrowed else ""
        yield f"{lead} what a host costs without GPU, and so GPU and host part{borrowed} ({stack.rate.source})."


def _stale(stack: StackCost, pools: Sequence[PoolCost], commitments: Sequence[CommitmentCost]) -> Iterator[str]:
    """Yield what is old in one sentence; an on-demand price that an offer has is told with the offer."""
    offers = [offer for offer in _offers(pools) if offer.is_stale]
    told = {offer.price for offer in offers}
    found = [
        # A long list is cut in a comment; the offers, of which there are most, come last.
        *([f"hosts, {_without_hosts(stack)} ({stack.rate.as_of})"] if stack.is_rate_stale else []),
        *(f"commitment {each.name} ({each.as_of})" for each in commitments if each.is_stale),
        *(
            f"on-demand {price.machine} ({price.as_of})"
            for price in _on_demand(pools)
            if price.is_stale(stack.today) and price not in told
        ),
        *(f"{offer.name} ({offer.price.as_of})" for offer in offers),
    ]
    if found:
        yield f"More than {PRICE_MAX_AGE_DAYS} days old on {stack.today}: the prices of {_listed(found)}."


def _on_demand(pools: Sequence[PoolCost]) -> Iterable[Price]:
    """Return the on-demand prices that savings are told against, each once."""
    return dict.fromkeys(pool.on_demand for pool in pools if pool.on_demand is not None)


def _without_hosts(stack: StackCost) -> str:
    """Return what has a rate beside hosts; the fee of a cluster that exists is paid elsewhere."""
    return "disks" if stack.cloud is Cloud.EXISTING else "disks and control plane"


def _on_offers(pools: Sequence[PoolCost]) -> Iterator[Found]:
    for pool in pools:
        for each in pool.left_out:
            yield NoteKind.LEFT_OUT, pool.name, f"Pool {pool.name} does without {each.capacity_type}: {each.reason}."
        for offer in pool.offers:
            if not offer.is_feasible:
                text = (
                    f"No work is expected to get done on {offer.name}: its nodes are counted as they are paid, nothing "
                    "as saved by them, and their work as undone."
                )
                yield NoteKind.INTERRUPTIONS, offer.name, text


def _on_splits(plan: Plan, tariff: Tariff) -> Iterator[Found]:
    """Yield where the GPU part or the baseline stands on another price than on-demand."""
    for pool in plan.pools:
        machine = pool.machine.name
        if pool.on_demand is None:
            text = (
                f"No on-demand price of {machine} in {plan.region} is known: in the savings' baseline and for the GPU "
                f"part, each offer of pool {pool.name} stands at its own price."
            )
            yield NoteKind.NO_ON_DEMAND_PRICE, pool.name, text
        if any(tariff.gpu_share(pool, offer) == 0 for offer in pool.offers):
            host = _money(tariff.host_usd_per_hour(pool.machine))
            text = (
                f"A host like {machine} without GPU costs ${host} an hour, no less than the machine itself: the GPU "
                f"part of pool {pool.name} is 0."
            )
            yield NoteKind.HOST_ABOVE_PRICE, pool.name, text


def _on_use(pools: Sequence[PoolCost]) -> Iterator[Found]:
    by_use: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for pool in pools:
        by_use[pool.hours_per_week, pool.utilisation_percent].append(pool.name)
    for (hours, percent), names in by_use.items():
        text = (
            f"Expected is what `expectedUse` assumes, not a measurement: {hours} of 168 hours a week, {percent} % of "
            f"the nodes for which there is quota, for {_listed(names)}."
        )
        yield NoteKind.EXPECTED_USE, None, text
    losing = [f"{offer.name} {_percent(offer.lost_share)}" for offer in _offers(pools) if offer.lost_share]
    if losing:
        text = (
            f"Time lost to interruptions: {_listed(losing)}. Expected pays it, so that the same work gets done. "
            "Maximum does not add it: it is the bill of that many machines, whatever they get done."
        )
        yield NoteKind.INTERRUPTIONS, None, text
    for pool in pools:
        if pool.undone_nodes:
            causes = "too few nodes or too little quota"
            if not all(offer.is_feasible for offer in pool.offers):
                causes += ", or nodes on which no work gets done,"
            text = (
                f"Pool {pool.name} has {causes} for what is expected of it: interruptions leave the work of "
                f"{pool.undone_nodes.normalize():f} nodes undone."
            )
            yield NoteKind.UNDONE_WORK, pool.name, text


def _on_whole_nodes(plan: Plan) -> Iterator[Found]:
    """Yield where quota ends within a node, so that more is paid than its part."""
    for pool in plan.pools:
        held, whole = quota_nodes(pool), usable_nodes(pool)
        if held < whole:
            text = (
                f"Quota of pool {pool.name} is {_digits(held)} nodes. A node is paid for whole, also where it is used "
                f"in part: expected counts {whole}."
            )
            yield NoteKind.EXPECTED_USE, pool.name, text


def _ending(stack: StackCost, commitments: Sequence[CommitmentCost]) -> Iterator[Found]:
    """Yield the commitments that do not last the month that is estimated."""
    for each in commitments:
        if each.until is not None and (each.until - stack.today).days < DAYS_PER_MONTH:
            text = (
                f"Commitment {each.name} ends on {each.until}, but is counted for a whole month; from then on its "
                "nodes cost what they cost on-demand."
            )
            yield NoteKind.COMMITMENT_ENDS, each.name, text


def _on_warm(plan: Plan) -> Iterator[Found]:
    for pool in plan.pools:
        if pool.warm is not None:
            nodes = "1 node" if pool.warm.nodes == 1 else f"{pool.warm.nodes} nodes"
            hours = warm_hours_per_week(pool).quantize(Decimal("0.1"), ROUND_HALF_UP).normalize()
            text = (
                f"Pool {pool.name} keeps {nodes} warm, {hours:f} hours of a mean week. Expected counts what jobs leave "
                "idle of them, as if all work fell into these hours as far as it can; minimum counts them all."
            )
            yield NoteKind.WARM_NODES, pool.name, text


def _on_min_nodes(plan: Plan) -> Iterator[Found]:
    for pool in plan.pools:
        for offer in pool.offers:
            if offer.min_nodes:
                nodes = "1 node" if offer.min_nodes == 1 else f"{offer.min_nodes} nodes"
                text = (
                    f"Pool {pool.name} has {nodes} of {offer.name} at all times. Expected counts what jobs leave idle "
                    "of them, as if work filled the offers in their order all the same; minimum counts them all."
                )
                yield NoteKind.MIN_NODES, offer.name, text


def _control_plane(stack: StackCost) -> Found:
    name = CONTROL_PLANES[stack.provider]
    if stack.cloud is Cloud.EXISTING:
        text = f"The control plane of cluster {stack.cluster} is paid where the cluster was made, so it is 0 here."
    else:
        fee = _money(stack.rate.control_plane_usd_per_hour)
        simulated = "The cluster is simulated; its" if stack.cloud is Cloud.LOCAL else "The"
        text = f"{simulated} control plane is counted at ${fee} an hour, as {name} charges it."
    return NoteKind.CONTROL_PLANE, None, text


def _prometheus_disk(stack: StackCost) -> Iterator[Found]:
    disk = stack.prometheus_disk
    if disk is None:
        return
    if disk.usd_per_gib_month is None:
        of = f"StorageClass {disk.storage_class}" if disk.storage_class else "the cluster's own StorageClass"
        text = (
            f"What Prometheus' disk of {disk.gib:,} GiB costs is unknown, and in no total: no price of {of} is known."
        )
    else:
        price = f"{_rate(disk.usd_per_gib_month, stack)} a GiB and month, of {stack.rate.as_of}"
        text = (
            f"Prometheus' disk of {disk.gib:,} GiB is counted at {price}, at every size. Alertmanager and Grafana have "
            "none."
        )
    yield NoteKind.PROMETHEUS_DISK, None, text


def _offers(pools: Sequence[PoolCost]) -> Iterator[OfferCost]:
    return (offer for pool in pools for offer in pool.offers)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def _digits(nodes: Decimal) -> str:
    """Return nodes with as many digits as tell a single MIG instance of the largest machine."""
    return f"{nodes.quantize(Decimal('0.001'), ROUND_HALF_UP).normalize():f}"


def _money(amount: Decimal) -> str:
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,}"


def _rate(usd: Decimal, stack: StackCost) -> str:
    """Return a rate of a stack with all its places, and at least two."""
    places = max(2, -int(usd.normalize().as_tuple().exponent))
    return f"${usd:.{places}f}{derived_mark(is_derived=stack.rate.is_borrowed)}"


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.1'), ROUND_HALF_UP)} %"
