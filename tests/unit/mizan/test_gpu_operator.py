"""NVIDIA's GPU operator: when it comes, what it is told on each platform, and what it reads of the pools."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mizan import keys
from mizan.clouds.gcp.node_pools import node_pool_args
from mizan.clouds.gcp.site import site_of
from mizan.config import GpuOperatorAddon, Install
from mizan.manifests import manifests_of
from mizan.manifests.gpu_configs import DEFAULT_KEY
from mizan.manifests.gpu_operator import chart_values, gpu_operator
from mizan.rules import RULES
from tests.builders import PROJECT, a_plan, a_pool, a_stack
from tests.eks_stacks import eks_pool
from tests.operator_stacks import HELM, UBUNTU, elsewhere, on_eks, on_gke, operated, plans
from tests.sharing_stacks import DEVICES, LAYOUT, MPS, PROFILE, TURNS, a_sharing_stack, kept

KEYS = PROJECT / "tests" / "data" / "charts" / "gpu-operator-v26.7.0.keys.txt"
EXTERNAL = {"install": "external"}
PLANS = plans()
OURS = [name for name, plan in PLANS.items() if plan.gpu_operator and plan.gpu_operator.install is Install.HELM]
T4 = {"machine": "g4dn.xlarge", "gpu": "t4"}


def written(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """Every key path of values that holds something else than keys."""
    for key, value in values.items():
        below = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from written(value, below)
        else:
            yield below


def found(plan, kind, name=""):
    return [body for body in gpu_operator(plan) if body["kind"] == kind and body["metadata"]["name"].startswith(name)]


def plugin_config(plan) -> dict[str, Any]:
    (body,) = found(plan, "ConfigMap", "mizan-device-plugin")
    return {key: json.loads(text) for key, text in body["data"].items()}


def labels_of(plan, pool) -> list[dict[str, str]]:
    return [dict(offer.labels) for offer in plan.offers if offer.pool == pool]


def gke_nodes(plan, name):
    (offer,) = [offer for offer in plan.offers if offer.name == name]
    return node_pool_args(plan, site_of(plan), offer, cluster="c", account="a")["node_config"]


@pytest.mark.parametrize("case", OURS)
def test_every_value_is_one_that_the_chart_knows(case):
    known = {line for line in KEYS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")}
    paths = set(written(chart_values(PLANS[case])))
    assert paths - known == set()
    assert {"operator.upgradeCRD", "daemonsets.tolerations", "driver.enabled"} <= paths


@pytest.mark.parametrize(
    ("plan", "install"),
    [
        (on_eks(), Install.HELM),
        (on_eks(operator=EXTERNAL), Install.EXTERNAL),
        (on_gke(), None),
        (on_gke(operator=HELM), Install.HELM),
        (on_gke(a_pool(sharing=TURNS)), None),
        (on_gke(operated()), Install.HELM),
        (elsewhere(), None),
        (elsewhere(operator=EXTERNAL), Install.EXTERNAL),
        (a_plan(), None),
        (a_plan(a_sharing_stack("local", TURNS)), Install.EXTERNAL),
    ],
)
def test_it_comes_where_nodes_have_their_gpus_from_it(plan, install):
    assert (plan.gpu_operator.install if plan.gpu_operator else None) is install


def test_it_is_of_the_pinned_version_unless_another_is_asked_for():
    assert on_eks().gpu_operator == GpuOperatorAddon(version="v26.7.0")
    assert on_eks(operator={"version": "v26.7.3"}).gpu_operator.version == "v26.7.3"


def test_on_eks_driver_and_toolkit_are_the_image_s():
    values = chart_values(PLANS["eks"])
    assert (values["driver"], values["toolkit"]) == ({"enabled": False}, {"enabled": False})
    assert "hostPaths" not in values


def test_on_container_optimized_os_google_s_installer_brings_the_driver_to_the_operator_s_nodes_alone():
    plan = PLANS["gke-cos"]
    values = chart_values(plan)
    assert values["driver"] == {"enabled": False}
    assert values["toolkit"] == {
        "installDir": "/home/kubernetes/bin/nvidia",
        "env": [{"name": "RUNTIME_CONFIG_SOURCE", "value": "file"}],
    }
    assert values["hostPaths"] == {"driverInstallDir": "/home/kubernetes/bin/nvidia"}
    (installer,) = found(plan, "DaemonSet", "nvidia-driver-installer")
    spec = installer["spec"]["template"]["spec"]
    (term,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert {"key": "mizan.dev/pool", "operator": "In", "values": ["shared"]} in term["matchExpressions"]
    mounted = {each["name"] for each in spec["initContainers"][0]["volumeMounts"]}
    assert mounted == {each["name"] for each in spec["volumes"]}


def test_on_ubuntu_the_operator_brings_the_driver_and_changes_none_under_a_running_pod():
    plan = PLANS["gke-ubuntu"]
    values = chart_values(plan)
    assert values["driver"] == {"enabled": True, "version": "580.126.16", "upgradePolicy": {"autoUpgrade": False}}
    assert "installDir" not in values["toolkit"]
    assert found(plan, "DaemonSet") == []


def test_ubuntu_nodes_are_not_streamed_and_load_a_driver_that_nobody_has_signed():
    config = gke_nodes(PLANS["gke-ubuntu"], "spot-shared")
    assert config["image_type"] == "UBUNTU_CONTAINERD"
    assert config["shielded_instance_config"] == {"enable_secure_boot": False, "enable_integrity_monitoring": True}
    assert "gcfs_config" not in config
    of_cos = gke_nodes(PLANS["gke-cos"], "spot-shared")
    assert (of_cos["image_type"], of_cos["gcfs_config"]) == ("COS_CONTAINERD", {"enabled": True})
    assert of_cos["shielded_instance_config"]["enable_secure_boot"] is True


def test_either_gke_sets_a_node_up_or_the_operator_does():
    plan = PLANS["gke-cos"]
    of_gke, of_operator = gke_nodes(plan, "spot-a100")["labels"], gke_nodes(plan, "spot-shared")["labels"]
    no_plugin = "gke-no-default-nvidia-gpu-device-plugin"
    assert (of_gke.get(keys.OPERANDS), of_gke.get(no_plugin)) == ("false", None)
    assert (of_operator.get(keys.OPERANDS), of_operator.get(no_plugin)) == (None, "true")
    assert keys.OPERANDS not in gke_nodes(on_gke(), "spot-a100")["labels"]


def test_a_driver_that_is_on_the_nodes_already_is_left_to_them():
    plan = elsewhere(a_pool(sharing=TURNS), operator=HELM | {"driver": {"install": False}})
    assert chart_values(plan)["driver"] == {"enabled": False}


@pytest.mark.parametrize("case", OURS)
def test_its_pods_get_past_every_taint_of_the_pools_whatever_its_value(case):
    plan = PLANS[case]
    values = chart_values(plan)
    on_nodes = values["daemonsets"]["tolerations"]
    passed = {(each["key"], each["effect"]) for each in on_nodes if each["operator"] == "Exists"}
    assert {(taint.key, taint.effect) for offer in plan.offers for taint in offer.taints} <= passed
    worker = values["node-feature-discovery"]["worker"]["tolerations"]
    assert all(each in worker for each in on_nodes)


def test_spot_in_a_pool_starts_no_pod_of_the_operator_anew():
    on_demand = eks_pool(capacity=[{"type": "on-demand", "maxNodes": 1}])
    assert chart_values(on_eks(on_demand))["daemonsets"] == chart_values(on_eks())["daemonsets"]


def test_controllers_run_on_system_nodes():
    values = chart_values(PLANS["eks"])
    discovery = values["node-feature-discovery"]
    for part in (values["operator"], discovery["master"], discovery["gc"]):
        assert {"key": "CriticalAddonsOnly", "operator": "Exists"} in part["tolerations"]


def test_a_pool_has_a_key_of_its_own_and_every_other_node_the_default():
    plan = PLANS["eks-shared"]
    configs = plugin_config(plan)
    assert list(configs) == [DEFAULT_KEY, "cut", "mixed", "turns"]
    for pool in ("cut", "mixed", "turns"):
        assert {labels[keys.DEVICE_PLUGIN_CONFIG] for labels in labels_of(plan, pool)} == {pool}
    assert not any(keys.DEVICE_PLUGIN_CONFIG in labels for labels in labels_of(plan, "a100"))
    named = chart_values(plan)["devicePlugin"]["config"]
    (body,) = found(plan, "ConfigMap", "mizan-device-plugin")
    assert named == {"name": body["metadata"]["name"], "default": DEFAULT_KEY}
    assert configs[DEFAULT_KEY] == {"version": "v1", "flags": {"migStrategy": "none"}}
    assert configs["turns"]["sharing"] == {
        "timeSlicing": {
            "renameByDefault": True,
            "failRequestsGreaterThanOne": True,
            "resources": [{"name": "nvidia.com/gpu", "replicas": 4}],
        }
    }


def test_with_mps_each_pool_says_its_own_strategy_for_mig():
    plan = PLANS["eks-mps"]
    assert chart_values(plan)["mig"] == {"strategy": ""}
    configs = plugin_config(plan)
    assert configs["cut"]["flags"] == {"migStrategy": "mixed"}
    assert configs["at-once"]["flags"] == {"migStrategy": "none"}
    assert list(configs["at-once"]["sharing"]) == ["mps"]
    assert chart_values(PLANS["eks-shared"])["mig"] == {"strategy": "mixed"}


def test_every_layout_that_a_node_names_is_there_and_none_besides():
    plan = PLANS["eks-shared"]
    (body,) = found(plan, "ConfigMap", "mizan-mig-layouts")
    layouts = json.loads(body["data"]["config.yaml"])["mig-configs"]
    named = {offer.labels[keys.MIG_CONFIG] for offer in plan.offers if keys.MIG_CONFIG in offer.labels}
    assert set(layouts) == {"all-disabled", *named}
    assert layouts["all-disabled"] == [{"devices": "all", "mig-enabled": False}]
    assert layouts["a100-40gb-1g.5gb-7x"] == [{"devices": "all", "mig-enabled": True, "mig-devices": {"1g.5gb": 7}}]
    assert chart_values(plan)["migManager"]["config"] == {"name": body["metadata"]["name"], "default": "all-disabled"}


def test_a_node_of_a_cloud_may_reboot_to_be_cut_and_on_eks_its_kubelet_runs_on():
    on_eks_it, on_gke_it = (chart_values(PLANS[case])["migManager"] for case in ("eks-shared", "gke-ubuntu"))
    reboot = {"name": "WITH_REBOOT", "value": "true"}
    assert on_eks_it["env"] == [reboot, {"name": "HOST_KUBELET_SYSTEMD_SERVICE", "value": ""}]
    assert on_gke_it["env"] == [reboot]
    assert "gpuClientsConfig" not in on_gke_it
    (clients,) = found(PLANS["eks-shared"], "ConfigMap", on_eks_it["gpuClientsConfig"]["name"])
    services = json.loads(clients["data"]["clients.yaml"])["systemd-services"]
    assert {"nvidia-persistenced.service", "nvidia-fabricmanager.service", "nvidia-dcgm.service"} <= set(services)
    cut_elsewhere = elsewhere(a_pool(sharing=PROFILE), operator=HELM)
    assert chart_values(cut_elsewhere)["migManager"]["env"] == []


def test_without_instances_nothing_looks_after_them():
    assert chart_values(PLANS["eks"])["migManager"] == {"enabled": False}
    assert found(PLANS["eks"], "ConfigMap") == []
    assert "devicePlugin" not in chart_values(PLANS["eks"])


def test_another_content_is_another_config_map_so_that_the_operator_starts_its_pods_anew():
    def name(replicas, operator=None):
        plan = on_eks(eks_pool(name="turns", sharing=TURNS | {"replicas": replicas}, **T4), operator=operator)
        (body,) = found(plan, "ConfigMap", "mizan-device-plugin")
        return body["metadata"]["name"]

    assert name(4) == name(4)
    assert name(4) != name(8)
    assert name(4, EXTERNAL) == name(8, EXTERNAL) == "mizan-device-plugin"


def test_layouts_are_named_after_their_content_so_that_their_config_map_keeps_its_name():
    cut, mixed = (on_eks(eks_pool(sharing=sharing)) for sharing in (PROFILE, LAYOUT))
    assert [body["metadata"]["name"] for plan in (cut, mixed) for body in found(plan, "ConfigMap", "mizan-mig")] == [
        "mizan-mig-layouts",
        "mizan-mig-layouts",
    ]


def test_claims_are_answered_in_the_operator_s_other_mode_and_never_in_both():
    values = chart_values(PLANS["eks-claims"])
    assert (values["clusterPolicy"], values["gpuCluster"]) == ({"deployCR": False}, {"deployCR": True})
    assert not {"devicePlugin", "migManager", "mig"} & set(values)
    assert "nvidiaDriverCRD" not in values["driver"]
    elsewhere_it = elsewhere(a_pool(sharing=DEVICES, capacity=kept()), operator=HELM)
    assert chart_values(elsewhere_it)["driver"]["nvidiaDriverCRD"] == {"enabled": True}
    assert not {"clusterPolicy", "gpuCluster"} & set(chart_values(PLANS["eks-shared"]))


def test_gke_lets_critical_pods_of_every_node_into_the_namespace():
    (small,), (large,) = (
        found(on_gke(operated() | {"capacity": [{"type": "spot", "maxNodes": nodes, "minNodes": 1}]}), "ResourceQuota")
        for nodes in (2, 50)
    )
    assert (small["spec"]["hard"], large["spec"]["hard"]) == ({"pods": "100"}, {"pods": "613"})
    assert found(PLANS["eks-shared"], "ResourceQuota") == []


@pytest.mark.parametrize(
    ("plan", "kinds"),
    [
        (on_eks(operator=EXTERNAL), ["Namespace"]),
        (on_eks(eks_pool(sharing=PROFILE), operator=EXTERNAL), ["Namespace", *["ConfigMap"] * 3]),
        (on_gke(operated(), operator=EXTERNAL), ["Namespace", "ConfigMap"]),
        (elsewhere(a_pool(sharing=PROFILE), operator=EXTERNAL), ["Namespace", "ConfigMap", "ConfigMap"]),
        (a_plan(a_sharing_stack("local", PROFILE)), ["Namespace", "ConfigMap", "ConfigMap"]),
        (a_plan(a_stack(addons={"kueue": EXTERNAL, "gpuOperator": EXTERNAL})), ["Namespace"]),
    ],
)
def test_somebody_else_s_operator_gets_its_configurations_and_nothing_more(plan, kinds):
    assert [body["kind"] for body in gpu_operator(plan)] == kinds


@pytest.mark.parametrize(
    "plan",
    [
        on_eks(operator=EXTERNAL),
        on_gke(operated(), operator=EXTERNAL),
        elsewhere(a_pool(sharing=PROFILE), operator=EXTERNAL),
    ],
)
def test_somebody_else_s_namespace_says_nothing_that_its_owner_may_say_otherwise(plan):
    (namespace,) = found(plan, "Namespace")
    assert namespace == {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gpu-operator"}}


@pytest.mark.parametrize("plan", [on_eks(), a_plan(a_sharing_stack("local", PROFILE))])
def test_a_namespace_of_our_own_lets_privileged_pods_in(plan):
    (namespace,) = found(plan, "Namespace")
    assert namespace["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "mizan",
        **{f"pod-security.kubernetes.io/{mode}": "privileged" for mode in ("enforce", "audit", "warn")},
    }


def test_a_configuration_is_the_same_whoever_installs_the_operator():
    pools = [eks_pool(sharing=PROFILE), eks_pool(name="turns", sharing=TURNS, **T4)]
    assert plugin_config(on_eks(*pools)) == plugin_config(on_eks(*pools, operator=EXTERNAL))


@pytest.mark.parametrize("case", PLANS)
def test_what_it_needs_is_in_the_cluster_before_the_nodes(case):
    plan = PLANS[case]
    bodies = manifests_of(plan)
    own = gpu_operator(plan)
    assert all(body in bodies for body in own)
    pools = [index for index, body in enumerate(bodies) if body["kind"] == "NodePool"]
    if pools and own and case != "local":
        assert max(bodies.index(body) for body in own) < min(pools)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_policy_pack_lets_it_in(rule):
    assert [verdict for plan in PLANS.values() for body in gpu_operator(plan) for verdict in rule.verdict(body)] == []


def test_a_pool_of_ubuntu_that_gke_does_not_know_yet_takes_nothing_from_the_others():
    plan = on_gke(a_pool(), operated(gke=UBUNTU))
    assert found(plan, "DaemonSet") == []
    assert chart_values(plan)["driver"]["enabled"] is True


def test_a_plan_without_an_operator_writes_nothing():
    assert gpu_operator(replace(PLANS["eks-shared"], gpu_operator=None)) == []
    assert gpu_operator(on_gke()) == []


@pytest.mark.parametrize("sharing", [TURNS, MPS], ids=["turns", "mps"])
def test_a_pool_with_the_name_of_no_key_meets_no_other(sharing):
    plan = on_eks(eks_pool(name="default", sharing=sharing, **T4))
    assert list(plugin_config(plan)) == [DEFAULT_KEY, "default"]
