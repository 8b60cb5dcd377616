"""Everything that is written for a stack, as it is handed to clouds and clusters."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mizan.agreement.part_prices import PricedPart, priced_parts
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import Arguments, site_of
from mizan.config import Cloud, Install
from mizan.estimate import OfferCost, estimate
from mizan.manifests import manifests_of
from mizan.manifests.dra import counted_devices
from mizan.manifests.kueue_settings import manager_configuration
from mizan.manifests.kwok_nodes import instance_types
from mizan.manifests.manifest import Manifest
from mizan.manifests.simulated_devices import simulated_devices
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Documents:
    """What is written for a stack.

    Attributes:
        manifests: of its cluster.
        node_pools: on GKE, the arguments of each by its name.
        instance_types: that simulated nodes are made of, by name.
        devices: of each simulated node that pods claim from, by pool.
        kueue: its configuration; None where somebody else writes it.
        prices: the row of each offer in the estimate, in the order in which they are tried.
        parts: of the GPUs of each offer, with what they cost.
    """

    manifests: Sequence[Manifest]
    prices: Mapping[str, OfferCost]
    parts: Mapping[str, Sequence[PricedPart]]
    node_pools: Mapping[str, Arguments] = field(default_factory=dict)
    instance_types: Mapping[str, Manifest] = field(default_factory=dict)
    devices: Mapping[str, Sequence[Manifest]] = field(default_factory=dict)
    kueue: Manifest | None = None

    def of_kind(self, kind: str, api: str = "") -> Iterator[Manifest]:
        """Yield the manifests of a kind, of any API group or of one that begins so."""
        for body in self.manifests:
            if body["kind"] == kind and str(body["apiVersion"]).startswith(api):
                yield body

    def named(self, kind: str, name: str) -> Manifest | None:
        """Return the manifest of a kind and name, None where there is none."""
        return next((body for body in self.of_kind(kind) if body["metadata"]["name"] == name), None)


def documents_of(plan: Plan) -> Documents:
    """Return everything that is written for a stack."""
    is_local = plan.cloud is Cloud.LOCAL
    is_our_kueue = is_local or plan.kueue.install is Install.HELM
    return Documents(
        manifests=manifests_of(plan),
        node_pools=_node_pools(plan) if plan.cloud is Cloud.GKE else {},
        instance_types={str(body["name"]): body for body in instance_types(plan)} if is_local else {},
        devices=simulated_devices(plan.pools) if is_local else {},
        kueue=manager_configuration(plan.kueue, counted_devices(plan.pools)) if is_our_kueue else None,
        prices={offer.name: offer for pool in estimate(plan).pools for offer in pool.offers},
        parts={offer.name: priced_parts(offer) for offer in plan.offers},
    )


def name(body: Manifest) -> str:
    """Return what a manifest is called in a report."""
    return f"{body['kind']} {body['metadata']['name']}"


def _node_pools(plan: Plan) -> dict[str, Arguments]:
    site = site_of(plan)
    # Names that only Google knows; no comparison reads them.
    return {
        offer.name: node_pool_args(plan, site, offer, cluster=site.cluster, account=site.node_account)
        for offer in plan.offers
    }
