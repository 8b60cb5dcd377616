"""Everything that is written for a stack, as it is handed to clouds and clusters."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import Arguments, site_of
from mizan.config import Cloud, Install, OptionalInstall
from mizan.estimate import OfferCost, estimate
from mizan.manifests import dcgm_exporter, gpu_operator, karpenter, manifests_of, opencost, prometheus
from mizan.manifests.dra import counted_devices
from mizan.manifests.kueue_settings import manager_configuration
from mizan.manifests.kwok_nodes import instance_types
from mizan.manifests.manifest import Manifest
from mizan.manifests.simulated_devices import simulated_devices
from mizan.plan import Plan
from mizan.plan.dcgm_exporter import measured_alone
from mizan.plan.part_prices import PricedPart, priced_parts

GPU_OPERATOR, DCGM_EXPORTER, KARPENTER = "gpu-operator", "dcgm-exporter", "karpenter"
PROMETHEUS, OPENCOST = "kube-prometheus-stack", "opencost"
KUEUE = "Kueue's configuration"

# Of the content, behind the name of a ConfigMap.
_DIGEST = re.compile(r"-[0-9a-f]{10}$")


@dataclass(frozen=True, kw_only=True)
class Documents:
    """What is written for a stack.

    Attributes:
        manifests: of its cluster.
        charts: the values of each that the stack installs, by its name; Kueue's are in `kueue`.
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
    charts: Mapping[str, Manifest] = field(default_factory=dict)
    node_pools: Mapping[str, Arguments] = field(default_factory=dict)
    instance_types: Mapping[str, Manifest] = field(default_factory=dict)
    devices: Mapping[str, Sequence[Manifest]] = field(default_factory=dict)
    kueue: Manifest | None = None

    def of_kind(self, kind: str, api: str = "") -> Iterator[Manifest]:
        """Yield the manifests of a kind, of any API group or of one that begins so."""
        for body in self._by_kind[kind]:
            if str(body["apiVersion"]).startswith(api):
                yield body

    def named(self, kind: str, name: str) -> Manifest | None:
        """Return the manifest of a kind and name, None where there is none."""
        return self._by_name.get((kind, name))

    def names(self) -> Iterator[str]:
        """Yield what each document is called in a report."""
        yield from map(name, self.manifests)
        yield from map(chart, self.charts)
        yield from (node_pool(body["name"]) for body in self.node_pools.values())
        yield from (instance_type(body["name"]) for body in self.instance_types.values())
        yield from map(devices_of, self.devices)
        yield from map(estimate_of, self.prices)
        yield from map(parts_of, self.parts)
        if self.kueue is not None:
            yield KUEUE

    @cached_property
    def _by_kind(self) -> Mapping[str, list[Manifest]]:
        found = defaultdict(list)
        for body in self.manifests:
            found[str(body["kind"])].append(body)
        return found

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], Manifest]:
        return {(body["kind"], body["metadata"]["name"]): body for body in reversed(self.manifests)}


def documents_of(plan: Plan) -> Documents:
    """Return everything that is written for a stack."""
    is_local = plan.cloud is Cloud.LOCAL
    is_our_kueue = is_local or plan.kueue.install is Install.HELM
    return Documents(
        manifests=manifests_of(plan),
        charts=_charts(plan),
        node_pools=_node_pools(plan) if plan.cloud is Cloud.GKE else {},
        instance_types={str(body["name"]): body for body in instance_types(plan)} if is_local else {},
        devices=simulated_devices(plan.pools) if is_local else {},
        kueue=manager_configuration(plan.kueue, counted_devices(plan.pools)) if is_our_kueue else None,
        prices={offer.name: offer for pool in estimate(plan).pools for offer in pool.offers},
        parts={offer.name: priced_parts(offer) for offer in plan.offers},
    )


def known_as(kind: str, called: str, namespace: str | None = None) -> str:
    """Return what a manifest is called in a report; its content is told apart from its name."""
    plain = _DIGEST.sub("", called) if kind == "ConfigMap" else called
    return f"{kind} {plain} of {namespace}" if namespace else f"{kind} {plain}"


def name(body: Manifest) -> str:
    """Return what a manifest is called in a report."""
    metadata = body["metadata"]
    return known_as(body["kind"], metadata["name"], metadata.get("namespace"))


def chart(called: str) -> str:
    """Return what the values of a chart are called in a report."""
    return f"chart {called}"


def node_pool(offer: str) -> str:
    """Return what the arguments of a node pool of GKE are called in a report."""
    return f"node pool {offer}"


def instance_type(machine: str) -> str:
    """Return what a simulated machine is called in a report."""
    return f"instance type {machine}"


def devices_of(pool: str) -> str:
    """Return what the simulated devices of a node are called in a report."""
    return f"devices of pool {pool}"


def estimate_of(offer: str) -> str:
    """Return what an offer's row of the estimate is called in a report."""
    return f"estimate of {offer}"


def parts_of(offer: str) -> str:
    """Return what the priced parts of an offer's GPUs are called in a report."""
    return f"parts of {offer}"


def plan_of(subject: str) -> str:
    """Return what the plan's word on an offer, a pool or a team is called in a report."""
    return f"plan of {subject}"


def _charts(plan: Plan) -> dict[str, Manifest]:
    operator, exporter = plan.gpu_operator, plan.dcgm_exporter
    found = {}
    if operator is not None and operator.install is Install.HELM:
        found[GPU_OPERATOR] = gpu_operator.chart_values(plan)
    if exporter is not None and exporter.install is Install.HELM and measured_alone(plan):
        found[DCGM_EXPORTER] = dcgm_exporter.chart_values(plan)
    if plan.cloud is Cloud.EKS and plan.karpenter.install is Install.HELM:
        found[KARPENTER] = karpenter.chart_values(plan)
    if prometheus.is_installed(plan):
        found[PROMETHEUS] = prometheus.chart_values(plan)
    if plan.opencost is not None and plan.opencost.install is OptionalInstall.HELM:
        found[OPENCOST] = opencost.chart_values(plan)
    return found


def _node_pools(plan: Plan) -> dict[str, Arguments]:
    site = site_of(plan)
    # Names that only Google knows; no comparison reads them.
    return {
        offer.name: node_pool_args(plan, site, offer, cluster=site.cluster, account=site.node_account)
        for offer in plan.offers
    }
