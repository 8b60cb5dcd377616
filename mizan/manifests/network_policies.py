"""Who may talk to a team's pods, and whom they may talk to: nobody, but for what training and serving need.

Policies add up, and count where the cluster's network enforces them: GKE Dataplane V2 does, and EKS with the network
policies of its VPC CNI switched on; the embedded cluster has no network to enforce them in.
"""

from collections.abc import Iterable

from mizan import keys
from mizan.catalogue import Provider
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan

API = "networking.k8s.io/v1"
DNS_NAMESPACE = "kube-system"
DNS_PORT = 53
HTTPS_PORT = 443

# NodeLocal DNSCache has no pod address that a selector could name.
# Source: kubernetes/kubernetes cluster/addons/dns/nodelocaldns/README.md, read 2026-11-22.
NODE_LOCAL_DNS = "169.254.20.10/32"
# Cloud DNS for GKE writes the metadata server's address into every pod's resolv.conf.
# Source: https://github.com/tektoncd/operator/issues/4000, read 2026-11-22.
DNS_OF_PROVIDER: dict[Provider, tuple[str, ...]] = {"gcp": ("169.254.169.254/32",), "aws": ()}

# Metadata servers, which give a pod the rights of its node: link-local addresses, and Amazon's in IPv6.
LINK_LOCAL = {"0.0.0.0/0": ("169.254.0.0/16",), "::/0": ("fe80::/10", "fd00:ec2::/32")}

# What gives a pod its own cloud identity: (address, ports). On EKS the metadata server itself is not among them.
# Source: https://github.com/gke-labs/kube-agents/pull/805 (169.254.169.254 with Dataplane V2, 169.254.169.252 without)
# and https://docs.aws.amazon.com/eks/latest/userguide/pod-id-agent-setup.html, both read 2026-11-22.
IDENTITY: dict[Provider, tuple[tuple[str, tuple[int, ...]], ...]] = {
    "gcp": (("169.254.169.254/32", (80,)), ("169.254.169.252/32", (987, 988))),
    "aws": (("169.254.170.23/32", (80,)), ("fd00:ec2::23/128", (80,))),
}


def network_policies(team: TeamPlan, providers: Iterable[Provider]) -> list[Manifest]:
    """Return the policies of a team's namespace.

    Args:
        team: whose namespace it is.
        providers: whose machines the stack has; they differ in how a pod gets its cloud identity.
    """
    clouds = sorted(set(providers))
    return [
        _policy(team, "default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}),
        _policy(
            team,
            "allow-team",
            {
                "podSelector": {},
                "policyTypes": ["Ingress", "Egress"],
                # Gangs find each other on ports that NCCL chooses.
                "ingress": [{"from": [_same_namespace()]}, _from(keys.MONITORING)],
                "egress": [{"to": [_same_namespace()]}, _dns(clouds), _https(), *_identity(clouds)],
            },
        ),
        _policy(
            team,
            "allow-inference",
            {
                "podSelector": _labelled(keys.WORKLOAD_TYPE, keys.INFERENCE),
                "policyTypes": ["Ingress"],
                "ingress": [_from(keys.INGRESS)],
            },
        ),
    ]


def _policy(team: TeamPlan, name: str, spec: Manifest) -> Manifest:
    return {**manifest(API, "NetworkPolicy", name, namespace=team.namespace), "spec": spec}


def _same_namespace() -> Manifest:
    return {"podSelector": {}}


def _from(label: str) -> Manifest:
    namespaces = {"namespaceSelector": _labelled(label, keys.ALLOWED)}
    return {"from": [namespaces], "ports": [{"protocol": "TCP"}]}


def _dns(clouds: list[Provider]) -> Manifest:
    addresses = [NODE_LOCAL_DNS, *(address for cloud in clouds for address in DNS_OF_PROVIDER[cloud])]
    resolvers = [{"namespaceSelector": _labelled(keys.NAMESPACE_NAME, DNS_NAMESPACE)}, *map(_block, addresses)]
    return {"to": resolvers, "ports": [{"protocol": protocol, "port": DNS_PORT} for protocol in ("UDP", "TCP")]}


def _https() -> Manifest:
    """Object stores have no fixed addresses, and private ones inside somebody's network."""
    blocks = [{"ipBlock": {"cidr": everywhere, "except": list(local)}} for everywhere, local in LINK_LOCAL.items()]
    return {"to": blocks, "ports": [_tcp(HTTPS_PORT)]}


def _identity(clouds: list[Provider]) -> list[Manifest]:
    return [
        {"to": [_block(address)], "ports": [_tcp(port) for port in ports]}
        for cloud in clouds
        for address, ports in IDENTITY[cloud]
    ]


def _block(address: str) -> Manifest:
    return {"ipBlock": {"cidr": address}}


def _tcp(port: int) -> Manifest:
    return {"protocol": "TCP", "port": port}


def _labelled(key: str, value: str) -> Manifest:
    return {"matchLabels": {key: value}}
