"""What a stack is given and its cloud has before it: keys, networks, people. The simulated cloud gets it first."""

from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from local.rehearsal.cloud import SimulatedCloud
from local.rehearsal.clouds import CLOUDS
from local.rehearsal.requests import Target
from local.rehearsal.schema import Sdk
from mizan.clouds.aws.network import zones
from mizan.config import Eks, Gke
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Given:
    """One resource that the stack names and does not make.

    Attributes:
        type: its type in Pulumi.
        inputs: what it is.
        identity: its id, where the cloud makes it up.
    """

    type: str
    inputs: dict[str, Any]
    identity: str | None = None


def given(plan: Plan) -> list[Given]:
    """Return what must be there, each after what it refers to."""
    if plan.gke is not None:
        return [*_key_of_google(plan.gke), *_network_of_google(plan.gke, plan.region)]
    if plan.eks is not None:
        return [*_key_of_aws(plan.eks), *_network_of_aws(plan.eks, plan), *_people_of_aws(plan.eks)]
    return []


def place(plan: Plan, folder: Path, package: str) -> None:
    """Put it into the simulated cloud of a folder.

    Raises:
        Refused: the cloud would not have it.
    """
    settings: dict[str, Any] = {"region": plan.region}
    if plan.gke is not None:
        settings["project"] = plan.gke.project
    if plan.eks is not None:
        settings["allowedAccountIds"] = [plan.eks.account]
    cloud = SimulatedCloud(CLOUDS[package], Sdk(package), folder, settings, lambda *_: None)
    for count, item in enumerate(given(plan)):
        cloud.place(Target(type=item.type, urn=f"given::{count}"), item.inputs, item.identity)


def _key_of_google(gke: Gke) -> list[Given]:
    if gke.secrets_key is None:
        return []
    ring, _, key = gke.secrets_key.partition("/cryptoKeys/")
    _, project, _, location, _, name = ring.split("/")
    return [
        Given(type="gcp:kms/keyRing:KeyRing", inputs={"name": name, "location": location, "project": project}),
        Given(type="gcp:kms/cryptoKey:CryptoKey", inputs={"name": key, "keyRing": ring}),
    ]


def _network_of_google(gke: Gke, region: str) -> list[Given]:
    network = gke.network
    if network.network is None:
        return []
    ranges = {network.pods_range: network.pods_cidr, network.services_range: network.services_cidr}
    subnetwork = {
        "name": network.subnetwork,
        "network": network.network,
        "region": region,
        "ipCidrRange": network.nodes_cidr,
        "secondaryIpRanges": [{"rangeName": name, "ipCidrRange": cidr} for name, cidr in ranges.items()],
    }
    return [
        Given(type="gcp:compute/network:Network", inputs={"name": network.network, "autoCreateSubnetworks": False}),
        Given(type="gcp:compute/subnetwork:Subnetwork", inputs=subnetwork),
    ]


def _key_of_aws(eks: Eks) -> list[Given]:
    if eks.secrets_key is None:
        return []
    return [Given(type="aws:kms/key:Key", inputs={}, identity=eks.secrets_key.partition(":key/")[2])]


def _network_of_aws(eks: Eks, plan: Plan) -> list[Given]:
    """Return the VPC and its subnets, over the zones in turn; their ranges are made up."""
    network = eks.network
    if network.vpc is None:
        return []
    in_zones = zones(plan)
    ranges = IPv4Network(network.cidr).subnets(prefixlen_diff=4)
    return [
        Given(type="aws:ec2/vpc:Vpc", inputs={"cidrBlock": network.cidr}, identity=network.vpc),
        *(
            Given(
                type="aws:ec2/subnet:Subnet",
                inputs={
                    "vpcId": network.vpc,
                    "cidrBlock": str(cidr),
                    "availabilityZone": in_zones[count % len(in_zones)],
                },
                identity=subnet,
            )
            for count, (subnet, cidr) in enumerate(zip(network.subnets, ranges, strict=False))
        ),
    ]


def _people_of_aws(eks: Eks) -> list[Given]:
    """Return the roles of the account that the stack lets into the cluster."""
    found = []
    for access in eks.access:
        _, _, rest = access.principal.partition(f"::{eks.account}:role")
        path, _, name = rest.rpartition("/")
        if name:
            inputs = {"name": name, "path": f"{path}/", "assumeRolePolicy": "{}"}
            found.append(Given(type="aws:iam/role:Role", inputs=inputs))
    return found
