"""What nodes and units of their GPUs cost, from the plan.

A node is an offer's by the labels of its pool and of how it is bought, both ours. Other labels of an offer are not
asked for: NVIDIA's feature discovery writes the GPU's product anew where GPUs are shared, and a node whose layout
somebody changes costs what it did. Nodes that are paid for in advance carry what on-demand ones do, and have the price
without any commitment, as their offer has: what a commitment saves is in no price of a node.

It has the price of its own machine. When a stack names another one for a pool, nodes with pods on them stay, for days
perhaps, and cost what they did, as long as the new machine has the same GPU and a list the price of the old one; else
they are nodes without a price.

A label that changes is told both ways while two kube-state-metrics run, and for five minutes after a restart of
Prometheus the prices that it recorded before lie beside the new ones. The dearest counts then, of which both parts are
taken; without that choice every rule would fail that joins pods with prices, and no pod of the cluster would cost
anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from mizan import keys
from mizan.catalogue import Machine
from mizan.metrics import kube_state, names
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Matcher, Source, differs, equals, label_of, matches, resource_of
from mizan.plan import MachinePrice, Offer, Plan, PoolPlan
from mizan.plan.node_parts import gpu_share, gpu_share_of
from mizan.plan.nodes import CAPACITY_LABELS
from mizan.prices import HostRate, Price, host_rate
from mizan.sharing import GpuPart, SharingMode

CLAIMED = "claimed_"
"""Before the name of a part that pods claim as a device, in place of a resource that they would ask for."""

GPU_RESOURCES = f"{resource_of(keys.NVIDIA_GPU)}|{resource_of(keys.NVIDIA_SHARED_GPU)}|{resource_of(keys.NVIDIA_MIG)}.+"
"""What NVIDIA's device plugin may offer, as a regular expression of kube-state-metrics' names."""

_GPU_COUNT_LABELS = tuple(label_of(key) for key in kube_state.GPU_NODE_LABELS)

# Karpenter, GKE and EKS write the machine's name. Without a cloud's controller nobody does, or the distribution writes
# its own name: what says nothing of the machine is taken for the one that the stack names.
# Source: https://kubernetes.io/docs/reference/labels-annotations-taints/, read 2026-11-23; k3s-io/k3s
# pkg/cloudprovider/instances.go, InstanceMetadata, and pkg/version/version.go, which RKE2 sets.
_MACHINE = label_of(keys.INSTANCE_TYPE)
_NO_MACHINES = ("", "k3s", "rke2")

# One price of a node, in two parts.
_ROW = "node, offer, machine, as_of, basis"


@dataclass(frozen=True, kw_only=True)
class PricedMachine:
    """A machine with what a node of it costs.

    Attributes:
        gpu_usd_per_hour: of a node's price, what is paid for its GPUs.
        host_usd_per_hour: the rest of it.
    """

    machine: Machine
    price: Price
    gpu_usd_per_hour: Decimal

    @property
    def host_usd_per_hour(self) -> Decimal:
        """Return what is paid for the rest of the node."""
        return self.price.usd_per_hour - self.gpu_usd_per_hour

    @property
    def parts(self) -> dict[str, Decimal]:
        """Return both, by names.PARTS."""
        return {names.GPU: self.gpu_usd_per_hour, names.HOST: self.host_usd_per_hour}

    @property
    def row(self) -> dict[str, str]:
        """Return what names.NODE_PRICE tells of the price row."""
        return {"as_of": self.price.as_of.isoformat(), "basis": self.price.basis.value}


@dataclass(frozen=True, kw_only=True)
class PricedOffer:
    """An offer with what it costs, once for all offers whose nodes look alike.

    Attributes:
        matchers: of the nodes' labels, whatever machine they are.
        own: its machine.
        others: that nodes of it may still be.
        saving_usd_per_hour: of a node against on-demand; None where on-demand has no price or is what is paid.
    """

    offer: Offer
    matchers: tuple[Matcher, ...]
    own: PricedMachine
    others: tuple[PricedMachine, ...]
    saving_usd_per_hour: Decimal | None

    @property
    def labels(self) -> dict[str, str]:
        """Return what names.BOUGHT tells of it."""
        offer = self.offer
        values = (offer.pool, offer.name, offer.capacity_type.value, offer.machine.gpu.name)
        return dict(zip(names.BOUGHT, values, strict=True))

    def nodes(self, source: Source, *others: PricedMachine) -> str:
        """Return an expression that is 1 for each node of its machine, and of some others."""
        named = [each.machine.name.replace(".", "[.]") for each in (self.own, *others)]
        known = matches(_MACHINE, "|".join([*named, *_NO_MACHINES]))
        return f"max by (node) ({source.metric('kube_node_labels', *self.matchers, known)})"

    def nodes_told(self, source: Source, other: PricedMachine) -> str:
        """Return what is told of each node of another machine."""
        return source.metric("kube_node_labels", *self.matchers, equals(_MACHINE, other.machine.name))


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
    yield RecordingRule(series=names.NODE_PRICE, expr=_dearest(source.own(names.OFFER_NODE_PRICE)))
    for each in offers:
        yield from _gpus(each, source)
    yield from _unit_prices(source)
    yield RecordingRule(series=names.NODE_WITHOUT_PRICE, expr=_without_price(source))


def resource_label(part: GpuPart, mode: SharingMode) -> str:
    """Return what the rules call a unit's resource; claimed devices are told by DCGM alone, by their profile."""
    return f"{CLAIMED}{part.name}" if mode is SharingMode.DRA else resource_of(part.resource)


def price_of_nodes(source: Source) -> str:
    """Return the price of each node, GPUs and host apart."""
    return f"sum by (node, {names.PART}, {bought()}) ({_dearest(source.own(names.NODE_PRICE))})"


def bought() -> str:
    """Return the labels of names.BOUGHT as a join or an aggregation takes them."""
    return ", ".join(names.BOUGHT)


def _priced(plan: Plan, pool: PoolPlan, offer: Offer) -> PricedOffer:
    price = offer.price.usd_per_hour
    rate = host_rate(offer.machine.provider, plan.region)
    on_demand = pool.on_demand
    saves = on_demand is not None and on_demand.capacity_type is not offer.capacity_type
    return PricedOffer(
        offer=offer,
        matchers=tuple(
            equals(label_of(key), value)
            for key, value in sorted(offer.labels.items())
            if key == keys.POOL or key in CAPACITY_LABELS
        ),
        own=PricedMachine(
            machine=offer.machine, price=offer.price, gpu_usd_per_hour=price * gpu_share(pool, offer, rate)
        ),
        others=tuple(
            _priced_machine(each, rate) for each in pool.other_machines if each.capacity_type is offer.capacity_type
        ),
        saving_usd_per_hour=on_demand.usd_per_hour - price if on_demand is not None and saves else None,
    )


def _priced_machine(other: MachinePrice, rate: HostRate) -> PricedMachine:
    share = gpu_share_of(other.machine, other.on_demand or other.price, rate)
    return PricedMachine(machine=other.machine, price=other.price, gpu_usd_per_hour=other.price.usd_per_hour * share)


def _prices(each: PricedOffer, source: Source) -> Iterator[RecordingRule]:
    for part, usd in each.own.parts.items():
        yield RecordingRule(
            series=names.OFFER_NODE_PRICE,
            expr=f"{usd:f} * {each.nodes(source)}",
            labels={**each.labels, names.PART: part, "machine": each.own.machine.name, **each.own.row},
        )
    for row in sorted({tuple(other.row.items()) for other in each.others}):
        of_row = [other for other in each.others if tuple(other.row.items()) == row]
        for part in names.PARTS:
            arms = (f"{other.parts[part]:f} * {each.nodes_told(source, other)}" for other in of_row)
            named = f'label_replace({" or ".join(arms)}, "machine", "$1", "{_MACHINE}", "(.+)")'
            yield RecordingRule(
                series=names.OFFER_NODE_PRICE,
                expr=f"max by (node, machine) ({named})",
                labels={**each.labels, names.PART: part, **dict(row)},
            )


def _dearest(prices: str) -> str:
    """Return both parts of one price of each node; of several the dearest."""
    return f"{prices} and on ({_ROW}) topk by (node) (1, sum by ({_ROW}) ({prices}))"


def _gpus(each: PricedOffer, source: Source) -> Iterator[RecordingRule]:
    offer, nodes = each.offer, each.nodes(source, *each.others)
    label = {"offer": offer.name}
    of_others = (f"{one.machine.gpus} * max by (node) ({each.nodes_told(source, one)})" for one in each.others)
    of_machines = (f"{offer.machine.gpus} * {each.nodes(source)}", *of_others)
    yield RecordingRule(series=names.NODE_GPUS, expr=" or ".join(of_machines), labels=label)
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
        price = f"topk by (node) (1, {source.own(names.NODE_PRICE, equals(names.PART, part))})"
        yield RecordingRule(
            series=names.UNIT_PRICE,
            expr=f"{units} * on (node) group_left ({bought()}) {price} / on (node) group_left () {gpus}",
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
