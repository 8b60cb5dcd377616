"""Pools with their offers, in the order that prices give them."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from mizan.capacity import CapacityType, flavor_name, offer_name
from mizan.catalogue import machines
from mizan.config import (
    Cloud,
    ConfigErrors,
    ConfigFault,
    Fallback,
    Order,
    Pool,
    PoolCapacity,
    Queue,
    StackConfig,
    Workload,
)
from mizan.plan.commitments import covered_nodes, savings_of_covered, told_apart, torn_pools
from mizan.plan.fallback import Candidate, Market, ordered, weigh
from mizan.plan.model import CommitmentPlan, MachinePrice, Offer, PoolPlan
from mizan.plan.nodes import in_one_flavor, node_labels, node_taints
from mizan.plan.order import weights
from mizan.plan.sharing import pool_sharing
from mizan.plan.worth import notice_seconds
from mizan.prices import derived_mark, mean_uptime


def counted_apart(queues: Sequence[Queue]) -> frozenset[str]:
    """Return the pools whose capacity types a queue counts apart, each as a flavor of its own."""
    return frozenset(quota.pool for queue in queues if queue.fallback is Fallback.QUOTA for quota in queue.quotas)


def pools_of(stack: str, config: StackConfig, commitments: Sequence[CommitmentPlan]) -> tuple[PoolPlan, ...]:
    """Return every pool with its offers, each weighed against all others.

    Raises:
        ConfigErrors: of a pool no capacity type is feasible, or two commitments pull at it.
    """
    weighed = [(pool, _candidates(pool, config)) for pool in config.pools]
    apart = counted_apart(config.queues)
    covered = _covered(config, commitments, [(pool, _taken(pool, found, apart)) for pool, found in weighed])
    faults = [fault for index, (pool, found) in enumerate(weighed) for fault in _unfit(index, pool, found)]
    faults += torn_pools(config, commitments, covered)
    if faults:
        raise ConfigErrors(f"stack {stack}", faults)
    pools = [_pool(pool, found, config, covered.get(pool.name, {}), pool.name in apart) for pool, found in weighed]
    weight = weights(
        {offer.name: _marginal(offer) for pool in pools for offer in pool.offers},
        [tuple(offer.name for offer in pool.offers) for pool in pools],
    )
    return tuple(
        replace(pool, offers=tuple(replace(offer, weight=weight[offer.name]) for offer in pool.offers))
        for pool in pools
    )


def market_of(pool: Pool, config: StackConfig) -> Market:
    """Return what the offers of a pool are weighed by."""
    workloads = tuple(
        queue.workload for queue in config.queues if any(quota.pool == pool.name for quota in queue.quotas)
    )
    return Market(
        machine=machines()[pool.machine],
        on_demand=config.prices.price(config.region, pool.machine, CapacityType.ON_DEMAND),
        uptime=mean_uptime(
            config.region,
            pool.machine,
            stated_hours=pool.mean_uptime_hours,
            open_band_percent=config.spot.open_band_percent,
        ),
        notice_seconds=notice_seconds(config.cloud, machines()[pool.machine].provider),
        min_savings_percent=config.spot.min_savings_percent,
        workloads=workloads or (Workload(),),
    )


def _candidates(pool: Pool, config: StackConfig) -> tuple[Candidate, ...]:
    """Return a pool's capacity types in the order they are tried; a queue that counts them apart has the first word."""
    market = market_of(pool, config)
    prices = [config.prices.price(config.region, pool.machine, capacity.type) for capacity in pool.capacity]
    found = ordered([weigh(price, market) for price in prices if price is not None], pool.order)
    places = _places(pool.name, config.queues)
    return tuple(sorted(found, key=lambda each: places.get(each.capacity_type, len(places))))


def _places(pool: str, queues: Sequence[Queue]) -> dict[CapacityType, int]:
    """Return where the first queue that counts a pool's capacity types apart tries each: Kueue does as it says."""
    for queue in queues:
        # A quota of nothing admits nothing.
        kinds = [quota.capacity for quota in queue.quotas if quota.pool == pool and quota.capacity and quota.amount]
        if queue.fallback is Fallback.QUOTA and kinds:
            return {kind: place for place, kind in enumerate(kinds)}
    return {}


def _unfit(index: int, pool: Pool, candidates: Sequence[Candidate]) -> Iterator[ConfigFault]:
    if all(candidate.worth.usd_per_useful_hour is None for candidate in candidates):
        yield ConfigFault(
            ("pools", index, "capacity"),
            [candidate.capacity_type.value for candidate in candidates],
            needs="a capacity type on which work gets done",
            because="; ".join(f"{each.capacity_type.value} is {each.worth.reason}" for each in candidates),
            fix=f"Add `- {{type: on-demand, maxNodes: {pool.capacity[0].max_nodes}}}`",
        )


def _taken(pool: Pool, candidates: Sequence[Candidate], apart: Container[str]) -> list[Candidate]:
    """Return a pool's capacity types without those that are left out as not worth it.

    What a queue counts apart, a person has listed or has always nodes of stays, whatever it is worth.
    """
    keeps_all = pool.name in apart or pool.order is Order.LISTED or all(each.left_out for each in candidates)
    kept = {capacity.type for capacity in pool.capacity if capacity.min_nodes}
    return [each for each in candidates if keeps_all or not each.left_out or each.capacity_type in kept]


def _covered(
    config: StackConfig, commitments: Sequence[CommitmentPlan], pools: Sequence[tuple[Pool, Sequence[Candidate]]]
) -> dict[str, dict[str, Decimal]]:
    """Return what commitments pay for, by pool; where they save most they are used first."""
    found: dict[str, tuple[str, Decimal, int]] = {}
    saved: dict[str, Decimal] = {}
    for pool, taken in pools:
        nodes = sum(item.max_nodes for item in pool.capacity if item.type is CapacityType.ON_DEMAND)
        for each in taken:
            if each.capacity_type is CapacityType.ON_DEMAND and nodes:
                price = each.price.usd_per_hour
                hours = (pool.expected_use or config.expected_use).hours_per_week
                found[pool.name] = (pool.machine, price, nodes)
                saved[pool.name] = savings_of_covered(hours, price, _useful_hours(taken))
    covered = covered_nodes(commitments, {name: found[name] for name in sorted(found, key=lambda name: -saved[name])})
    return {pool.name: covered[pool.name] for pool, _ in pools if pool.name in covered}


def _useful_hours(taken: Iterable[Candidate]) -> list[Decimal | None]:
    """Return what a useful hour costs on each capacity type but on-demand; None where no work gets done."""
    return [each.worth.usd_per_useful_hour for each in taken if each.capacity_type is not CapacityType.ON_DEMAND]


def _pool(
    pool: Pool,
    candidates: Sequence[Candidate],
    config: StackConfig,
    covered: dict[str, Decimal],
    is_counted_apart: bool,
) -> PoolPlan:
    """Return a pool with its offers in order."""
    taken = _taken(pool, candidates, {pool.name} if is_counted_apart else ())
    left_out = tuple(each for each in candidates if each not in taken)
    sizes = {capacity.type: capacity for capacity in pool.capacity}
    return PoolPlan(
        name=pool.name,
        machine=machines()[pool.machine],
        order=pool.order,
        offers=_marked(
            pool.name,
            config.cloud,
            tuple(_offers(pool, config.cloud, taken, sizes, covered, is_counted_apart=is_counted_apart)),
            is_counted_apart=is_counted_apart,
        ),
        left_out=left_out,
        left_out_nodes=sum(sizes[each.capacity_type].max_nodes for each in left_out),
        doubtful=tuple(each for each in taken if each.left_out),
        on_demand=config.prices.price(config.region, pool.machine, CapacityType.ON_DEMAND),
        other_machines=tuple(_other_machines(pool, config, [each.capacity_type for each in taken])),
        expected_use=pool.expected_use or config.expected_use,
        disk_gib=pool.disk_gib,
        sharing=pool_sharing(pool, config.cloud),
        zones=pool.zones,
        gke=pool.gke,
        karpenter=pool.karpenter,
        warm=pool.warm,
    )


def _other_machines(pool: Pool, config: StackConfig, kinds: Sequence[CapacityType]) -> Iterator[MachinePrice]:
    own = machines()[pool.machine]
    for other in machines().values():
        if other.name == own.name or (other.provider, other.gpu) != (own.provider, own.gpu):
            continue
        on_demand = config.prices.price(config.region, other.name, CapacityType.ON_DEMAND)
        for kind in kinds:
            price = config.prices.price(config.region, other.name, kind)
            if price is not None:
                yield MachinePrice(machine=other, capacity_type=kind, price=price, on_demand=on_demand)


def _marked(pool: str, cloud: Cloud, offers: Sequence[Offer], *, is_counted_apart: bool) -> tuple[Offer, ...]:
    """Return the offers, each with what it shares with the others of its flavor."""
    kinds = dict.fromkeys(offer.capacity_type for offer in offers) if is_counted_apart else (None,)
    marked = {
        offer.name: offer
        for kind in kinds
        for offer in in_one_flavor(
            cloud, flavor_name(pool, kind), [each for each in offers if kind in (None, each.capacity_type)]
        )
    }
    return tuple(marked[offer.name] for offer in offers)


def _offers(
    pool: Pool,
    cloud: Cloud,
    candidates: Sequence[Candidate],
    sizes: dict[CapacityType, PoolCapacity],
    covered: dict[str, Decimal],
    *,
    is_counted_apart: bool,
) -> Iterator[Offer]:
    """Yield the nodes that are paid for in advance, then the others in the order of the candidates."""
    on_demand = next((each for each in candidates if each.capacity_type is CapacityType.ON_DEMAND), None)
    price = on_demand.price.usd_per_hour if on_demand is not None else Decimal(0)
    first, part = told_apart(covered, price, _useful_hours(candidates))
    committed = int(sum(first.values(), Decimal(0)).to_integral_value(ROUND_CEILING))
    if committed and on_demand is not None and not is_counted_apart:
        yield _committed(pool, cloud, on_demand, committed, first)
    for candidate in candidates:
        size = sizes[candidate.capacity_type]
        nodes = size.max_nodes
        if candidate is not on_demand:
            yield _offer(pool, cloud, candidate, nodes, size.min_nodes)
            continue
        if committed and is_counted_apart:
            yield _committed(pool, cloud, candidate, committed, first)
        if nodes > committed:
            least = max(0, size.min_nodes - committed)
            rest = _offer(pool, cloud, _paid_in_part(candidate, part), nodes - committed, least)
            yield replace(rest, commitments=part)


def _committed(pool: Pool, cloud: Cloud, on_demand: Candidate, nodes: int, covered: Mapping[str, Decimal]) -> Offer:
    """Return the on-demand nodes that are paid for in advance; in a queue's order they stand with on-demand."""
    part = sum(covered.values(), Decimal(0)) % 1
    last = f", {_percent(1 - part, on_demand)} of on-demand on the last of them" if part else ""
    worth = replace(
        on_demand.worth,
        usd_per_useful_hour=Decimal(0),
        reason=f"paid for in advance by {' and '.join(covered)}: one more hour costs nothing{last}",
    )
    least = next(size.min_nodes for size in pool.capacity if size.type is on_demand.capacity_type)
    base = _offer(pool, cloud, replace(on_demand, worth=worth), nodes, min(nodes, least))
    return replace(base, name=f"reserved-{pool.name}", commitments=covered, is_committed=True)


def _paid_in_part(on_demand: Candidate, part: Mapping[str, Decimal]) -> Candidate:
    """Return on-demand with the reason of which a node, but not all of it, is paid for in advance."""
    if not part:
        return on_demand
    told = " and ".join(f"{name} pays for {_percent(share, on_demand)}" for name, share in part.items())
    return replace(
        on_demand, worth=replace(on_demand.worth, reason=f"{on_demand.worth.reason}; {told} of one node in advance")
    )


def _percent(share: Decimal, on_demand: Candidate) -> str:
    """Return a share of a node, marked where the price that it is a share of was computed."""
    return f"{share * 100:.1f} %{derived_mark(is_derived=on_demand.price.is_derived)}"


def _offer(pool: Pool, cloud: Cloud, candidate: Candidate, max_nodes: int, min_nodes: int = 0) -> Offer:
    machine = machines()[pool.machine]
    return Offer(
        name=offer_name(pool.name, candidate.capacity_type),
        pool=pool.name,
        capacity_type=candidate.capacity_type,
        machine=machine,
        price=candidate.price,
        max_nodes=max_nodes,
        min_nodes=min_nodes,
        sharing=pool_sharing(pool, cloud),
        labels=node_labels(cloud, pool, candidate.capacity_type),
        taints=node_taints(cloud, pool, candidate.capacity_type),
        weight=1,
        worth=candidate.worth,
    )


def _marginal(offer: Offer) -> Decimal:
    """Return what one more hour costs; where no work gets done there, its price, so that it is not tried first."""
    cost = offer.worth.usd_per_useful_hour
    return offer.price.usd_per_hour if cost is None else cost
