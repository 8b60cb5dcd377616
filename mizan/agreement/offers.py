"""Each offer: what makes its nodes beside the plan, and beside what counts, prices and sets them up."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import PurePath

from mizan import keys
from mizan.agreement.devices import of_claims
from mizan.agreement.documents import Documents, estimate_of, instance_type, known_as, name, parts_of, plan_of
from mizan.agreement.marks import of_marks, placeholders
from mizan.agreement.model import (
    BEFORE_PARTS,
    Comparison,
    Fact,
    Said,
    compared,
    contrasted,
    is_settled,
    pairs,
    says,
    words,
)
from mizan.agreement.nodes import Nodes
from mizan.agreement.operator import OperatorConfigs, operator_configs
from mizan.agreement.planned import planned
from mizan.agreement.sides import Sides
from mizan.estimate import OfferCost
from mizan.manifests.manifest import Manifest
from mizan.plan import Offer, Plan
from mizan.prices import Price

# What a zone has behind the name of its region: `-a` at Google, `a` at AWS.
_ZONE = re.compile(r"(-?[a-z])?")


def of_offers(plan: Plan, sides: Iterable[Sides], documents: Documents) -> Iterator[Comparison]:
    """Yield every fact of every offer that two documents state, or a document and the plan."""
    configs = operator_configs(documents)
    for each in sides:
        about = list(_of_offer(each, plan, configs, documents))
        yield from about
        yield from of_claims(each.offer, each.nodes, each.quotas, documents)
        if is_settled(about, [each.offer.name], BEFORE_PARTS):
            yield from _of_parts(each, documents)


def _of_offer(each: Sides, plan: Plan, configs: OperatorConfigs, documents: Documents) -> Iterator[Comparison]:
    if each.nodes is not None:
        bought = list(_of_purchase(each.offer, each.nodes, each.price.price)) if each.price is not None else []
        yield from bought
        if each.price is not None:
            yield from _of_size(each.offer, each.nodes, each.price, documents)
        yield from _of_plan(each.offer, each.nodes, plan, bought)
        yield from of_marks(each, each.nodes, plan, configs, documents)
    if each.sharing is not None:
        sides = [each.sharing, says(plan_of(each.offer.name), each.offer.sharing.mode)]
        yield from compared(each.offer.name, Fact.SHARING, sides)


def _of_purchase(offer: Offer, nodes: Nodes, price: Price) -> Iterator[Comparison]:
    """Yield what is made beside what is paid for."""
    row = _row(price)
    yield from compared(offer.name, Fact.MACHINE, [says(nodes.document, nodes.machine), says(row, price.machine)])
    yield from compared(
        offer.name, Fact.CAPACITY_TYPE, [says(nodes.document, nodes.capacity_type), says(row, price.capacity_type)]
    )
    if nodes.places:
        beyond = [place for place in nodes.places if not _lies_in(price.region, place)]
        yield from compared(
            offer.name, Fact.REGION, [words(nodes.document, beyond or [price.region]), says(row, price.region)]
        )


def _lies_in(region: str, place: str) -> bool:
    return place.startswith(region) and _ZONE.fullmatch(place.removeprefix(region)) is not None


def _of_size(offer: Offer, nodes: Nodes, row: OfferCost, documents: Documents) -> Iterator[Comparison]:
    estimate = estimate_of(offer.name)
    yield from compared(offer.name, Fact.MOST, [says(nodes.document, nodes.most), says(estimate, row.max_nodes)])
    document, least = nodes.document, nodes.least
    if least is None:
        kept_by = placeholders(offer, documents)
        least = kept_by["spec"]["replicas"] if kept_by else 0
        document = known_as("Deployment", offer.name, keys.OWN_NAMESPACE) if row.min_nodes else nodes.document
        document = name(kept_by) if kept_by else document
    yield from compared(offer.name, Fact.LEAST, [says(document, least), says(estimate, row.min_nodes)])


def _of_plan(offer: Offer, nodes: Nodes, plan: Plan, before: Iterable[Comparison]) -> Iterator[Comparison]:
    """Yield what only the plan says beside the nodes, and which node pool an overlay is for."""
    lies_there = is_settled(before, [offer.name], [Fact.REGION])
    for fact, wanted in planned(offer, plan).items():
        if fact is Fact.ZONES and not lies_there:
            continue
        told = nodes.said.get(fact, Said(document=nodes.document, values={}))
        yield contrasted(offer.name, fact, told, wanted)
    if nodes.overlay is not None:
        yield from compared(offer.name, Fact.NODE_POOLS, [nodes.overlay, says(nodes.document, offer.name)])


def _of_parts(each: Sides, documents: Documents) -> Iterator[Comparison]:
    """Yield what a GPU is for pods, and what that costs; a fact only where those agree that it follows from."""
    offer = each.offer.name
    names = list(_of_resources(each))
    yield from names
    if not is_settled(names, [offer], [Fact.RESOURCES]):
        return
    units = list(compared(offer, Fact.UNITS, [pairs(of.document, of.per_gpu) for of in each.resources]))
    yield from units
    if is_settled(units, [offer], [Fact.UNITS]) and each.price is not None and each.parts:
        yield from _of_price(each, each.price.price, documents)


def _of_resources(each: Sides) -> Iterator[Comparison]:
    """Yield the names under which GPUs are offered, beside those under which they are counted."""
    if not each.resources:
        return
    first = list(each.resources[0].per_gpu)
    offered = [words(of.document, of.per_gpu) for of in each.resources]
    counted = [words(of.document, first if of.fits(first) else of.resources) for of in each.quotas]
    yield from compared(each.offer.name, Fact.RESOURCES, [*offered, *counted])


def _of_price(each: Sides, price: Price, documents: Documents) -> Iterator[Comparison]:
    """Yield the price of a node: where it is simulated, as its row has it, and all its parts together."""
    parts_of_a_gpu = sum((part.usd_per_hour * part.per_gpu for part in each.parts), Decimal(0))
    statements = [
        says(_row(price), _usd(price.usd_per_hour)),
        says(parts_of(each.offer.name), _usd(parts_of_a_gpu * each.offer.machine.gpus)),
    ]
    nodes = each.nodes
    simulated = documents.instance_types.get(nodes.machine) if nodes is not None else None
    if simulated is not None and nodes is not None:
        bought = _offering(simulated, nodes.capacity_type)
        asked = None if bought is None else _usd(Decimal(str(bought["Price"])))
        statements.insert(0, says(instance_type(str(simulated["name"])), asked))
    yield from compared(each.offer.name, Fact.PRICE, statements)


def _row(price: Price) -> str:
    return f"{PurePath(price.file).name}:{price.line}"


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
