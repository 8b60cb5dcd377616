"""Rules about the network of a cluster on EKS."""

import re
from collections.abc import Iterator
from ipaddress import IPv4Network

from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud
from mizan.config.models.eks import EksNetwork
from mizan.config.part import Part

ZONE_COUNT = 3
LEAST_SUBNETS = 2
LARGEST_VPC, SMALLEST_VPC = 16, 20

# In the first, a zone is closed to new accounts; in the others EKS's control plane must not stand in one of the first
# zones of the region, and which letter that zone has differs by account.
# Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html;
# https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, read 2026-11-23.
NAMED_ZONES_ONLY = frozenset({"ap-northeast-1", "us-west-1", "ca-central-1"})

# Of these a VPC has its addresses; a public range would be somebody else's, whom nothing in the VPC could reach.
# Source: RFC 1918; RFC 6598.
PRIVATE_RANGES = tuple(map(IPv4Network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")))

# Nobody comes from these over the internet, and EKS refuses them there. The ranges of documentation, such as
# 203.0.113.0/24, are not among them: they stand in examples, AWS's own too.
# Source: RFC 6890; RFC 5771; https://docs.aws.amazon.com/eks/latest/userguide/config-cluster-endpoint.html, read
# 2026-11-22.
NOT_OF_THE_INTERNET = (
    *PRIVATE_RANGES,
    *map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "198.18.0.0/15")),
    *map(IPv4Network, ("224.0.0.0/4", "240.0.0.0/4")),
)

# What says nothing where the VPC is given.
OF_OWN_VPC = ("cidr", "zones", "natGatewayPerZone")


def eks_zones_are_three_of_the_region(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the zones of a VPC that the stack makes are not three different ones of its region."""
    zones, region = stack["eks"]["network"]["zones"], stack["region"].text or ""
    names = [zone.text for zone in zones.items]
    is_made = stack["cloud"].text == Cloud.EKS and stack["eks"]["network"]["vpc"].value is None
    if is_made and not names and region in NAMED_ZONES_ONLY:
        yield ConfigFault(
            zones.path,
            "nothing",
            needs="three zones",
            because=f"not every account has the zones a, b and c in {region} for EKS",
            fix=f"Write three of what `aws ec2 describe-availability-zones --region {region}` names",
        )
    if names and (len(names) != ZONE_COUNT or len(set(names)) != ZONE_COUNT):
        yield ConfigFault(
            zones.path,
            names,
            needs="three different zones, or none",
            because="each gets a public and a private subnet, and a subnet lies in one zone",
            fix=f"Write `[{region}a, {region}b, {region}c]`, or leave it out",
        )
    yield from _outside(zones, region)


def pools_on_eks_have_a_subnet(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each zone of a pool on EKS that is not of the region, or in which the VPC has no subnet."""
    region, own = stack["region"].text or "", _zones_with_subnet(stack)
    for pool in stack["pools"].items if stack["cloud"].text == Cloud.EKS else ():
        yield from _outside(pool["zones"], region)
        for zone in pool["zones"].items:
            if own is not None and zone.text and _is_in(zone.text, region) and zone.text not in own:
                yield ConfigFault(
                    zone.path,
                    zone.text,
                    needs="a zone of the cluster",
                    because="its VPC has no subnet there, and a node stands in a subnet",
                    fix=f"Name it in `mizan:eks.network.zones`, or write one of {', '.join(sorted(own))}",
                )


def a_given_vpc_has_subnets(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where a VPC is given without two subnets, subnets without their VPC, or both with a range."""
    network = stack["eks"]["network"]
    vpc, subnets = network["vpc"], network["subnets"]
    ids = {subnet.text for subnet in subnets.items}
    is_readable = subnets.value is None or isinstance(subnets.value, list | tuple)
    if vpc.value is not None and is_readable and len(ids) < LEAST_SUBNETS:
        yield ConfigFault(
            subnets.path,
            sorted(filter(None, ids)) or "nothing",
            needs="at least two private subnets in different zones",
            because="EKS puts its control plane's interfaces into two zones",
            fix="Write `[subnet-0123456789abcdef0, subnet-0123456789abcdef1]`",
        )
    if vpc.value is None and ids:
        yield ConfigFault(
            vpc.path,
            "nothing",
            needs="the VPC of the subnets",
            because="without it the stack makes a VPC and subnets of its own",
            fix="Write its id such as `vpc-0123456789abcdef0`, or remove `subnets`",
        )
    for key in OF_OWN_VPC if vpc.value is not None else ():
        if network[key].value not in (None, [], ()):
            yield ConfigFault(
                network[key].path,
                network[key].value,
                needs="nothing",
                because="the given subnets have their addresses, zones and way out already",
                fix="Remove it, or `vpc` and `subnets`",
            )


def the_vpc_is_a_range(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for a range of addresses that is none, is too large or too small for a VPC, or is not private."""
    cidr = stack["eks"]["network"]["cidr"]
    yield from _unsound(cidr, "10.0.0.0/16")
    found = _network(cidr.text)
    if found is not None and not LARGEST_VPC <= found.prefixlen <= SMALLEST_VPC:
        yield ConfigFault(
            cidr.path,
            cidr.text,
            needs=f"a range of /{LARGEST_VPC} to /{SMALLEST_VPC}",
            because="a VPC is not larger, and in a smaller one the pods of a few nodes use up all addresses",
            fix=f"Write a range such as `{EksNetwork().cidr}`",
        )
    if found is not None and not any(found.subnet_of(private) for private in PRIVATE_RANGES):
        yield ConfigFault(
            cidr.path,
            cidr.text,
            needs=f"a private range, a part of {', '.join(map(str, PRIVATE_RANGES))}",
            because="public addresses are somebody's, and nothing in the VPC could reach them",
            fix=f"Write a range such as `{EksNetwork().cidr}`",
        )


def authorised_networks_of_eks_are_ranges(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each network that is no range, is everybody's or no one's, and where there must be one."""
    yield from _reached_by_nobody(stack)
    for network in stack["eks"]["authorisedNetworks"].items:
        cidr = network["cidr"]
        yield from _unsound(cidr, "203.0.113.0/24")
        found = _network(cidr.text)
        if found is not None and found.prefixlen == 0:
            yield ConfigFault(
                cidr.path,
                cidr.text,
                needs="a range that somebody has",
                because="it lets everybody on the internet reach the control plane",
                fix="Write the addresses of your office, your VPN or the runner of this program",
            )
        elif found is not None and (reserved := [each for each in NOT_OF_THE_INTERNET if found.overlaps(each)]):
            yield ConfigFault(
                cidr.path,
                cidr.text,
                needs="public addresses",
                because=f"nobody comes over the internet from {reserved[0]}, and EKS refuses it",
                fix="Write the public addresses of your office, your VPN or the runner of this program",
            )


def _reached_by_nobody(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where nobody reaches the control plane: from inside alone, in a VPC that is not there yet."""
    eks = stack["eks"]
    networks, network = eks["authorisedNetworks"], eks["network"]
    is_made = eks.is_mapping and network["vpc"].value is None and network["subnets"].value in (None, [], ())
    if stack["cloud"].text == Cloud.EKS and is_made and networks.value in (None, [], ()):
        yield ConfigFault(
            networks.path,
            "nothing",
            needs="a network from which the control plane is reached",
            because="without one it is reached from inside its VPC alone, and nobody is in a VPC that the stack makes",
            fix="Add `- {name: office, cidr: 203.0.113.0/24}`, or give `mizan:eks.network.vpc` and run inside it",
        )


def _zones_with_subnet(stack: Part) -> set[str] | None:
    """Return the zones in which the stack's own VPC has subnets; None where nobody can tell."""
    network, region = stack["eks"]["network"], stack["region"].text or ""
    zones = network["zones"]
    if network["vpc"].value is not None:
        return None
    if zones.value in (None, [], ()):
        return {f"{region}{letter}" for letter in "abc"}
    named = [zone.text for zone in zones.items]
    # What is no text is the model's to tell, and says nothing about the pools.
    return None if not named or None in named else set(filter(None, named))


def _is_in(zone: str, region: str) -> bool:
    return bool(re.fullmatch(rf"{re.escape(region)}[a-z]", zone))


def _outside(zones: Part, region: str) -> Iterator[ConfigFault]:
    for zone in zones.items:
        if zone.text is not None and not _is_in(zone.text, region):
            yield ConfigFault(
                zone.path,
                zone.text,
                needs=f"a zone of {region}",
                because="a cluster's subnets lie in its region",
                fix=f"Write a zone such as `{region}a`",
            )


def _network(text: str | None) -> IPv4Network | None:
    try:
        return IPv4Network(text) if text else None
    except ValueError:
        return None


def _unsound(cidr: Part, example: str) -> Iterator[ConfigFault]:
    """Yield a fault for text that looks like a range and is none: 300.0.0.0/8, or one that begins inside itself."""
    if cidr.text is None or _network(cidr.text) is not None:
        return
    try:
        begins_at = str(IPv4Network(cidr.text, strict=False))
    except ValueError:
        begins_at = example
    yield ConfigFault(
        cidr.path,
        cidr.text,
        needs="a range that begins at its first address",
        because="AWS takes no other",
        fix=f"Write `{begins_at}`",
    )
