"""The documents of one offer, put together from all of a stack."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from mizan.agreement.devices import of_nodes
from mizan.agreement.documents import Documents, parts_of
from mizan.agreement.gke import nodes_on_gke
from mizan.agreement.karpenter import nodes_by_karpenter
from mizan.agreement.model import Statement
from mizan.agreement.nodes import Nodes, Resources
from mizan.agreement.operator import OperatorConfigs, operator_configs
from mizan.agreement.queues import FlavorDocument, Held, flavor_documents, held
from mizan.estimate import OfferCost
from mizan.plan import Offer, Plan
from mizan.plan.part_prices import PricedPart


@dataclass(frozen=True, kw_only=True)
class Sides:
    """The documents of one offer.

    Attributes:
        nodes: None where they are somebody else's.
        flavor: that counts it; None where its ResourceFlavor is missing.
        quotas: of that flavor.
        price: its row of the estimate; None where that is missing.
        parts: of its GPUs, with what they cost; empty where they are missing.
        resources: of each GPU, as each document says it.
        sharing: how pods share each GPU; None where nobody says it.
    """

    offer: Offer
    nodes: Nodes | None
    flavor: FlavorDocument | None
    quotas: list[Held]
    price: OfferCost | None
    parts: Sequence[PricedPart]
    resources: tuple[Resources, ...]
    sharing: Statement | None


def sides_of(plan: Plan, documents: Documents) -> list[Sides]:
    """Return the documents of each offer, in the plan's order."""
    configs, flavors, quotas = operator_configs(documents), flavor_documents(documents), held(documents)
    own = defaultdict(list)
    for each in quotas:
        own[each.flavor].append(each)
    flavor_of = {offer.name: flavor.name for flavor in plan.flavors for offer in flavor.offers}
    named = [(offer, flavor_of.get(offer.name, "")) for offer in plan.offers]
    return [_sides(offer, documents, configs, flavors.get(flavor), own[flavor]) for offer, flavor in named]


def _sides(
    offer: Offer, documents: Documents, configs: OperatorConfigs, flavor: FlavorDocument | None, quotas: list[Held]
) -> Sides:
    nodes, parts = _nodes(offer, documents), documents.parts.get(offer.name, ())
    shared = configs.shared(nodes.labels if nodes else flavor.labels if flavor else {})
    by_nodes = nodes.sharing if nodes else None
    by_operator = Statement(document=shared.resources.document, value=shared.mode) if shared else None
    priced = Resources(document=parts_of(offer.name), per_gpu={part.resource: Fraction(part.per_gpu) for part in parts})
    return Sides(
        offer=offer,
        nodes=nodes,
        flavor=flavor,
        quotas=quotas,
        price=documents.prices.get(offer.name),
        parts=parts,
        resources=(
            *(nodes.resources if nodes else ()),
            *([shared.resources] if shared else ()),
            *of_nodes(offer, documents),
            *([priced] if parts else ()),
        ),
        sharing=by_nodes or by_operator,
    )


def _nodes(offer: Offer, documents: Documents) -> Nodes | None:
    """Return the nodes of an offer; None where they are somebody else's, or nothing makes them."""
    if offer.name in documents.node_pools:
        return nodes_on_gke(documents.node_pools[offer.name])
    pool = documents.named("NodePool", offer.name)
    return None if pool is None else nodes_by_karpenter(pool, offer, documents)
