"""Rules about the network of a cluster on GKE: ranges that are ranges, apart from each other, and large enough."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network
from itertools import combinations

from mizan.config.faults import ConfigFault
from mizan.config.models.gke import GkeNetwork, SystemPool
from mizan.config.models.networks import CIDR_PATTERN
from mizan.config.part import Part

EXISTING = ("network", "subnetwork", "podsRange", "servicesRange")
OWN_RANGES = {"nodesCidr": "nodes_cidr", "podsCidr": "pods_cidr", "servicesCidr": "services_cidr"}
RANGES = {**OWN_RANGES, "controlPlaneCidr": "control_plane_cidr"}

# Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_cluster.html.markdown,
# master_ipv4_cidr_block.
CONTROL_PLANE_LENGTH = 28

# A node takes a /24 for its 110 pods, and Google keeps four addresses of every subnetwork for itself.
# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/flexible-pod-cidr;
# https://cloud.google.com/vpc/docs/subnets, read 2026-11-23.
POD_RANGE_LENGTH = 24
KEPT_BY_GOOGLE = 4

# An upgrade of the system pool adds a node before it takes one (mizan/clouds/gcp/system_pool.py).
SYSTEM_SURGE = 1


def an_existing_vpc_is_named_whole(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each name of an existing VPC that is missing, and for each range that it would ignore."""
    network = stack["gke"]["network"]
    named = [key for key in EXISTING if network[key].value is not None]
    if not named:
        return
    for key in (key for key in EXISTING if key not in named):
        yield ConfigFault(
            network[key].path,
            "nothing",
            needs="a name",
            because="nodes, pods and services take their addresses from what the VPC has",
            fix=f"Add `{key}`, or remove {' and '.join(f'`{each}`' for each in named)}",
        )
    for key in (key for key in OWN_RANGES if network[key].value is not None):
        yield ConfigFault(
            network[key].path,
            network[key].value,
            needs="no range",
            because="an existing VPC has its own",
            fix=f"Remove `{key}`",
        )


def ranges_begin_where_they_say(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each range that is none, or that begins inside itself."""
    network = stack["gke"]["network"]
    for key in RANGES:
        yield from _unsound(network[key])
    for each in stack["gke"]["authorisedNetworks"].items:
        yield from _unsound(each["cidr"])


def _unsound(cidr: Part) -> Iterator[ConfigFault]:
    # What does not even look like a range is the model's to tell.
    if cidr.text is None or not re.fullmatch(CIDR_PATTERN, cidr.text) or _network(cidr.text) is not None:
        return
    try:
        begins = IPv4Network(cidr.text, strict=False)
    except ValueError:
        because, fix = "no address has such a number", "Write four numbers up to 255 and a length up to 32"
    else:
        because, fix = "Google takes no other", f"Write `{begins}`"
    yield ConfigFault(cidr.path, cidr.text, needs="a range that begins at its first address", because=because, fix=fix)


def nobody_means_everybody(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each authorised network that is the whole internet."""
    for each in stack["gke"]["authorisedNetworks"].items:
        found = _network(each["cidr"].text)
        if found is not None and found.prefixlen == 0:
            yield ConfigFault(
                each["cidr"].path,
                each["cidr"].text,
                needs="a range that somebody has",
                because="it lets everybody on the internet reach the control plane",
                fix="Write the addresses of your office, your VPN or the runner of this program",
            )


def ranges_stand_apart(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each two ranges of the stack's own VPC that share addresses."""
    if not _makes_network(stack):
        return
    network = stack["gke"]["network"]
    for first, second in combinations(RANGES, 2):
        one, other = _range(network, first), _range(network, second)
        if one is None or other is None or not one.overlaps(other):
            continue
        told, beside, whose = (second, first, one) if network[second].value is not None else (first, second, other)
        yield ConfigFault(
            network[told].path,
            network[told].value,
            needs=f"a range apart from `{beside}`, which is {whose}",
            because="an address must lead to one place",
            fix="Choose a range that nothing else uses",
        )


def the_control_plane_has_its_16_addresses(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where its range is not of /28."""
    cidr = stack["gke"]["network"]["controlPlaneCidr"]
    found = _network(cidr.text)
    if found is not None and found.prefixlen != CONTROL_PLANE_LENGTH:
        yield ConfigFault(
            cidr.path,
            cidr.text,
            needs=f"a range of /{CONTROL_PLANE_LENGTH}",
            because="GKE gives its control plane 16 addresses, no more and no fewer",
            fix=f"Write `{found.network_address}/{CONTROL_PLANE_LENGTH}`",
        )


def ranges_hold_all_nodes(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the stack's own VPC has too few addresses for all its pools at their largest."""
    if not _makes_network(stack):
        return
    network, nodes = stack["gke"]["network"], _most_nodes(stack)
    pods, own = _range(network, "podsCidr"), _range(network, "nodesCidr")
    if pods is not None and 2 ** (POD_RANGE_LENGTH - pods.prefixlen) < nodes:
        length = POD_RANGE_LENGTH - (nodes - 1).bit_length()
        yield ConfigFault(
            network["podsCidr"].path,
            str(pods),
            needs=f"room for {nodes} nodes, a range of /{length}",
            because="every node takes 256 addresses for its pods, and a full range stops the autoscaler",
            fix=f"Write a range such as `{_begin(pods, length)}`, or lower `maxNodes` of the pools",
        )
    if own is not None and own.num_addresses - KEPT_BY_GOOGLE < nodes:
        length = 32 - (nodes + KEPT_BY_GOOGLE - 1).bit_length()
        yield ConfigFault(
            network["nodesCidr"].path,
            str(own),
            needs=f"room for {nodes} nodes, a range of /{length}",
            because=f"every node takes an address, and Google keeps {KEPT_BY_GOOGLE} for itself",
            fix=f"Write a range such as `{_begin(own, length)}`, or lower `maxNodes` of the pools",
        )


def _begin(network: IPv4Network, length: int) -> IPv4Network:
    return IPv4Network((network.network_address, length), strict=False)


def _most_nodes(stack: Part) -> int:
    """Return how many nodes there are at most, those that an upgrade adds among them."""
    system = stack["gke"]["systemPool"]["maxNodes"].number or SystemPool.model_fields["max_nodes"].default
    total: int = system + SYSTEM_SURGE
    for pool in stack["pools"].items:
        surge = pool["gke"]["maxSurge"].number or 0
        total += sum((capacity["maxNodes"].number or 0) + surge for capacity in pool["capacity"].items)
    return total


def _makes_network(stack: Part) -> bool:
    """Return whether the stack makes its own VPC."""
    gke = stack["gke"]
    return gke.is_mapping and all(gke["network"][key].value is None for key in EXISTING)


def _range(network: Part, key: str) -> IPv4Network | None:
    """Return a range as it is written, or by default; None where it is none."""
    part = network[key]
    return _network(GkeNetwork.model_fields[RANGES[key]].default if part.value is None else part.text)


def _network(text: str | None) -> IPv4Network | None:
    try:
        return IPv4Network(text) if text else None
    except ValueError:
        return None
