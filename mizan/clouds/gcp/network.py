"""The VPC that a stack on GKE makes where none is given: one subnetwork, and a way out for nodes without addresses."""

from mizan.clouds.gcp.site import Arguments, Site, gke_of
from mizan.plan import Plan

# Names of the subnetwork's secondary ranges.
PODS = "pods"
SERVICES = "services"

# The API server reaches Kueue's webhooks and its list of pending jobs in pods, on these ports; 8443 is what most other
# controllers listen on. By itself GKE opens 443 and 10250 alone to the control plane of private nodes.
# Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue/templates/manager/manager.yaml;
# terraform-google-modules/terraform-google-kubernetes-engine@bb176b2 modules/beta-private-cluster/firewall.tf.
WEBHOOK_PORTS = ("8082", "8443", "9443")


def makes_network(plan: Plan) -> bool:
    """Return whether the stack makes its own VPC."""
    return gke_of(plan).network.network is None


def network_args(site: Site) -> Arguments:
    """Return the arguments of the VPC."""
    return {"name": site.cluster, "auto_create_subnetworks": False, "routing_mode": "REGIONAL"}


def subnetwork_args(plan: Plan, site: Site, *, network: object) -> Arguments:
    """Return the arguments of the subnetwork; its nodes reach Google's own services without a public address."""
    ranges = gke_of(plan).network
    return {
        "name": site.cluster,
        "region": site.region,
        "network": network,
        "ip_cidr_range": ranges.nodes_cidr,
        "private_ip_google_access": True,
        "secondary_ip_ranges": [
            {"range_name": PODS, "ip_cidr_range": ranges.pods_cidr},
            {"range_name": SERVICES, "ip_cidr_range": ranges.services_cidr},
        ],
    }


def router_args(site: Site, *, network: object) -> Arguments:
    """Return the arguments of the router that the NAT belongs to."""
    return {"name": site.cluster, "region": site.region, "network": network}


def nat_args(site: Site, *, router: object) -> Arguments:
    """Return the arguments of the NAT: private nodes pull images and data sets through it."""
    return {
        "name": site.cluster,
        "region": site.region,
        "router": router,
        "nat_ip_allocate_option": "AUTO_ONLY",
        "source_subnetwork_ip_ranges_to_nat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        # Only what fails is written down: every connection that works would be paid as a log line.
        "log_config": {"enable": True, "filter": "ERRORS_ONLY"},
    }


def webhook_firewall_args(plan: Plan, site: Site, *, network: object, account: object) -> Arguments:
    """Return the arguments of the rule by which the control plane reaches controllers on the nodes.

    Args:
        plan: of the stack.
        site: of the cluster.
        network: the VPC.
        account: address of the nodes' service account, by which the rule finds them.
    """
    return {
        "name": f"{site.cluster}-webhooks",
        "network": network,
        "direction": "INGRESS",
        "source_ranges": [gke_of(plan).network.control_plane_cidr],
        "target_service_accounts": [account],
        "allows": [{"protocol": "tcp", "ports": list(WEBHOOK_PORTS)}],
    }
