"""Each flavor: its quotas beside the nodes that they are of, and the order in which its offers are tried."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

from mizan import keys
from mizan.agreement.documents import Documents, name, plan_of
from mizan.agreement.model import (
    BEFORE_PARTS,
    Comparison,
    Fact,
    Said,
    Statement,
    compared,
    contrasted,
    is_settled,
    pairs,
    says,
    words,
)
from mizan.agreement.nodes import Nodes, taint
from mizan.agreement.queues import counted
from mizan.agreement.sides import Sides
from mizan.manifests.manifest import Manifest
from mizan.plan import Flavor, Plan
from mizan.plan.reach import held_units

# What a quota is compared by; where these are in dispute, so is it.
_BEFORE_QUOTAS = (*BEFORE_PARTS, Fact.GPUS, Fact.RESOURCES, Fact.UNITS, Fact.MOST)

_BEFORE_LABELS = (Fact.LABELS, Fact.SETUP, Fact.NODE_POOLS)


def of_flavors(
    plan: Plan, sides: Sequence[Sides], before: Sequence[Comparison], documents: Documents
) -> Iterator[Comparison]:
    """Yield every fact of every flavor.

    Args:
        plan: which offers make up a flavor, and how much of it the stack asks for.
        sides: the documents of each offer.
        before: what was compared of the offers.
        documents: all of them.
    """
    asked, by_offer = held_units(plan.queues, plan.cohorts), {each.offer.name: each for each in sides}
    disputed = [each for each in before if not each.agrees]
    for flavor in plan.flavors:
        names = [offer.name for offer in flavor.offers]
        own = [by_offer[each] for each in names]
        nodes = [each.nodes for each in own if each.nodes is not None]
        if own[0].flavor is not None and is_settled(disputed, names, _BEFORE_LABELS):
            told = Said(document=own[0].flavor.document, values=own[0].flavor.labels)
            planned = Said(document=plan_of(flavor.name), values=flavor.labels)
            yield contrasted(flavor.name, Fact.LABELS, told, planned)
        if len(nodes) == len(own) and own[0].flavor is not None:
            shared = list(_of_taints(flavor.name, own[0].flavor.document, own[0].flavor.taints, nodes))
            yield from shared
            yield from _of_own_taints(own) if all(each.agrees for each in shared) else ()
        if len(names) > 1 and nodes:
            yield from _of_order(flavor, own, documents)
        if flavor.is_queued and own[0].resources:
            yield from _of_asked_nodes(flavor.name, own, documents)
        if (
            len(nodes) == len(own)
            and all(each.resources for each in own)
            and is_settled(disputed, names, _BEFORE_QUOTAS)
        ):
            yield from _of_quotas(flavor, own, asked[flavor.name])


def _of_taints(flavor: str, document: str, taints: frozenset[str], nodes: Sequence[Nodes]) -> Iterator[Comparison]:
    """Yield the taints that a flavor names beside those that all its nodes share."""
    shared = frozenset.intersection(*(each.taints for each in nodes))
    for number, each in enumerate(nodes):
        # What all share and the flavor leaves out is told once.
        expected = (taints & each.taints) | (shared if number == 0 else frozenset())
        yield from compared(flavor, Fact.TAINTS, [words(document, taints), words(each.document, expected)])


def _of_own_taints(own: Sequence[Sides]) -> Iterator[Comparison]:
    """Yield all taints of the nodes of each offer beside the plan."""
    for each in own:
        if each.nodes is not None:
            planned = [taint(one.on_node()) for one in each.offer.taints]
            sides = [words(each.nodes.document, each.nodes.taints), words(plan_of(each.offer.name), planned)]
            yield from compared(each.offer.name, Fact.TAINTS, sides)


def _of_order(flavor: Flavor, own: Sequence[Sides], documents: Documents) -> Iterator[Comparison]:
    """Yield the order in which the autoscaler tries the offers, beside that of their prices."""
    mine = {each.offer.name for each in own}
    names = [offer for offer in documents.prices if offer in mine]
    wanted = Statement(document=f"estimate of pool {flavor.pool}", value=", ".join(names))
    compute_class = documents.named("ComputeClass", flavor.compute_class) if flavor.compute_class else None
    if compute_class is not None:
        tried = [pool for each in compute_class["spec"]["priorities"] for pool in each["nodepools"]]
        yield from _of_node_pools(compute_class, tried, own)
        known = [pool for pool in tried if pool in names]
        order = Statement(document=name(compute_class), value=", ".join(known))
        if len(known) == len(names):
            yield from compared(flavor.name, Fact.ORDER, [order, wanted])
        return
    weights = {each.offer.name: each.nodes.weight for each in own if each.nodes is not None}
    for first, second in pairwise(names):
        before, after = weights.get(first), weights.get(second)
        if before is not None and after is not None:
            document = f"NodePool {second}"
            tried = [first, second] if before >= after else [second, first]
            sides = [Statement(document=document, value=", ".join(tried)), says(wanted.document, f"{first}, {second}")]
            yield from compared(flavor.name, Fact.ORDER, sides)


def _of_node_pools(compute_class: Manifest, tried: Iterable[str], own: Sequence[Sides]) -> Iterator[Comparison]:
    """Yield which node pools a ComputeClass chooses among, beside their own mark and their flavor's."""
    listed, called = set(tried), str(compute_class["metadata"]["name"])
    for each in own:
        if each.nodes is None or each.flavor is None:
            continue
        yield from compared(
            each.offer.name,
            Fact.NODE_POOLS,
            [
                says(name(compute_class), called if each.offer.name in listed else None),
                says(each.nodes.document, each.nodes.labels.get(keys.GKE_COMPUTE_CLASS)),
                says(each.flavor.document, each.flavor.labels.get(keys.GKE_COMPUTE_CLASS)),
            ],
        )


def _of_asked_nodes(flavor: str, own: Sequence[Sides], documents: Documents) -> Iterator[Comparison]:
    """Yield what ProvisioningRequests ask nodes for, beside what those offer."""
    for body in documents.of_kind("ProvisioningRequestConfig"):
        asked, offered = set(body["spec"]["managedResources"]), own[0].resources[0]
        fits = set(offered.per_gpu) <= asked
        sides = [
            words(name(body), offered.per_gpu if fits else asked),
            words(offered.document, offered.per_gpu),
        ]
        yield from compared(flavor, Fact.RESOURCES, sides)


def _of_quotas(flavor: Flavor, own: Sequence[Sides], asked: int) -> Iterator[Comparison]:
    """Yield the sums of all quotas beside what all nodes together offer.

    A stack may ask for more than its nodes, of which it is warned; beyond that nothing may be given.
    """
    quotas = own[0].quotas
    if not quotas:
        return
    offered: dict[str, Fraction] = {}
    for each in own:
        nodes = each.nodes.most if each.nodes is not None else None
        for resource, per_gpu in each.resources[0].per_gpu.items():
            offered[resource] = offered.get(resource, Fraction(0)) + per_gpu * each.offer.machine.gpus * (nodes or 0)
    given = {resource: amount for resource, amount in counted(quotas).items() if resource in offered}
    most = {
        resource: max(amount, Fraction(asked * flavor.sharing.amounts.get(resource, 0)))
        for resource, amount in offered.items()
    }
    beyond = {resource: amount for resource, amount in given.items() if amount > most[resource]}
    by_nodes = ", ".join(dict.fromkeys(each.nodes.document for each in own if each.nodes is not None))
    for quota in quotas:
        uneven = _uneven(quota.amounts, own[0].resources[0].per_gpu)
        if uneven:
            of_nodes = {resource: own[0].resources[0].per_gpu[resource] for resource in uneven}
            sides = [pairs(quota.document, uneven), pairs(own[0].resources[0].document, of_nodes)]
            yield Comparison(of=flavor.name, fact=Fact.QUOTA, first=sides[0], second=sides[1], agrees=False)
            return
    document = ", ".join(dict.fromkeys(each.document for each in quotas))
    first = pairs(document, beyond or given)
    second = pairs(by_nodes, {resource: most[resource] for resource in beyond or given})
    yield Comparison(of=flavor.name, fact=Fact.QUOTA, first=first, second=second, agrees=not beyond)


def _uneven(amounts: Mapping[str, int], per_gpu: Mapping[str, Fraction]) -> dict[str, int]:
    """Return the amounts of a quota that are not all the same number of GPUs; nothing where they are."""
    gpus = {resource: amounts[resource] / each for resource, each in per_gpu.items() if resource in amounts}
    return {} if len(set(gpus.values())) <= 1 else {resource: amounts[resource] for resource in gpus}
