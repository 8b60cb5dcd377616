"""What a cloud refuses although every property is right: ranges that overlap, parts of another network, wrong zones.

Sources, read 2026-11-22: https://cloud.google.com/vpc/docs/subnets#valid-ranges,
https://cloud.google.com/kubernetes-engine/docs/concepts/alias-ips,
https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html and
https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html.
"""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from local.rehearsal.kinds import KINDS
from local.rehearsal.kinds.aws_network import CLUSTER as EKS_CLUSTER
from local.rehearsal.kinds.aws_network import SUBNET
from local.rehearsal.kinds.gcp_container import CLUSTER as GKE_CLUSTER
from local.rehearsal.kinds.gcp_container import NODE_POOL
from local.rehearsal.kinds.gcp_network import SUBNETWORK
from local.rehearsal.references import found, referred
from local.rehearsal.store import Record
from local.rehearsal.values import Values, at, is_unknown
from local.rehearsal.zones import is_zone, region_of, zones_of_gcp

Range = ipaddress.IPv4Network


@dataclass(frozen=True, kw_only=True)
class Case:
    """A resource about to be made or changed.

    Attributes:
        inputs: with the settings and the defaults.
        referred: by path, the outputs of what they name.
        others: every other resource of the cloud.
    """

    inputs: Values
    referred: Mapping[str, list[Values]]
    others: list[Record]

    def first(self, path: str) -> Values:
        """Return the outputs of what the input at `path` names; empty where there is nothing."""
        return next(iter(self.referred.get(path, [])), {})


def objections(kind: str, case: Case) -> Iterator[str]:
    """Yield why the cloud refuses the resource."""
    for rule in _RULES.get(kind, ()):
        yield from rule(case)


def _subnetwork_ranges(case: Case) -> Iterator[str]:
    """A subnetwork's ranges overlap neither one another nor those of the network's other subnetworks."""
    own = list(_ranges_of_subnetwork(case.inputs))
    yield from _not_ranges(own)
    network = case.first("network").get("id")
    taken = [
        (f"{name} of subnetwork {other.name}", text)
        for other in case.others
        if other.type == SUBNETWORK and _network_of(other, case.others) == network
        for name, text in _ranges_of_subnetwork(other.outputs)
    ]
    for index, (name, text) in enumerate(own):
        for other_name, other_text in [*own[:index], *taken]:
            if _overlap(text, other_text):
                yield f"{name} {text} overlaps {other_name}, {other_text}"


def _cluster_in_its_network(case: Case) -> Iterator[str]:
    """A cluster's subnetwork is of its network and has the secondary ranges that it names."""
    subnetwork = case.first("subnetwork")
    if not subnetwork:
        return
    network = case.first("network").get("id")
    theirs = _network_of_facts(subnetwork, case.others)
    if network and theirs != network:
        yield f"subnetwork {subnetwork['id']} is in network {theirs}, not in {network}"
    there = set(at(subnetwork, "secondaryIpRanges.rangeName"))
    for path in ("clusterSecondaryRangeName", "servicesSecondaryRangeName"):
        for name in at(case.inputs, f"ipAllocationPolicy.{path}"):
            if name not in there:
                yield f"subnetwork {subnetwork['id']} has no secondary range {name}"


def _cluster_in_its_region(case: Case) -> Iterator[str]:
    subnetwork, location = case.first("subnetwork"), str(case.inputs.get("location"))
    if subnetwork and subnetwork.get("region") != region_of(location):
        yield f"location is {location}, and subnetwork {subnetwork['id']} is in {subnetwork.get('region')}"


def _zones_that_are_there(case: Case) -> Iterator[str]:
    """The zone in which it is, and those of its nodes, are zones of its region."""
    location = case.inputs.get("location")
    if not location or is_unknown(location):
        return
    region = region_of(str(location))
    known = zones_of_gcp(region)
    own = [str(location)] if is_zone(str(location)) else []
    for zone in (*own, *at(case.inputs, "nodeLocations")):
        if not is_unknown(zone) and zone not in known:
            yield f"{zone} is no zone of {region}, which has {', '.join(known)}"


def _control_plane_range(case: Case) -> Iterator[str]:
    """The range of a private control plane overlaps none of the subnetwork's."""
    for text in at(case.inputs, "privateClusterConfig.masterIpv4CidrBlock"):
        for name, taken in _ranges_of_subnetwork(case.first("subnetwork")):
            if _overlap(text, taken):
                yield f"masterIpv4CidrBlock {text} overlaps {name} {taken} of the subnetwork"


def _pool_beside_its_cluster(case: Case) -> Iterator[str]:
    cluster = case.first("cluster")
    if cluster.get("location") != case.inputs.get("location"):
        yield f"location is {case.inputs.get('location')}, and the cluster's is {cluster.get('location')}"


def _subnet_ranges(case: Case) -> Iterator[str]:
    """A subnet's range lies in its network's and overlaps that of no other subnet there."""
    text, vpc = str(case.inputs.get("cidrBlock", "")), case.first("vpcId")
    if not text:
        return
    yield from _not_ranges([("cidrBlock", text)])
    if not _is_within(text, str(vpc.get("cidrBlock", ""))):
        yield f"cidrBlock {text} is not within the network's {vpc.get('cidrBlock')}"
    for other in case.others:
        if other.type == SUBNET and other.outputs.get("vpcId") == vpc.get("id"):
            taken = str(other.outputs.get("cidrBlock", ""))
            if _overlap(text, taken):
                yield f"cidrBlock {text} overlaps {taken} of subnet {other.name}"


def _cluster_over_zones(case: Case) -> Iterator[str]:
    """A cluster's subnets are of one network and in two zones at least."""
    subnets = case.referred.get("vpcConfig.subnetIds", [])
    networks = {str(subnet.get("vpcId")) for subnet in subnets}
    if len(networks) > 1:
        yield f"the subnets are of several networks: {', '.join(sorted(networks))}"
    zones = {str(subnet.get("availabilityZone")) for subnet in subnets}
    if len(zones) == 1:
        yield f"the subnets are all in zone {zones.pop()}; needs two zones at least"


_RULES: Mapping[str, tuple[Callable[[Case], Iterator[str]], ...]] = MappingProxyType(
    {
        SUBNETWORK: (_subnetwork_ranges,),
        GKE_CLUSTER: (_cluster_in_its_network, _cluster_in_its_region, _zones_that_are_there, _control_plane_range),
        NODE_POOL: (_pool_beside_its_cluster, _zones_that_are_there),
        SUBNET: (_subnet_ranges,),
        EKS_CLUSTER: (_cluster_over_zones,),
    }
)


def _ranges_of_subnetwork(values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if text := values.get("ipCidrRange"):
        yield "ipCidrRange", str(text)
    for secondary in values.get("secondaryIpRanges", []):
        if text := secondary.get("ipCidrRange"):
            yield f"secondary range {secondary.get('rangeName')}", str(text)


def _network_of(record: Record, records: list[Record]) -> str | None:
    named = referred(KINDS[record.type], record.outputs, records)["network"]
    return str(named[0]["id"]) if named else None


def _network_of_facts(facts: Values, records: list[Record]) -> str | None:
    reference = KINDS[SUBNETWORK].references[0]
    network = found(reference, facts.get("network"), records)
    return network.id if network else None


def _range(text: str) -> Range | None:
    try:
        return Range(text)
    except ValueError:
        return None


def _not_ranges(named: list[tuple[str, str]]) -> Iterator[str]:
    for name, text in named:
        if _range(text) is None:
            yield f"{name} {text} is no range of addresses"


def _overlap(one: str, other: str) -> bool:
    first, second = _range(one), _range(other)
    return first is not None and second is not None and first.overlaps(second)


def _is_within(inner: str, outer: str) -> bool:
    first, second = _range(inner), _range(outer)
    return first is not None and second is not None and first.subnet_of(second)
