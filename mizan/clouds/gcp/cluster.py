"""The cluster on GKE: its control plane, and how it is reached."""

import json
from datetime import date, datetime, time, timedelta

from mizan import versions
from mizan.clouds.gcp.network import PODS, SERVICES
from mizan.clouds.gcp.nodes import default_node_args
from mizan.clouds.gcp.site import Arguments, Site, gke_of
from mizan.config import Gke, Maintenance, Weekday
from mizan.plan import Plan

# A window begins on a day of its own; GKE reads the days of the week from there on. It never moves, as a stack must not
# change by itself overnight.
FIRST_MONDAY = date(2026, 1, 5)

# Google's managed Prometheus is paid for each sample, and the platform has one of its own.
# Source: https://cloud.google.com/stackdriver/docs/managed-prometheus/cost-controls, read 2026-11-23.
METRICS = ("SYSTEM_COMPONENTS",)
LOGS = ("SYSTEM_COMPONENTS", "WORKLOADS")

# Asks Google for a token with the credentials of whoever runs it.
# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl, read 2026-11-23.
LOGIN_COMMAND = "gke-gcloud-auth-plugin"
# Else it takes gcloud's own account, which need not be the one that the provider has found, nor be there at all.
# Source: kubernetes/cloud-provider-gcp@9528964 cmd/gke-gcloud-auth-plugin/cred.go.
LOGIN_ARGUMENTS = ("--use_application_default_credentials",)


def cluster_args(plan: Plan, site: Site, *, network: object, subnetwork: object, account: object) -> Arguments:
    """Return the cluster's arguments.

    GKE makes no cluster without a node pool: the default one comes with the cluster and goes at once, and runs as our
    own account meanwhile. All others are resources of their own, so that one can change without the cluster.
    Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_node_pool.html.markdown.

    Args:
        plan: of the stack.
        site: where it stands.
        network: the VPC.
        subnetwork: its subnetwork.
        account: address of the nodes' service account.
    """
    gke = gke_of(plan)
    return {
        "name": site.cluster,
        "project": site.project,
        "location": site.location,
        **_node_locations(gke),
        "network": network,
        "subnetwork": subnetwork,
        "networking_mode": "VPC_NATIVE",
        "ip_allocation_policy": {
            "cluster_secondary_range_name": gke.network.pods_range or PODS,
            "services_secondary_range_name": gke.network.services_range or SERVICES,
        },
        # Dataplane V2: network policies hold without an add-on.
        "datapath_provider": "ADVANCED_DATAPATH",
        **_reached(gke),
        "release_channel": {"channel": gke.release_channel.value},
        "min_master_version": versions.GKE,
        "maintenance_policy": _maintenance_policy(gke.maintenance),
        "workload_identity_config": {"workload_pool": site.workload_pool},
        "enable_shielded_nodes": True,
        **({"database_encryption": {"state": "ENCRYPTED", "key_name": gke.secrets_key}} if gke.secrets_key else {}),
        # No node pools that nobody planned; those there are fill up before the next node, and empty ones go soon.
        "cluster_autoscaling": {"enabled": False, "autoscaling_profile": "OPTIMIZE_UTILIZATION"},
        # Checkpoints in buckets and on shared volumes; names are looked up on the node.
        "addons_config": {
            "gcs_fuse_csi_driver_config": {"enabled": True},
            "gcp_filestore_csi_driver_config": {"enabled": True},
            "gce_persistent_disk_csi_driver_config": {"enabled": True},
            "dns_cache_config": {"enabled": True},
        },
        "logging_config": {"enable_components": list(LOGS)},
        "monitoring_config": {"enable_components": list(METRICS), "managed_prometheus": {"enabled": False}},
        # Namespaces and labels of pods stand on Google's bill.
        "cost_management_config": {"enabled": True},
        "resource_labels": dict(plan.cloud_labels),
        "deletion_protection": gke.deletion_protection,
        "remove_default_node_pool": True,
        "initial_node_count": 1,
        "node_config": default_node_args(account=account),
    }


def _node_locations(gke: Gke) -> Arguments:
    """Return the zones of the nodes; a zonal cluster's own is not named again.

    Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/r/container_cluster.html.markdown.
    """
    others = [zone for zone in gke.node_zones if zone != gke.zone]
    return {"node_locations": others} if others else {}


def _reached(gke: Gke) -> Arguments:
    """Return who reaches nodes and control plane: nodes have no public address, the control plane knows its callers."""
    return {
        "private_cluster_config": {
            "enable_private_nodes": True,
            "enable_private_endpoint": False,
            "master_ipv4_cidr_block": gke.network.control_plane_cidr,
        },
        "master_authorized_networks_config": {
            "cidr_blocks": [
                {"display_name": network.name, "cidr_block": network.cidr} for network in gke.authorised_networks
            ],
            # Else every machine at Google could knock, anybody's.
            "gcp_public_cidrs_access_enabled": False,
        },
    }


def _maintenance_policy(maintenance: Maintenance) -> Arguments:
    """Return when GKE may upgrade, and when it may not although a window is open."""
    exclusions = [
        {
            "exclusion_name": exclusion.name,
            "start_time": _written(exclusion.start),
            "end_time": _written(exclusion.end),
            "exclusion_options": {"scope": exclusion.scope.value},
        }
        for exclusion in maintenance.exclusions
    ]
    return {
        "recurring_window": _window(maintenance),
        **({"maintenance_exclusions": exclusions} if exclusions else {}),
    }


def _window(maintenance: Maintenance) -> Arguments:
    """Return the window in which GKE may upgrade, as RFC 5545 writes it."""
    week = list(Weekday)
    days = sorted(set(maintenance.days), key=week.index)
    first = FIRST_MONDAY + timedelta(days=week.index(days[0]))
    start = datetime.combine(first, time(maintenance.start_hour))
    return {
        "start_time": _written(start),
        "end_time": _written(start + timedelta(hours=maintenance.hours)),
        "recurrence": f"FREQ=WEEKLY;BYDAY={','.join(day.value for day in days)}",
    }


def _written(moment: datetime) -> str:
    """Return a moment of UTC as GKE gives it back; anything else would differ at every update."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def kubeconfig(site: Site, *, endpoint: str, authority: str) -> str:
    """Return a kubeconfig without any secret: whoever uses it asks Google for a token.

    JSON is YAML, and its text is the same in every run.

    Args:
        site: of the cluster.
        endpoint: its address.
        authority: its certificate, in base64.
    """
    name = site.cluster
    login = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": LOGIN_COMMAND,
        "args": list(LOGIN_ARGUMENTS),
        "installHint": f"Install {LOGIN_COMMAND}: gcloud components install {LOGIN_COMMAND}",
        "provideClusterInfo": True,
    }
    body = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{endpoint}", "certificate-authority-data": authority}}
        ],
        "users": [{"name": name, "user": {"exec": login}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
        "current-context": name,
    }
    return json.dumps(body, indent=1)
