"""What nodes and units of their GPUs cost, from the plan.

A node is an offer's by the labels of its pool and of how it is bought, both ours. Other labels of an offer are not
asked for: NVIDIA's feature discovery writes the GPU's product anew where GPUs are shared, and a node whose layout
somebody changes costs what it did. Nodes that are paid for in advance carry what on-demand ones do, and have the price
without any commitment, as their offer has: what a commitment saves is in no price of a node.

A label that changes is told both ways while two kube-state-metrics run. The dearest offer counts then; without that
choice every rule would fail that joins pods with prices, and no pod of the cluster would cost anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from mizan import keys
from mizan.metrics import kube_state, names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Matcher, Source, differs, equals, label_of, matches, resource_of
from mizan.plan import Offer, Plan, PoolPlan
from mizan.plan.node_parts import gpu_share
from mizan.plan.nodes import CAPACITY_LABELS
from mizan.prices import host_rate
from mizan.sharing import GpuPart, SharingMode

CLAIMED = "claimed_"
"""Before the name of a part that pods claim as a device, in place of a resource that they would ask for."""

GPU_RESOURCES = f"{resource_of(keys.NVIDIA_GPU)}|{resource_of(keys.NVIDIA_SHARED_GPU)}|{resource_of(keys.NVIDIA_MIG)}.+"
"""What NVIDIA's device plugin may offer, as a regular expression of kube-state-metrics' names."""

_GPU_COUNT_LABELS = tuple(label_of(key) for key in kube_state.GPU_NODE_LABELS)


@dataclass(frozen=True, kw_only=True)
class PricedOffer:
    """An offer with what it costs, once for all offers whose nodes look alike.

    Attributes:
        matchers: of the nodes' labels.
        gpu_usd_per_hour: of a node's price, what is paid for its GPUs.
        host_usd_per_hour: the rest of it.
        saving_usd_per_hour: of a node against on-demand; None where on-demand has no price or is what is paid.
    """

    offer: Offer
    matchers: tuple[Matcher, ...]
    gpu_usd_per_hour: Decimal
    host_usd_per_hour: Decimal
    saving_usd_per_hour: Decimal | None

    @property
    def labels(self) -> dict[str, str]:
        """Return what names.BOUGHT tells of it."""
        offer = self.offer
        values = (offer.pool, offer.name, offer.capacity_type.value, offer.machine.gpu.name)
        return dict(zip(names.BOUGHT, values, strict=True))

    def nodes(self, source: Source) -> str:
        """Return an expression that is 1 for each node of it."""
        return f"max by (node) ({source.metric('kube_node_labels', *self.matchers)})"


def priced_offers(plan: Plan) -> tuple[PricedOffer, ...]:
    """Return the offers of a plan whose nodes can be told apart, in its order.

    Of those that are paid for in advance and on-demand ones of the same pool the latter is taken, where there are some:
    both cost the same before any commitment.
    """
    found: dict[tuple[Matcher, ...], PricedOffer] = {}
    for pool in plan.pools:
        for offer in sorted(pool.offers, key=lambda each: each.is_committed):
            priced = _priced(plan, pool, offer)
            found.setdefault(priced.matchers, priced)
    return tuple(found.values())


def price_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of what nodes cost and of what they have."""
    offers = priced_offers(plan)
    for each in offers:
        yield from _prices(each, source)
    yield RecordingRule(series=names.NODE_PRICE, expr=f"topk by (node, part) (1, {source.own(names.OFFER_NODE_PRICE)})")
    for each in offers:
        yield from _gpus(each, source)
    yield from _unit_prices(source)
    yield RecordingRule(series=names.NODE_WITHOUT_PRICE, expr=_without_price(source))


def resource_label(part: GpuPart, mode: SharingMode) -> str:
    """Return what the rules call a unit's resource; claimed devices are told by DCGM alone, by their profile."""
    return f"{CLAIMED}{part.name}" if mode is SharingMode.DRA else resource_of(part.resource)


def price_of(source: Source, part: str) -> str:
    """Return the price of each node's part, the GPUs' or the host's."""
    return source.own(names.NODE_PRICE, equals(names.PART, part))


def bought() -> str:
    """Return the labels of names.BOUGHT as a join or an aggregation takes them."""
    return ", ".join(names.BOUGHT)


def _priced(plan: Plan, pool: PoolPlan, offer: Offer) -> PricedOffer:
    price = offer.price.usd_per_hour
    gpu = price * gpu_share(pool, offer, host_rate(offer.machine.provider, plan.region))
    on_demand = pool.on_demand
    saves = on_demand is not None and on_demand.capacity_type is not offer.capacity_type
    return PricedOffer(
        offer=offer,
        matchers=tuple(
            equals(label_of(key), value)
            for key, value in sorted(offer.labels.items())
            if key == keys.POOL or key in CAPACITY_LABELS
        ),
        gpu_usd_per_hour=gpu,
        host_usd_per_hour=price - gpu,
        saving_usd_per_hour=on_demand.usd_per_hour - price if on_demand is not None and saves else None,
    )


def _prices(each: PricedOffer, source: Source) -> Iterator[RecordingRule]:
    price = each.offer.price
    for part, usd in ((names.GPU, each.gpu_usd_per_hour), (names.HOST, each.host_usd_per_hour)):
        yield RecordingRule(
            series=names.OFFER_NODE_PRICE,
            expr=f"{usd:f} * {each.nodes(source)}",
            labels={
                **each.labels,
                names.PART: part,
                "as_of": price.as_of.isoformat(),
                "basis": price.basis.value,
            },
        )


def _gpus(each: PricedOffer, source: Source) -> Iterator[RecordingRule]:
    offer, nodes = each.offer, each.nodes(source)
    label = {"offer": offer.name}
    yield RecordingRule(series=names.NODE_GPUS, expr=f"{offer.machine.gpus} * {nodes}", labels=label)
    for part in offer.sharing.parts:
        yield RecordingRule(
            series=names.UNIT_GPUS,
            expr=f"{_number(part.share)} * {nodes}",
            labels={"resource": resource_label(part, offer.sharing.mode), **label},
        )


def _unit_prices(source: Source) -> Iterator[RecordingRule]:
    units = f"max by (node, resource) ({source.own(names.UNIT_GPUS)})"
    gpus = f"max by (node) ({source.own(names.NODE_GPUS)})"
    for part in names.PARTS:
        of_node = f"{units} * on (node) group_left ({bought()}) {price_of(source, part)}"
        yield RecordingRule(
            series=names.UNIT_PRICE,
            expr=f"{of_node} / on (node) group_left () {gpus}",
            labels={names.PART: part},
        )


def _without_price(source: Source) -> str:
    """Return the nodes that have GPUs by what they offer, by a label or by their taint, and no price."""
    offering = source.metric("kube_node_status_allocatable", matches("resource", GPU_RESOURCES))
    labelled = (source.metric("kube_node_labels", differs(label, "")) for label in _GPU_COUNT_LABELS)
    tainted = source.metric("kube_node_spec_taint", equals("key", keys.NVIDIA_GPU))
    found = " or ".join(f"group by (node) ({each})" for each in (f"{offering} > 0", *labelled, tainted))
    return f"({found}) unless on (node) {source.own(names.NODE_PRICE)}"


def _number(share: Fraction) -> str:
    return str(share) if share.denominator == 1 else f"({share.numerator} / {share.denominator})"
