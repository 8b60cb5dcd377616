"""Each offer: what makes its nodes beside what counts, prices and sets them up."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import PurePath

from mizan import keys
from mizan.agreement.devices import of_claims, of_nodes
from mizan.agreement.documents import Documents, name
from mizan.agreement.model import Comparison, Fact, Statement, compared, is_settled, pairs, parts, says, words
from mizan.agreement.nodes import Nodes, Resources, nodes_of
from mizan.agreement.operator import OperatorConfigs, operator_configs
from mizan.agreement.queues import FlavorDocument, Held, flavor_documents, held
from mizan.manifests.manifest import Manifest
from mizan.manifests.min_nodes import OF_OFFER
from mizan.plan import Flavor, Offer, Plan
from mizan.plan.nodes import comes_with_the_flavor
from mizan.prices import Price

# Labels that each have a fact of their own, with more documents than two.
_APART = (keys.DEVICE_PLUGIN_CONFIG, keys.MIG_CONFIG, keys.GKE_COMPUTE_CLASS)


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The documents of one offer.

    Attributes:
        nodes: None where they are somebody else's.
        flavor: that counts it; None where its ResourceFlavor is missing.
        quotas: of that flavor.
        resources: of each GPU, as each document says it.
    """

    offer: Offer
    nodes: Nodes | None
    flavor: FlavorDocument | None
    quotas: list[Held]
    resources: tuple[Resources, ...]


def sides_of(plan: Plan, documents: Documents) -> list[Sides]:
    """Return the documents of each offer, in the plan's order."""
    configs, flavors, quotas = operator_configs(documents), flavor_documents(documents), held(documents)
    return [_sides(offer, _flavor(plan.flavors, offer), documents, configs, flavors, quotas) for offer in plan.offers]


def of_offers(sides: Iterable[Sides], documents: Documents) -> Iterator[Comparison]:
    """Yield every fact of every offer that two documents state."""
    configs = operator_configs(documents)
    for each in sides:
        if each.nodes is not None:
            yield from _of_purchase(each.offer, each.nodes, documents)
            yield from _of_size(each.offer, each.nodes, documents)
            yield from _of_marks(each, each.nodes, configs, documents)
        yield from of_claims(each.offer, each.nodes, each.quotas, documents)
        yield from _of_parts(each, documents)


def _of_parts(each: Sides, documents: Documents) -> Iterator[Comparison]:
    """Yield what a GPU is for pods, and what that costs; a fact only where those agree that it follows from."""
    offer = each.offer.name
    names = list(_of_resources(each))
    yield from names
    if not is_settled(names, [offer], [Fact.RESOURCES]):
        return
    units = list(compared(offer, Fact.UNITS, [pairs(of.document, of.per_gpu) for of in each.resources]))
    yield from units
    if is_settled(units, [offer], [Fact.UNITS]):
        yield from _of_price(each.offer, each.nodes, documents)


def _sides(
    offer: Offer,
    flavor: Flavor | None,
    documents: Documents,
    configs: OperatorConfigs,
    flavors: Mapping[str, FlavorDocument],
    quotas: Iterable[Held],
) -> Sides:
    nodes = nodes_of(offer, documents)
    document = flavors.get(flavor.name) if flavor else None
    labels = nodes.labels if nodes else document.labels if document else {}
    return Sides(
        offer=offer,
        nodes=nodes,
        flavor=document,
        quotas=[each for each in quotas if flavor is not None and each.flavor == flavor.name],
        resources=(
            *(nodes.resources if nodes else ()),
            *configs.resources(labels),
            *of_nodes(offer, documents),
            Resources(
                document=_parts(offer),
                per_gpu={part.resource: Fraction(part.per_gpu) for part in documents.parts[offer.name]},
            ),
        ),
    )


def _flavor(flavors: Iterable[Flavor], offer: Offer) -> Flavor | None:
    return next((flavor for flavor in flavors if offer in flavor.offers), None)


def _of_purchase(offer: Offer, nodes: Nodes, documents: Documents) -> Iterator[Comparison]:
    """Yield what is made beside what is paid for."""
    price = documents.prices[offer.name].price
    row = _row(price)
    yield from compared(offer.name, Fact.MACHINE, [says(nodes.document, nodes.machine), says(row, price.machine)])
    yield from compared(
        offer.name, Fact.CAPACITY_TYPE, [says(nodes.document, nodes.capacity_type), says(row, price.capacity_type)]
    )
    if nodes.region is not None:
        lies_there = all(zone.startswith(price.region) for zone in nodes.region.split(","))
        region = price.region if lies_there else nodes.region
        yield from compared(offer.name, Fact.REGION, [says(nodes.document, region), says(row, price.region)])


def _of_price(offer: Offer, nodes: Nodes | None, documents: Documents) -> Iterator[Comparison]:
    """Yield the price of a node: where it is simulated, as its row has it, and all its parts together."""
    price = documents.prices[offer.name].price
    parts_of_a_gpu = sum((each.usd_per_hour * each.per_gpu for each in documents.parts[offer.name]), Decimal(0))
    statements = [
        says(_row(price), _usd(price.usd_per_hour)),
        says(_parts(offer), _usd(parts_of_a_gpu * offer.machine.gpus)),
    ]
    simulated = documents.instance_types.get(nodes.machine) if nodes is not None else None
    if simulated is not None and nodes is not None:
        bought = _offering(simulated, nodes.capacity_type)
        asked = None if bought is None else _usd(Decimal(str(bought["Price"])))
        statements.insert(0, says(f"instance type {simulated['name']}", asked))
    yield from compared(offer.name, Fact.PRICE, statements)


def _row(price: Price) -> str:
    return f"{PurePath(price.file).name}:{price.line}"


def _parts(offer: Offer) -> str:
    return f"parts of {offer.name}"


def _usd(amount: Decimal) -> str:
    """Return dollars to the millionth: a part of a price need not be a round one."""
    return f"{amount:.6f}"


def _offering(simulated: Manifest, capacity_type: str) -> Manifest | None:
    return next(
        (
            each
            for each in simulated["offerings"]
            for required in each["Requirements"]
            if required["key"] == keys.CAPACITY_TYPE and capacity_type in required["values"]
        ),
        None,
    )


def _of_size(offer: Offer, nodes: Nodes, documents: Documents) -> Iterator[Comparison]:
    row = documents.prices[offer.name]
    estimate = f"estimate of {offer.name}"
    if nodes.gpus is not None:
        machine = f"machine {offer.machine.name}"
        yield from compared(
            offer.name, Fact.GPUS, [says(nodes.document, nodes.gpus), says(machine, offer.machine.gpus)]
        )
    yield from compared(offer.name, Fact.MOST, [says(nodes.document, nodes.most), says(estimate, row.max_nodes)])
    placeholders = _placeholders(offer, documents)
    least = placeholders["spec"]["replicas"] if placeholders else nodes.least
    document = name(placeholders) if placeholders else nodes.document
    yield from compared(offer.name, Fact.LEAST, [says(document, least), says(estimate, row.min_nodes)])


def _placeholders(offer: Offer, documents: Documents) -> Manifest | None:
    """Return the Deployment that keeps nodes of an offer; None where there is none."""
    return next(
        (
            body
            for body in documents.of_kind("Deployment")
            if body["spec"]["template"]["metadata"]["labels"].get(OF_OFFER) == offer.name
        ),
        None,
    )


def _of_marks(each: Sides, nodes: Nodes, configs: OperatorConfigs, documents: Documents) -> Iterator[Comparison]:
    """Yield labels and taints: what pods are sent by, and what keeps others off."""
    offer, flavor = each.offer, each.flavor
    yield from _of_selectors(each, nodes, documents)
    if flavor is not None:
        expected = [taint for taint in offer.taints if comes_with_the_flavor(taint)]
        passing = {each for each in nodes.taints if each.partition("=")[0] in {taint.key for taint in expected}}
        yield from compared(
            offer.name, Fact.TOLERATIONS, [words(flavor.document, flavor.tolerations), words(nodes.document, passing)]
        )
    for label in (keys.DEVICE_PLUGIN_CONFIG, keys.MIG_CONFIG):
        yield from _of_setup(each, nodes, configs, label)


def _of_selectors(each: Sides, nodes: Nodes, documents: Documents) -> Iterator[Comparison]:
    """Yield the nodes that pods are sent to: those of jobs, then placeholders where jobs find theirs."""
    if each.flavor is not None:
        found = _of_labels(each.offer, each.flavor.document, each.flavor.labels, nodes)
        yield found
        if not found.agrees:
            return
    placeholders = _placeholders(each.offer, documents)
    if placeholders is not None:
        selector = placeholders["spec"]["template"]["spec"]["nodeSelector"]
        yield _of_labels(each.offer, name(placeholders), selector, nodes)


def _of_labels(offer: Offer, document: str, selector: Mapping[str, str], nodes: Nodes) -> Comparison:
    """Return what is selected beside what nodes carry, which may be more."""
    needed = {key: value for key, value in selector.items() if key not in _APART}
    ours, theirs = pairs(document, needed), parts(nodes.document, nodes.labels, needed)
    wrong = [key for key, value in needed.items() if nodes.labels.get(key) != value]
    if wrong:
        ours = pairs(document, {key: needed[key] for key in wrong})
        theirs = parts(nodes.document, nodes.labels, dict.fromkeys(wrong))
    return Comparison(of=offer.name, fact=Fact.LABELS, first=ours, second=theirs, agrees=not wrong)


def _of_setup(each: Sides, nodes: Nodes, configs: OperatorConfigs, label: str) -> Iterator[Comparison]:
    """Yield what a node calls its configuration, beside where it is looked up and beside its flavor."""
    called, document = nodes.labels.get(label), configs.document(label)
    if called is None and (each.flavor is None or label not in each.flavor.labels):
        return
    statements: list[Statement] = []
    if document is not None:
        known = called is not None and configs.knows(label, called)
        statements.append(says(document, called if known else None))
    statements.append(says(nodes.document, called))
    if each.flavor is not None:
        statements.append(says(each.flavor.document, each.flavor.labels.get(label)))
    yield from compared(each.offer.name, Fact.SETUP, statements)


def _of_resources(each: Sides) -> Iterator[Comparison]:
    """Yield the names under which GPUs are offered, beside those under which they are counted."""
    first = list(each.resources[0].per_gpu)
    offered = [words(of.document, of.per_gpu) for of in each.resources]
    counted = [words(of.document, first if of.fits(first) else of.resources) for of in each.quotas]
    yield from compared(each.offer.name, Fact.RESOURCES, [*offered, *counted])
