"""GPU node pools on GKE, as arguments of the SDK: one for each offer."""

import pytest

from mizan.catalogue import machines
from mizan.clouds.gcp.node_pools import node_pool_args, reservation_of
from mizan.clouds.gcp.nodes import boot_disk_type
from mizan.clouds.gcp.site import site_of
from mizan.plan import Plan
from tests.builders import a_pool, a_queue
from tests.gke_stacks import BY_CAPACITY, ZONE, a_flex_start_stack, a_gke_plan, a_gke_stack, the_offer

RESERVED = {"name": "held", "kind": "reservation", "machine": "a2-highgpu-4g", "nodes": 1}
NO_RESERVATION = {"consume_reservation_type": "NO_RESERVATION"}


def the_pool(plan: Plan, offer: str) -> dict:
    return node_pool_args(plan, site_of(plan), the_offer(plan, offer), cluster="gke-test", account="nodes@p.example")


def a_plan_with(**pool: object) -> Plan:
    return a_gke_plan(a_gke_stack(pools=[a_pool(**pool)]))


def test_a_node_pool_keeps_the_nodes_that_are_always_there():
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 1}, {"type": "on-demand", "maxNodes": 1}]
    plan = a_plan_with(capacity=capacity)
    found = {name: the_pool(plan, name)["autoscaling"] for name in ("spot-a100", "ondemand-a100")}
    assert {name: scaling["total_min_node_count"] for name, scaling in found.items()} == {
        "spot-a100": 1,
        "ondemand-a100": 0,
    }


def test_the_article_s_spot_pool_is_made_field_for_field():
    """The article's pool: machineType, accelerators, spot, taints; the rest is what it leaves to the reader."""
    capacity = [{"type": "spot", "maxNodes": 10}]
    quotas = [{"pool": "gpu-spot-pool", "gpus": 40}]
    stack = a_gke_stack(
        pools=[a_pool(name="gpu-spot-pool", capacity=capacity)], queues=[a_queue(fallback="capacity", quotas=quotas)]
    )
    assert the_pool(a_gke_plan(stack), "spot-gpu-spot-pool") == {
        "name": "spot-gpu-spot-pool",
        "cluster": "gke-test",
        "location": "us-central1",
        "autoscaling": {"total_min_node_count": 0, "total_max_node_count": 10, "location_policy": "ANY"},
        "management": {"auto_repair": True, "auto_upgrade": True},
        "upgrade_settings": {"strategy": "SURGE", "max_surge": 0, "max_unavailable": 1},
        "node_config": {
            "machine_type": "a2-highgpu-4g",
            "guest_accelerators": [
                {
                    "type": "nvidia-tesla-a100",
                    "count": 4,
                    "gpu_driver_installation_config": {"gpu_driver_version": "DEFAULT"},
                }
            ],
            "spot": True,
            "taints": [
                {"key": "nvidia.com/gpu", "value": "present", "effect": "NO_SCHEDULE"},
                {"key": "cloud.google.com/gke-spot", "value": "true", "effect": "NO_SCHEDULE"},
            ],
            "labels": {
                "mizan.dev/pool": "gpu-spot-pool",
                "mizan.dev/capacity-type": "spot",
                "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
            },
            "resource_labels": {
                "stack": "gke-test",
                "managed-by": "mizan",
                "pool": "gpu-spot-pool",
                "capacity-type": "spot",
            },
            "reservation_affinity": NO_RESERVATION,
            "kubelet_config": {
                "insecure_kubelet_readonly_port_enabled": "FALSE",
                "shutdown_grace_period_seconds": 120,
                "shutdown_grace_period_critical_pods_seconds": 15,
            },
            "image_type": "COS_CONTAINERD",
            "gcfs_config": {"enabled": True},
            "gvnic": {"enabled": True},
            "disk_size_gb": 100,
            "disk_type": "pd-balanced",
            "service_account": "nodes@p.example",
            "oauth_scopes": ["https://www.googleapis.com/auth/cloud-platform"],
            "workload_metadata_config": {"mode": "GKE_METADATA"},
            "shielded_instance_config": {"enable_secure_boot": True, "enable_integrity_monitoring": True},
        },
    }


def test_on_demand_is_neither_spot_nor_bound_to_a_reservation_and_has_no_longer_farewell():
    pool = the_pool(a_gke_plan(), "ondemand-a100")
    assert pool["autoscaling"]["total_max_node_count"] == 1
    assert pool["node_config"]["kubelet_config"] == {"insecure_kubelet_readonly_port_enabled": "FALSE"}
    assert not {"spot", "flex_start", "reservation_affinity"} & pool["node_config"].keys()
    assert [taint["key"] for taint in pool["node_config"]["taints"]] == ["nvidia.com/gpu"]


def test_flex_start_is_never_repaired_upgraded_in_place_or_taken_from_a_reservation():
    pool = the_pool(a_gke_plan(a_flex_start_stack()), "flexstart-a100")
    assert pool["management"] == {"auto_repair": False, "auto_upgrade": True}
    assert not {"upgrade_settings", "queued_provisioning"} & pool.keys()
    assert (pool["node_config"]["flex_start"], pool["node_config"]["reservation_affinity"]) == (True, NO_RESERVATION)
    assert "spot" not in pool["node_config"]


def test_queued_nodes_have_the_label_that_gke_does_not_set_and_not_the_taint_that_it_does():
    pool = the_pool(a_gke_plan(a_flex_start_stack(gke={"queued": True})), "flexstart-a100")
    assert pool["queued_provisioning"] == {"enabled": True}
    assert pool["autoscaling"]["total_min_node_count"] == 0
    assert pool["node_config"]["labels"]["cloud.google.com/gke-queued"] == "true"
    assert [taint["key"] for taint in pool["node_config"]["taints"]] == ["nvidia.com/gpu"]


def test_queued_concerns_flex_start_alone_where_a_pool_has_more():
    stack = a_gke_stack(
        pools=[
            a_pool(
                capacity=[{"type": "on-demand", "maxNodes": 1}, {"type": "flex-start", "maxNodes": 2}],
                gke={"queued": True},
            )
        ],
        queues=[a_queue(quotas=[{"pool": "a100", "capacity": "flex-start", "gpus": 8},
                                {"pool": "a100", "capacity": "on-demand", "gpus": 4}])],
    )  # fmt: skip
    plan = a_gke_plan(stack)
    assert "queued_provisioning" in the_pool(plan, "flexstart-a100")
    on_demand = the_pool(plan, "ondemand-a100")
    assert "queued_provisioning" not in on_demand
    assert "cloud.google.com/gke-queued" not in on_demand["node_config"]["labels"]


def test_what_a_reservation_pays_for_is_taken_from_it_by_name_and_upgraded_in_its_own_place():
    capacity = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 3}]
    stack = a_gke_stack(
        pools=[a_pool(capacity=capacity, zones=[ZONE], gke={"maxSurge": 2})],
        commitments=[{**RESERVED, "nodes": 2}],
    )
    plan = a_gke_plan(stack)
    held = the_pool(plan, "reserved-a100")
    assert held["autoscaling"]["total_max_node_count"] == 2
    assert held["node_config"]["reservation_affinity"] == {
        "consume_reservation_type": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": ["held"],
    }
    assert held["upgrade_settings"] == {"strategy": "SURGE", "max_surge": 0, "max_unavailable": 1}
    others = the_pool(plan, "ondemand-a100")
    assert others["upgrade_settings"] == {"strategy": "SURGE", "max_surge": 2, "max_unavailable": 0}
    assert (others["autoscaling"]["total_max_node_count"], others["node_config"].get("reservation_affinity")) == (
        1,
        None,
    )
    assert the_pool(plan, "spot-a100")["node_config"]["reservation_affinity"] == NO_RESERVATION


@pytest.mark.parametrize(
    ("commitment", "name"),
    [
        (RESERVED, "held"),
        (RESERVED | {"kind": "dws-calendar", "usdPerHour": 10}, "held"),
        (RESERVED | {"kind": "committed-use", "term": "1y"}, None),
    ],
)
def test_only_what_keeps_machines_is_a_reservation(commitment, name):
    plan = a_gke_plan(a_gke_stack(pools=[a_pool(zones=[ZONE])], commitments=[commitment]))
    offer = the_offer(plan, "reserved-a100")
    assert reservation_of(plan, offer) == name
    assert ("reservation_affinity" in the_pool(plan, "reserved-a100")["node_config"]) == (name is not None)


def test_a_pool_lies_in_its_own_zones_else_in_those_of_the_cluster():
    assert "node_locations" not in the_pool(a_gke_plan(), "spot-a100")
    cluster = {"nodeZones": ["us-central1-a", "us-central1-c"]}
    assert the_pool(a_gke_plan(a_gke_stack(cluster)), "spot-a100")["node_locations"] == cluster["nodeZones"]
    own = a_gke_stack(cluster, pools=[a_pool(zones=["us-central1-f"])])
    assert the_pool(a_gke_plan(own), "spot-a100")["node_locations"] == ["us-central1-f"]


def test_a_zonal_cluster_s_pools_are_where_it_is():
    assert the_pool(a_gke_plan(a_gke_stack({"zone": ZONE})), "spot-a100")["location"] == ZONE


def test_what_a_pool_asks_for_is_what_its_nodes_get():
    plan = a_plan_with(zones=[ZONE], diskGib=300, gke={
        "driver": "LATEST", "compactPlacement": True, "imageStreaming": False, "maxSurge": 3,
    })  # fmt: skip
    pool = the_pool(plan, "spot-a100")
    assert pool["placement_policy"] == {"type": "COMPACT"}
    assert pool["upgrade_settings"] == {"strategy": "SURGE", "max_surge": 3, "max_unavailable": 0}
    config = pool["node_config"]
    assert config["disk_size_gb"] == 300
    assert "gcfs_config" not in config
    assert config["guest_accelerators"][0]["gpu_driver_installation_config"] == {"gpu_driver_version": "LATEST"}
    assert "placement_policy" not in the_pool(a_gke_plan(), "spot-a100")


def test_a_driver_of_one_s_own_keeps_gke_s_device_plugin_away():
    off = the_pool(a_plan_with(gke={"driver": "INSTALLATION_DISABLED"}), "spot-a100")["node_config"]
    assert off["guest_accelerators"][0]["gpu_driver_installation_config"] == {
        "gpu_driver_version": "INSTALLATION_DISABLED"
    }
    assert off["labels"]["gke-no-default-nvidia-gpu-device-plugin"] == "true"
    on = the_pool(a_gke_plan(), "spot-a100")["node_config"]
    assert "gke-no-default-nvidia-gpu-device-plugin" not in on["labels"]


def test_node_pools_that_gke_chooses_among_bear_the_name_of_their_class():
    pool = the_pool(a_gke_plan(a_gke_stack(queues=[BY_CAPACITY])), "spot-a100")["node_config"]
    assert pool["labels"]["cloud.google.com/compute-class"] == "a100"
    assert {"key": "cloud.google.com/compute-class", "value": "a100", "effect": "NO_SCHEDULE"} in pool["taints"]


# Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/cloudprovider/gke/machinetypes/
# deprecated_machine_types_config.go, withAutomaticEphemeralLocalSsdCount.
LOCAL_SSDS = {
    "a2-ultragpu-1g": 1, "a2-ultragpu-2g": 2, "a2-ultragpu-4g": 4, "a2-ultragpu-8g": 8, "a3-highgpu-1g": 2,
    "a3-highgpu-2g": 4, "a3-highgpu-4g": 8, "a3-highgpu-8g": 16, "a3-megagpu-8g": 16, "a3-ultragpu-8g": 32,
}  # fmt: skip


@pytest.mark.parametrize(
    "machine", [each for each in machines().values() if each.provider == "gcp"], ids=lambda m: m.name
)
def test_every_machine_of_google_comes_with_its_local_disks_and_a_boot_disk_that_it_takes(machine):
    capacity = [{"type": "spot", "maxNodes": 1}]
    values = a_gke_stack(
        pools=[a_pool(machine=machine.name, gpu=machine.gpu.name, capacity=capacity)],
        queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 1}])],
        jobs=[],
    )
    config = the_pool(a_gke_plan(values), "spot-a100")["node_config"]
    disks = config.get("ephemeral_storage_local_ssd_config", {}).get("local_ssd_count")
    assert disks == LOCAL_SSDS.get(machine.name)
    needs_hyperdisk = machine.name.startswith(("a3-ultragpu-", "g4-"))
    assert config["disk_type"] == ("hyperdisk-balanced" if needs_hyperdisk else "pd-balanced")
    assert config["guest_accelerators"][0]["type"]
    assert config["guest_accelerators"][0]["count"] == machine.gpus


@pytest.mark.parametrize(
    ("machine", "disk"),
    [
        ("e2-standard-4", "pd-balanced"),
        ("c3-standard-4", "pd-balanced"),
        ("a3-megagpu-8g", "pd-balanced"),
        ("n4-standard-4", "hyperdisk-balanced"),
        ("n4d-standard-2", "hyperdisk-balanced"),
        ("a4-highgpu-8g", "hyperdisk-balanced"),
    ],
)
def test_newer_machines_start_from_hyperdisk_alone(machine, disk):
    assert boot_disk_type(machine) == disk
