"""The VPC: three public and three private subnets of one range, and the way out of it."""

from dataclasses import dataclass
from ipaddress import IPv4Network

from mizan import keys
from mizan.clouds.aws.site import Arguments, Site, eks_of
from mizan.clouds.aws.tags import named
from mizan.plan import Plan

EVERYWHERE = "0.0.0.0/0"

# Where load balancers of the cluster may stand.
# Source: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html, read 2026-11-23.
PUBLIC_LOAD_BALANCERS = "kubernetes.io/role/elb"
PRIVATE_LOAD_BALANCERS = "kubernetes.io/role/internal-elb"


@dataclass(frozen=True, kw_only=True)
class Subnet:
    """A subnet that the stack makes.

    Attributes:
        name: `private-us-east-1a`.
    """

    name: str
    zone: str
    cidr: str
    is_public: bool


def zones(plan: Plan) -> tuple[str, ...]:
    """Return the zones of a VPC that the stack makes: those it names, or the region's a, b and c."""
    return eks_of(plan).network.zones or tuple(f"{plan.region}{letter}" for letter in "abc")


def subnets(plan: Plan) -> tuple[Subnet, ...]:
    """Return the subnets that the stack makes; none in a VPC that it was given.

    Each zone's private subnet is a quarter of the range, as every pod takes an address there. The last quarter is cut
    into four again, of which three are the public subnets.
    """
    network = eks_of(plan).network
    if network.vpc is not None:
        return ()
    *private, last = IPv4Network(network.cidr).subnets(prefixlen_diff=2)
    public = last.subnets(prefixlen_diff=2)
    return (
        *(_subnet("private", zone, part) for zone, part in zip(zones(plan), private, strict=True)),
        *(_subnet("public", zone, part) for zone, part in zip(zones(plan), public, strict=False)),
    )


def vpc_args(plan: Plan, site: Site) -> Arguments:
    """Return the VPC's arguments. Nodes find the control plane by names."""
    return {
        "cidr_block": eks_of(plan).network.cidr,
        "enable_dns_support": True,
        "enable_dns_hostnames": True,
        "tags": named(site.cluster),
    }


def subnet_args(subnet: Subnet, site: Site, *, vpc_id: object) -> Arguments:
    """Return a subnet's arguments; Karpenter finds the private ones by their tag."""
    roles = (
        {PUBLIC_LOAD_BALANCERS: "1"}
        if subnet.is_public
        else {PRIVATE_LOAD_BALANCERS: "1", keys.KARPENTER_DISCOVERY: site.cluster}
    )
    return {
        "vpc_id": vpc_id,
        "availability_zone": subnet.zone,
        "cidr_block": subnet.cidr,
        "map_public_ip_on_launch": False,
        "tags": named(f"{site.cluster}-{subnet.name}", **roles),
    }


def nat_zones(plan: Plan) -> tuple[str, ...]:
    """Return the zones with a NAT gateway: all, or the first, through which the others go too."""
    found = zones(plan)
    return found if eks_of(plan).network.nat_gateway_per_zone else found[:1]


def nat_zone_of(plan: Plan, zone: str) -> str:
    """Return the zone through whose NAT gateway another goes out."""
    return zone if zone in nat_zones(plan) else nat_zones(plan)[0]


def storage_endpoint_args(site: Site, *, vpc_id: object, route_table_ids: object) -> Arguments:
    """Return the arguments of the way to S3 that costs nothing.

    Checkpoints and image layers would else pass a NAT gateway, which is paid for by the GB.
    Source: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-s3.html, read 2026-11-23.
    """
    return {
        "vpc_id": vpc_id,
        "service_name": f"com.amazonaws.{site.region}.s3",
        "vpc_endpoint_type": "Gateway",
        "route_table_ids": route_table_ids,
        "tags": named(f"{site.cluster}-s3"),
    }


def _subnet(kind: str, zone: str, cidr: IPv4Network) -> Subnet:
    return Subnet(name=f"{kind}-{zone}", zone=zone, cidr=str(cidr), is_public=kind == "public")
