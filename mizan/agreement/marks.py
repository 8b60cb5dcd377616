"""Labels and taints of an offer's nodes: what pods are sent by, what keeps others off, and how nodes are set up."""

from collections.abc import Iterator

from mizan import keys
from mizan.agreement.documents import Documents, name, plan_of
from mizan.agreement.model import Comparison, Fact, Said, Statement, compared, contrasted, says, words
from mizan.agreement.nodes import Nodes, taint
from mizan.agreement.operator import OperatorConfigs
from mizan.agreement.planned import planned_labels
from mizan.agreement.sides import Sides
from mizan.manifests.manifest import Manifest
from mizan.manifests.min_nodes import OF_OFFER
from mizan.plan import Offer, Plan
from mizan.plan.nodes import comes_with_the_flavor

# Labels by which nodes are set up, and those that each have a fact of their own, with more documents than two.
_SETUP = (keys.DEVICE_PLUGIN_CONFIG, keys.MIG_CONFIG)
_APART = (*_SETUP, keys.GKE_COMPUTE_CLASS)


def of_marks(
    each: Sides, nodes: Nodes, plan: Plan, configs: OperatorConfigs, documents: Documents
) -> Iterator[Comparison]:
    """Yield labels and taints of an offer's nodes beside whatever goes by them, and beside the plan."""
    offer, flavor = each.offer, each.flavor
    yield from _of_labels(each, nodes, plan, documents)
    if flavor is not None:
        expected = [one for one in offer.taints if comes_with_the_flavor(one)]
        passing = {each for each in nodes.taints if each.partition("=")[0] in {one.key for one in expected}}
        yield from compared(
            offer.name, Fact.TOLERATIONS, [words(flavor.document, flavor.tolerations), words(nodes.document, passing)]
        )
    kept_by = placeholders(offer, documents)
    if kept_by is not None:
        passed = [taint(one) for one in kept_by["spec"]["template"]["spec"]["tolerations"]]
        planned = [taint(one.on_node()) for one in offer.taints]
        sides = words(name(kept_by), passed), words(plan_of(offer.name), planned)
        yield from compared(offer.name, Fact.TOLERATIONS, sides)
    for label in _SETUP:
        yield from _of_setup(each, nodes, configs, label, list(_selectors(each, documents)))


def placeholders(offer: Offer, documents: Documents) -> Manifest | None:
    """Return the Deployment that keeps nodes of an offer; None where there is none."""
    return next(
        (
            body
            for body in documents.of_kind("Deployment")
            if body["spec"]["template"]["metadata"]["labels"].get(OF_OFFER) == offer.name
        ),
        None,
    )


def _of_labels(each: Sides, nodes: Nodes, plan: Plan, documents: Documents) -> Iterator[Comparison]:
    """Yield the nodes that pods are sent to: those of jobs, then placeholders where jobs find theirs, then the plan's.

    Nodes may carry more than they are selected by, and carry just what is planned.
    """
    carried = Said(document=nodes.document, values=nodes.labels)
    for selector in _selectors(each, documents):
        needed = selector.but(_APART)
        found = contrasted(each.offer.name, Fact.LABELS, needed, carried.only(needed.values))
        yield found
        if not found.agrees:
            return
    planned = planned_labels(each.offer, plan).but(_APART)
    yield contrasted(each.offer.name, Fact.LABELS, carried.but(_APART), planned)


def _selectors(each: Sides, documents: Documents) -> Iterator[Said]:
    if each.flavor is not None:
        yield Said(document=each.flavor.document, values=each.flavor.labels)
    kept_by = placeholders(each.offer, documents)
    if kept_by is not None:
        yield Said(document=name(kept_by), values=kept_by["spec"]["template"]["spec"]["nodeSelector"])


def _of_setup(
    each: Sides, nodes: Nodes, configs: OperatorConfigs, label: str, selectors: list[Said]
) -> Iterator[Comparison]:
    """Yield what a node calls its configuration, beside where it is looked up, where it is selected, and the plan."""
    called, document, planned = nodes.labels.get(label), configs.document(label), each.offer.labels.get(label)
    if called is None and planned is None and (each.flavor is None or label not in each.flavor.labels):
        return
    statements: list[Statement] = []
    if document is not None:
        known = called is not None and configs.knows(label, called)
        statements.append(says(document, called if known else None))
    statements.append(says(nodes.document, called))
    statements += [says(selector.document, selector.values.get(label)) for selector in selectors]
    yield from compared(each.offer.name, Fact.SETUP, [*statements, says(plan_of(each.offer.name), planned)])
