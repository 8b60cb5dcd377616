"""The cluster on GKE, its network and its system nodes, as arguments of the SDK."""

import json

import pytest

from mizan.clouds.gcp.account import node_account_args, node_role_args
from mizan.clouds.gcp.cluster import cluster_args, kubeconfig
from mizan.clouds.gcp.network import (
    makes_network,
    nat_args,
    network_args,
    router_args,
    subnetwork_args,
    webhook_firewall_args,
)
from mizan.clouds.gcp.site import gke_of, site_of
from mizan.clouds.gcp.system_pool import system_pool_args
from mizan.errors import PlatformError
from mizan.plan import Plan
from tests.builders import a_plan
from tests.gke_stacks import PROJECT, ZONE, a_gke_plan, a_gke_stack

KEY = "projects/p/locations/us-central1/keyRings/r/cryptoKeys/k"
GIVEN = {"network": "shared", "subnetwork": "gpu", "podsRange": "pod-range", "servicesRange": "service-range"}


def the_cluster(plan: Plan | None = None) -> dict:
    plan = plan or a_gke_plan()
    return cluster_args(plan, site_of(plan), network="a-vpc", subnetwork="a-subnetwork", account="nodes@p.example")


def the_cluster_with(**gke: object) -> dict:
    return the_cluster(a_gke_plan(a_gke_stack(gke)))


def test_a_cluster_is_private_shielded_and_split_on_the_bill():
    assert the_cluster() == {
        "name": "gke-test",
        "project": PROJECT,
        "location": "us-central1",
        "network": "a-vpc",
        "subnetwork": "a-subnetwork",
        "networking_mode": "VPC_NATIVE",
        "ip_allocation_policy": {
            "cluster_secondary_range_name": "pods",
            "services_secondary_range_name": "services",
        },
        "datapath_provider": "ADVANCED_DATAPATH",
        "private_cluster_config": {
            "enable_private_nodes": True,
            "enable_private_endpoint": False,
            "master_ipv4_cidr_block": "172.16.0.0/28",
        },
        "master_authorized_networks_config": {
            "cidr_blocks": [{"display_name": "office", "cidr_block": "203.0.113.0/24"}],
            "gcp_public_cidrs_access_enabled": False,
        },
        "release_channel": {"channel": "REGULAR"},
        "min_master_version": "1.35",
        "maintenance_policy": {
            "recurring_window": {
                "start_time": "2026-01-10T02:00:00Z",
                "end_time": "2026-01-10T08:00:00Z",
                "recurrence": "FREQ=WEEKLY;BYDAY=SA,SU",
            }
        },
        "workload_identity_config": {"workload_pool": f"{PROJECT}.svc.id.goog"},
        "enable_shielded_nodes": True,
        "cluster_autoscaling": {"enabled": False, "autoscaling_profile": "OPTIMIZE_UTILIZATION"},
        "addons_config": {
            "gcs_fuse_csi_driver_config": {"enabled": True},
            "gcp_filestore_csi_driver_config": {"enabled": True},
            "gce_persistent_disk_csi_driver_config": {"enabled": True},
            "dns_cache_config": {"enabled": True},
        },
        "logging_config": {"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
        "monitoring_config": {
            "enable_components": ["SYSTEM_COMPONENTS"],
            "managed_prometheus": {"enabled": False},
        },
        "cost_management_config": {"enabled": True},
        "resource_labels": {"stack": "gke-test", "managed-by": "mizan"},
        "deletion_protection": True,
        "remove_default_node_pool": True,
        "initial_node_count": 1,
        "node_config": {
            "service_account": "nodes@p.example",
            "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
        },
    }


def test_secrets_are_encrypted_with_a_key_where_one_is_given():
    assert the_cluster_with(secretsKey=KEY)["database_encryption"] == {"state": "ENCRYPTED", "key_name": KEY}
    assert "database_encryption" not in the_cluster()


def test_labels_of_the_stack_are_labels_of_the_cluster():
    labels = the_cluster(a_gke_plan(a_gke_stack(labels={"environment": "prod"})))["resource_labels"]
    assert labels == {"environment": "prod", "stack": "gke-test", "managed-by": "mizan"}


def test_what_a_stack_says_of_its_cluster_holds():
    networks = [{"name": "a", "cidr": "198.51.100.0/24"}, {"name": "b", "cidr": "203.0.113.7/32"}]
    found = the_cluster_with(
        releaseChannel="STABLE",
        deletionProtection=False,
        authorisedNetworks=networks,
        network={"controlPlaneCidr": "10.100.0.0/28"},
    )
    assert found["release_channel"] == {"channel": "STABLE"}
    assert found["deletion_protection"] is False
    assert found["private_cluster_config"]["master_ipv4_cidr_block"] == "10.100.0.0/28"
    assert found["master_authorized_networks_config"]["cidr_blocks"] == [
        {"display_name": "a", "cidr_block": "198.51.100.0/24"},
        {"display_name": "b", "cidr_block": "203.0.113.7/32"},
    ]


@pytest.mark.parametrize(
    ("settings", "location", "others"),
    [
        ({}, "us-central1", None),
        ({"nodeZones": ["us-central1-a", "us-central1-f"]}, "us-central1", ["us-central1-a", "us-central1-f"]),
        ({"zone": ZONE}, ZONE, None),
        ({"zone": ZONE, "nodeZones": [ZONE]}, ZONE, None),
        ({"zone": ZONE, "nodeZones": ["us-central1-f", ZONE]}, ZONE, ["us-central1-f"]),
    ],
)
def test_a_cluster_is_regional_unless_a_zone_is_named_and_names_that_zone_once(settings, location, others):
    found = the_cluster_with(**settings)
    assert (found["location"], found.get("node_locations")) == (location, others)


@pytest.mark.parametrize(
    ("window", "start", "end", "recurrence"),
    [
        ({"days": ["SU", "MO", "SU"], "startHour": 22, "hours": 6},
         "2026-01-05T22:00:00Z", "2026-01-06T04:00:00Z", "FREQ=WEEKLY;BYDAY=MO,SU"),
        ({"days": ["TH"], "startHour": 0, "hours": 24},
         "2026-01-08T00:00:00Z", "2026-01-09T00:00:00Z", "FREQ=WEEKLY;BYDAY=TH"),
    ],
)  # fmt: skip
def test_a_maintenance_window_begins_on_its_first_day_and_may_pass_midnight(window, start, end, recurrence):
    assert the_cluster_with(maintenance=window)["maintenance_policy"]["recurring_window"] == {
        "start_time": start,
        "end_time": end,
        "recurrence": recurrence,
    }


def test_a_given_vpc_keeps_its_own_ranges():
    plan = a_gke_plan(a_gke_stack({"network": GIVEN}))
    assert makes_network(plan) is False
    assert the_cluster(plan)["ip_allocation_policy"] == {
        "cluster_secondary_range_name": "pod-range",
        "services_secondary_range_name": "service-range",
    }


def test_a_vpc_of_the_stack_s_own_has_one_subnetwork_a_way_out_and_a_way_in_for_webhooks():
    plan = a_gke_plan(a_gke_stack({"network": {"controlPlaneCidr": "172.16.1.0/28", "podsCidr": "10.16.0.0/14"}}))
    site = site_of(plan)
    assert makes_network(plan) is True
    assert network_args(site) == {
        "name": "gke-test", "auto_create_subnetworks": False, "routing_mode": "REGIONAL",
    }  # fmt: skip
    assert subnetwork_args(plan, site, network="n") == {
        "name": "gke-test",
        "region": "us-central1",
        "network": "n",
        "ip_cidr_range": "10.0.0.0/20",
        "private_ip_google_access": True,
        "secondary_ip_ranges": [
            {"range_name": "pods", "ip_cidr_range": "10.16.0.0/14"},
            {"range_name": "services", "ip_cidr_range": "10.8.0.0/20"},
        ],
    }
    assert router_args(site, network="n") == {"name": "gke-test", "region": "us-central1", "network": "n"}
    assert nat_args(site, router="r") == {
        "name": "gke-test",
        "region": "us-central1",
        "router": "r",
        "nat_ip_allocate_option": "AUTO_ONLY",
        "source_subnetwork_ip_ranges_to_nat": "ALL_SUBNETWORKS_ALL_IP_RANGES",
        "log_config": {"enable": True, "filter": "ERRORS_ONLY"},
    }
    assert webhook_firewall_args(plan, site, network="n", account="nodes@p.example") == {
        "name": "gke-test-webhooks",
        "network": "n",
        "direction": "INGRESS",
        "source_ranges": ["172.16.1.0/28"],
        "target_service_accounts": ["nodes@p.example"],
        "allows": [{"protocol": "tcp", "ports": ["8082", "8443", "9443"]}],
    }


def test_nodes_run_as_an_account_of_their_own_with_one_role():
    site = site_of(a_gke_plan())
    assert node_account_args(site) == {
        "account_id": "gke-test-nodes",
        "project": PROJECT,
        "display_name": "Nodes of GKE cluster gke-test",
    }
    assert node_role_args(site, account="serviceAccount:nodes@p.example") == {
        "project": PROJECT,
        "role": "roles/container.defaultNodeServiceAccount",
        "member": "serviceAccount:nodes@p.example",
    }


def test_system_nodes_have_no_taint_so_that_controllers_have_a_place():
    zones = ["us-central1-a", "us-central1-f"]
    plan = a_gke_plan(a_gke_stack({"systemPool": {"machine": "n4-standard-4", "minNodes": 2, "maxNodes": 5},
                                   "nodeZones": zones}))  # fmt: skip
    pool = system_pool_args(plan, site_of(plan), cluster="gke-test", account="nodes@p.example")
    config = pool.pop("node_config")
    assert pool == {
        "name": "system",
        "cluster": "gke-test",
        "location": "us-central1",
        "node_locations": zones,
        "initial_node_count": 1,
        "autoscaling": {"total_min_node_count": 2, "total_max_node_count": 5, "location_policy": "BALANCED"},
        "management": {"auto_repair": True, "auto_upgrade": True},
        "upgrade_settings": {"strategy": "SURGE", "max_surge": 1, "max_unavailable": 0},
    }
    assert (config["machine_type"], config["disk_type"]) == ("n4-standard-4", "hyperdisk-balanced")
    assert config["resource_labels"] == {"stack": "gke-test", "managed-by": "mizan", "pool": "system"}
    assert config["workload_metadata_config"] == {"mode": "GKE_METADATA"}
    assert not {"taints", "labels", "guest_accelerators", "spot"} & config.keys()


def test_a_kubeconfig_names_the_login_command_and_holds_no_secret():
    text = kubeconfig(site_of(a_gke_plan()), endpoint="34.1.2.3", authority="Q0E=")
    assert json.loads(text) == {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {
                "name": "gke-test",
                "cluster": {"server": "https://34.1.2.3", "certificate-authority-data": "Q0E="},
            }
        ],
        "users": [
            {
                "name": "gke-test",
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1beta1",
                        "command": "gke-gcloud-auth-plugin",
                        "args": ["--use_application_default_credentials"],
                        "installHint": "Install gke-gcloud-auth-plugin: gcloud components install "
                        "gke-gcloud-auth-plugin",
                        "provideClusterInfo": True,
                    }
                },
            }
        ],
        "contexts": [{"name": "gke-test", "context": {"cluster": "gke-test", "user": "gke-test"}}],
        "current-context": "gke-test",
    }


@pytest.mark.parametrize("stack", ["Prod", "gke_prod", "1st", "prod-", "a" * 25, ""])
def test_a_stack_whose_name_google_does_not_take_is_refused(stack):
    with pytest.raises(PlatformError) as caught:
        site_of(a_gke_plan(stack=stack))
    assert str(caught.value) == (
        f"stack {stack}: {stack}; needs small letters, digits and dashes, a letter first, at most 24 of them because "
        "the cluster and the service account of its nodes bear the stack's name, and Google takes no other. Make a "
        "stack with a shorter or simpler name, such as `gke-prod`."
    )


@pytest.mark.parametrize("stack", ["a", "gke-prod", "a" * 24])
def test_a_stack_s_name_is_the_cluster_s(stack):
    site = site_of(a_gke_plan(stack=stack))
    assert (site.cluster, site.node_account) == (stack, f"{stack}-nodes")
    assert 6 <= len(site.node_account) <= 30


def test_a_stack_elsewhere_has_no_place_at_google():
    with pytest.raises(ValueError, match="stack test is not on GKE"):
        gke_of(a_plan())
