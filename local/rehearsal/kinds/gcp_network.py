"""Networks of Google Cloud, and what its other kinds share.

Source: hashicorp/terraform-provider-google-beta@93c65b2d (2026-08-21), the provider below pulumi_gcp 10; the files that
`source` names are in its folder google-beta/services. Auto-names: pulumi/pulumi-gcp@ed6078aa provider/resources.go.
"""

from local.rehearsal.kinds.kind import AutoName, Guard, Kind, Reference

COMPUTE = "https://www.googleapis.com/compute/v1/"

NETWORK = "gcp:compute/network:Network"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
_ROUTER = "gcp:compute/router:Router"

LOWER_NAME = AutoName(longest=63, is_lower=True)
LONG_NAME = AutoName(longest=255)
# Source: upstream's guide to version 8, website/docs/guides/version_8_upgrade.html.markdown.
POLICY = Guard(property="deletionPolicy", value="PREVENT", default="DELETE")
POLICY_DEFAULT = {"deletionPolicy": "DELETE"}


def by(token: str, *outputs: str) -> tuple[tuple[str, str], ...]:
    """Return that a kind may be named by its id or by one of these outputs."""
    return tuple((token, output) for output in ("id", *outputs))


def by_link(token: str) -> tuple[tuple[str, str], ...]:
    """Return how Compute Engine's own resources may be named."""
    return by(token, "selfLink", "name")


KINDS = (
    Kind(
        type=NETWORK,
        source="compute/resource_compute_network.go",
        identity="projects/{project}/global/networks/{name}",
        replaces=frozenset(
            {"name", "project", "description", "autoCreateSubnetworks", "internalIpv6Range", "networkProfile", "params"}
        ),
        named=LOWER_NAME,
        settings=("project",),
        defaults={"autoCreateSubnetworks": True, "routingMode": "REGIONAL", **POLICY_DEFAULT},
        outputs={"selfLink": COMPUTE + "{id}", "networkId": "{seed:digits19}", "numericId": "{networkId}"},
        guards=(POLICY,),
    ),
    Kind(
        type=SUBNETWORK,
        source="compute/resource_compute_subnetwork.go",
        identity="projects/{project}/regions/{region}/subnetworks/{name}",
        replaces=frozenset(
            {
                *("name", "project", "region", "network", "description", "params", "resolveSubnetMask"),
                *("externalIpv6Prefix", "internalIpv6Prefix", "reservedInternalRange"),
            }
        ),
        named=LOWER_NAME,
        settings=("project", "region"),
        defaults={"purpose": "PRIVATE", "stackType": "IPV4_ONLY", **POLICY_DEFAULT},
        outputs={"selfLink": COMPUTE + "{id}", "creationTimestamp": "{created}"},
        references=(Reference(path="network", to=by_link(NETWORK), holds=True),),
        guards=(POLICY,),
    ),
    Kind(
        type=_ROUTER,
        source="compute/resource_compute_router.go",
        identity="projects/{project}/regions/{region}/routers/{name}",
        replaces=frozenset(
            {"name", "project", "region", "network", "encryptedInterconnectRouter", "nccGateway", "params"}
        ),
        named=LOWER_NAME,
        settings=("project", "region"),
        defaults=POLICY_DEFAULT,
        outputs={"selfLink": COMPUTE + "{id}", "creationTimestamp": "{created}"},
        references=(Reference(path="network", to=by_link(NETWORK), holds=True),),
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:compute/routerNat:RouterNat",
        source="compute/resource_compute_router_nat.go",
        identity="{project}/{region}/{router:last}/{name}",
        replaces=frozenset({"name", "project", "region", "router", "endpointTypes", "initialNatIps", "type"}),
        named=LOWER_NAME,
        settings=("project", "region"),
        defaults=POLICY_DEFAULT,
        references=(
            Reference(path="router", to=by_link(_ROUTER)),
            Reference(path="subnetworks.name", to=by_link(SUBNETWORK)),
        ),
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:compute/firewall:Firewall",
        source="compute/resource_compute_firewall.go",
        identity="projects/{project}/global/firewalls/{name}",
        replaces=frozenset({"name", "project", "direction", "params"}),
        named=LONG_NAME,
        settings=("project",),
        defaults={"direction": "INGRESS", **POLICY_DEFAULT},
        outputs={"selfLink": COMPUTE + "{id}", "creationTimestamp": "{created}"},
        references=(Reference(path="network", to=by_link(NETWORK), holds=True),),
        guards=(POLICY,),
    ),
    Kind(
        type="gcp:compute/address:Address",
        source="compute/resource_compute_address.go",
        identity="projects/{project}/regions/{region}/addresses/{name}",
        replaces=frozenset(
            {
                *("name", "project", "region", "address", "addressType", "description", "ipCollection", "ipVersion"),
                *("ipv6EndpointType", "network", "networkTier", "prefixLength", "purpose", "subnetwork"),
            }
        ),
        named=LONG_NAME,
        settings=("project", "region"),
        defaults=POLICY_DEFAULT,
        outputs={"selfLink": COMPUTE + "{id}", "address": "203.0.113.{seed:byte}", "creationTimestamp": "{created}"},
        references=(
            Reference(path="network", to=by_link(NETWORK), holds=True),
            Reference(path="subnetwork", to=by_link(SUBNETWORK), holds=True),
        ),
        guards=(POLICY,),
    ),
)
