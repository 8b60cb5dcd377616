"""GPUs that pods claim as devices: classes, templates, what Kueue and a namespace count, and what is warned of."""

from dataclasses import replace

import pytest

from mizan import versions
from mizan.config import Cloud, ConfigErrors, Install, KueueAddon
from mizan.manifests import manifests_of
from mizan.manifests.access import team_role
from mizan.manifests.dra import (
    LARGEST_AVAILABLE,
    MOST_ALTERNATIVES,
    claim_templates,
    counted_devices,
    device_classes,
    dra_manifests,
)
from mizan.manifests.kueue_settings import chart_values, manager_configuration
from mizan.manifests.limits import resource_quota
from mizan.manifests.simulated_devices import simulated_devices
from mizan.plan.device_claims import of_claims
from tests.builders import a_plan, a_pool, a_queue, a_stack, a_team
from tests.gke_stacks import a_gke_plan, a_gke_stack
from tests.sharing_stacks import DEVICES, MIXED_LAYOUT, PROFILE, a_sharing_stack, kept

WHOLE = {"mode": "dra"}
LAYOUT = {"mode": "dra", "layout": MIXED_LAYOUT}
IS_A100 = "device.attributes['gpu.nvidia.com'].productName.replace(' ', '-') == 'NVIDIA-A100-SXM4-40GB'"
KUEUE = KueueAddon(install=Install.HELM)


def claiming(sharing, **changes):
    """The plan of a stack whose pods claim GPUs so."""
    return a_plan(a_sharing_stack("local", sharing, capacity=kept()) | changes)


def names(bodies):
    return [body["metadata"]["name"] for body in bodies]


def expressions(plan):
    return {
        body["metadata"]["name"]: body["spec"]["selectors"][0]["cel"]["expression"]
        for body in device_classes(plan.pools)
    }


def requests(plan):
    """The one request of each template of the first team, by the template's name."""
    return {
        body["metadata"]["name"]: body["spec"]["spec"]["devices"]["requests"][0]
        for body in claim_templates(plan, plan.teams[0])
    }


def test_a_class_of_whole_gpus_tells_them_by_driver_type_and_model():
    assert expressions(claiming(WHOLE)) == {
        "a100-40gb.mizan.dev": "device.driver == 'gpu.nvidia.com' && device.attributes['gpu.nvidia.com'].type == 'gpu'"
        f" && {IS_A100}"
    }


def test_a_class_of_instances_tells_them_by_profile_too_and_their_type_first():
    assert expressions(claiming(DEVICES)) == {
        "a100-40gb-1g.5gb.mizan.dev": "device.driver == 'gpu.nvidia.com' && "
        "device.attributes['gpu.nvidia.com'].type == 'mig' && "
        f"device.attributes['gpu.nvidia.com'].profile == '1g.5gb' && {IS_A100}"
    }


def test_no_class_takes_the_name_of_a_resource_that_pods_ask_for_without_a_claim():
    for body in device_classes(claiming(LAYOUT).pools):
        assert set(body["spec"]) == {"selectors"}


def test_a_claim_names_a_class_and_selects_nothing_itself():
    assert requests(claiming(DEVICES)) == {
        "a100-40gb-1g.5gb": {
            "name": "gpu",
            "exactly": {
                "deviceClassName": "a100-40gb-1g.5gb.mizan.dev",
                "allocationMode": "ExactCount",
                "count": 1,
            },
        }
    }


def test_whole_gpus_are_claimed_in_the_numbers_that_fit_their_machine():
    found = requests(claiming(WHOLE))
    assert {name: request["exactly"]["count"] for name, request in found.items()} == {
        "a100-40gb": 1,
        "a100-40gb-x2": 2,
        "a100-40gb-x4": 4,
    }


def test_where_there_are_several_parts_one_template_takes_the_largest_that_is_free():
    found = requests(claiming(LAYOUT))
    assert list(found) == ["a100-40gb-3g.20gb", "a100-40gb-2g.10gb", "a100-40gb-1g.5gb", LARGEST_AVAILABLE]
    alternatives = found[LARGEST_AVAILABLE]["firstAvailable"]
    assert [(each["name"], each["deviceClassName"]) for each in alternatives] == [
        ("a100-40gb-3g-20gb", "a100-40gb-3g.20gb.mizan.dev"),
        ("a100-40gb-2g-10gb", "a100-40gb-2g.10gb.mizan.dev"),
        ("a100-40gb-1g-5gb", "a100-40gb-1g.5gb.mizan.dev"),
    ]
    assert len(alternatives) <= MOST_ALTERNATIVES == 8
    assert LARGEST_AVAILABLE not in requests(claiming(DEVICES)), "with one part there is nothing to choose"


def test_a_team_has_templates_of_what_its_own_queues_have():
    pools = [
        a_pool(name="whole", sharing=WHOLE, capacity=kept()),
        a_pool(name="parts", sharing=DEVICES, capacity=kept()),
    ]
    queues = [
        a_queue(name="large", quotas=[{"pool": "whole", "capacity": "spot", "gpus": 4}]),
        a_queue(name="small", quotas=[{"pool": "parts", "capacity": "spot", "units": 7}]),
    ]
    teams = [a_team(name="ml", queues=["large"]), a_team(name="dev", queues=["small"])]
    plan = a_plan(a_stack(pools=pools, queues=queues, teams=teams, jobs=[]))
    assert [names(claim_templates(plan, team)) for team in plan.teams] == [
        ["a100-40gb", "a100-40gb-x2", "a100-40gb-x4"],
        ["a100-40gb-1g.5gb"],
    ]
    assert {body["metadata"]["namespace"] for body in claim_templates(plan, plan.teams[1])} == {"dev"}
    assert names(device_classes(plan.pools)) == ["a100-40gb.mizan.dev", "a100-40gb-1g.5gb.mizan.dev"]


def test_two_pools_of_one_kind_share_a_class_and_its_templates():
    pools = [a_pool(name=name, sharing=DEVICES, capacity=kept()) for name in ("one", "two")]
    quotas = [{"pool": name, "capacity": "spot", "units": 7} for name in ("one", "two")]
    plan = a_plan(a_stack(pools=pools, queues=[a_queue(quotas=quotas)], teams=[a_team()], jobs=[]))
    assert names(dra_manifests(plan)) == ["a100-40gb-1g.5gb.mizan.dev", "a100-40gb-1g.5gb"]
    assert counted_devices(plan.pools) == {
        "a100-40gb-1g.5gb.mizan.dev": "deviceclass.resource.kubernetes.io/a100-40gb-1g.5gb.mizan.dev"
    }


def test_a_stack_has_its_classes_before_what_claims_from_them():
    plan = claiming(DEVICES)
    kinds = [body["kind"] for body in manifests_of(plan)]
    assert kinds.index("Namespace") < kinds.index("DeviceClass") < kinds.index("ResourceClaimTemplate")


def test_nothing_is_claimed_where_no_pool_says_so():
    plan = a_plan(a_sharing_stack("local", PROFILE))
    assert (dra_manifests(plan), counted_devices(plan.pools), simulated_devices(plan.pools)) == ([], {}, {})


def test_kueue_counts_the_devices_of_a_class_by_the_name_that_quotas_have():
    plan = claiming(LAYOUT)
    devices = counted_devices(plan.pools)
    mappings = manager_configuration(KUEUE, devices)["resources"]["deviceClassMappings"]
    assert mappings == [
        {
            "name": f"deviceclass.resource.kubernetes.io/a100-40gb-{profile}.mizan.dev",
            "deviceClassNames": [f"a100-40gb-{profile}.mizan.dev"],
        }
        for profile in ("3g.20gb", "2g.10gb", "1g.5gb")
    ]
    covered = [
        resource
        for body in manifests_of(plan)
        if body["kind"] == "ClusterQueue"
        for group in body["spec"]["resourceGroups"]
        for resource in group["coveredResources"]
    ]
    assert sorted(covered) == sorted(mapping["name"] for mapping in mappings)
    text = chart_values(KUEUE, devices)["managerConfig"]["controllerManagerConfigYaml"]
    assert '"deviceClassMappings"' in text
    assert "deviceClassMappings" not in manager_configuration(KUEUE)["resources"]


def test_a_namespace_s_quota_counts_claims_by_their_class():
    (team,) = claiming(DEVICES).teams
    assert resource_quota(team)["spec"]["hard"] == {
        "a100-40gb-1g.5gb.mizan.dev.deviceclass.resource.k8s.io/devices": "12"
    }


def test_members_of_a_team_read_claims_where_there_are_any():
    (team,) = claiming(DEVICES).teams
    rule = {
        "apiGroups": ["resource.k8s.io"],
        "resources": ["resourceclaims", "resourceclaimtemplates"],
        "verbs": ["get", "list", "watch"],
    }
    assert rule in team_role(team)["rules"]
    assert rule not in team_role(replace(team, gpu_quota={"nvidia.com/gpu": 4}))["rules"]


def test_a_simulated_node_has_every_instance_of_every_gpu_each_in_its_place():
    (devices,) = simulated_devices(claiming(LAYOUT).pools).values()
    assert len(devices) == 4 * 3
    assert [device["name"] for device in devices[3:6]] == [
        "gpu-1-mig-3g20gb-3-0",
        "gpu-1-mig-2g10gb-2-4",
        "gpu-1-mig-1g5gb-0-6",
    ]
    assert [device["capacity"]["memory"]["value"] for device in devices[:3]] == ["20Gi", "10Gi", "5Gi"]


def test_a_simulated_node_of_whole_gpus_has_them():
    (devices,) = simulated_devices(claiming(WHOLE).pools).values()
    assert [device["name"] for device in devices] == ["gpu-0", "gpu-1", "gpu-2", "gpu-3"]
    attributes = {name: value["string"] for name, value in devices[0]["attributes"].items()}
    assert (attributes["type"], attributes["productName"]) == ("gpu", "NVIDIA A100-SXM4-40GB")


@pytest.mark.parametrize("cloud", [Cloud.LOCAL, Cloud.EKS, Cloud.EXISTING])
def test_a_pool_that_may_grow_is_warned_of_as_karpenter_makes_no_node_for_claims(cloud):
    first, *others = of_claims(claiming(WHOLE).pools, KUEUE, cloud)
    assert not any("Karpenter" in told for told in others)
    assert first.startswith("pool a100: 2 nodes stay and up to 3 are allowed, but Karpenter makes no node for a pod")


def test_a_pool_that_stays_as_it_is_needs_no_autoscaler():
    capacity = [{"type": "spot", "maxNodes": 2, "minNodes": 2}, {"type": "on-demand", "maxNodes": 1, "minNodes": 1}]
    plan = a_plan(a_sharing_stack("local", WHOLE, capacity=capacity))
    assert list(of_claims(plan.pools, KUEUE, Cloud.EKS)) == []


def test_gpus_that_nobody_cuts_are_told_wherever_they_are_real():
    def told(cloud):
        return [text for text in of_claims(claiming(DEVICES).pools, KUEUE, cloud) if "runs no MIG manager" in text]

    assert (len(told(Cloud.EKS)), told(Cloud.LOCAL)) == (1, [])
    assert told(Cloud.EKS)[0].endswith(
        "Let something of yours cut them before the driver starts, or let pods claim whole ones."
    )


def test_what_claims_need_of_somebody_else_s_cluster_is_told():
    *_, told = of_claims(claiming(WHOLE).pools, KUEUE, Cloud.EXISTING)
    assert told == (
        "claims of devices: they need Kubernetes 1.34.2 or newer, and NVIDIA's driver 580 or newer wherever the "
        "operator does not install it; nobody looks whether the cluster has them. See `kubectl version`, and "
        "`nvidia-smi` on a node."
    )
    assert not any("1.34.2" in text for text in of_claims(a_plan().pools, KUEUE, Cloud.EXISTING))


def test_a_driver_that_google_chooses_is_told_of_where_pods_claim():
    def told(gke):
        pools = [a_pool(sharing=WHOLE, capacity=kept(), gke={"driver": "INSTALLATION_DISABLED", **gke})]
        plan = a_gke_plan(a_gke_stack(pools=pools, jobs=[]))
        return [text for text in plan.warnings if "driver 580 or newer" in text]

    assert told({"image": "ubuntu"}) == []
    (text,) = told({})
    assert "on Container-Optimized OS it is the one that Google's installer has for the nodes' image" in text


@pytest.mark.parametrize("version", [versions.GKE, versions.EKS, *versions.EKS_ADDONS])
def test_a_cluster_that_a_stack_makes_is_new_enough_for_claims(version):
    made, least = (tuple(map(int, text.split("."))) for text in (version, versions.DRA_KUBERNETES_LEAST))
    assert made > least


def test_an_external_kueue_is_told_what_to_write():
    external = KueueAddon(install=Install.EXTERNAL)
    *_, told = of_claims(claiming(DEVICES).pools, external, Cloud.EXISTING)
    assert told.endswith(
        "Write `resources: {deviceClassMappings: [{name: "
        "deviceclass.resource.kubernetes.io/a100-40gb-1g.5gb.mizan.dev, "
        "deviceClassNames: [a100-40gb-1g.5gb.mizan.dev]}]}` there."
    )
    assert not any("external" in text for text in of_claims(claiming(DEVICES).pools, external, Cloud.LOCAL))


def test_the_plan_of_a_stack_tells_it():
    assert any("makes no node for a pod with claims" in text for text in claiming(DEVICES).warnings)


def test_more_classes_than_kueue_counts_are_refused():
    layouts = {
        "a2-highgpu-1g": ("a100-40gb", ["1g.5gb", "1g.10gb", "2g.10gb", "3g.20gb", "4g.20gb", "7g.40gb"]),
        "a2-ultragpu-1g": ("a100-80gb", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
        "a3-highgpu-8g": ("h100-80gb", ["1g.10gb", "1g.20gb", "2g.20gb", "3g.40gb", "4g.40gb", "7g.80gb"]),
    }
    pools = [
        a_pool(
            name=f"pool-{machine[:2]}-{gpu}-{number}",
            machine=machine,
            gpu=gpu,
            capacity=[{"type": "on-demand", "maxNodes": 1, "minNodes": 1}],
            sharing={"mode": "dra", "profile": profile},
        )
        for machine, (gpu, profiles) in layouts.items()
        for number, profile in enumerate(profiles)
    ]
    with pytest.raises(ConfigErrors) as refused:
        a_plan(a_stack(pools=pools, queues=[], teams=[], jobs=[]))
    assert "18 classes of devices; needs at most 16" in str(refused.value)
