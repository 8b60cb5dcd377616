"""How GPU pods find the fullest node: a scheduler of one's own is told so, elsewhere every pod says it."""

import pytest

from mizan.config import Cloud
from mizan.manifests.packing import HOSTNAME, pod_packing, scheduler_configuration
from mizan.manifests.training_jobs import spot_training_job
from tests.builders import a_plan


@pytest.fixture
def configuration():
    return scheduler_configuration("/home/state/kubeconfig")


def fit_of(configuration):
    (profile,) = configuration["profiles"]
    (plugin,) = profile["pluginConfig"]
    assert plugin["name"] == plugin["args"]["kind"].removesuffix("Args") == "NodeResourcesFit"
    return plugin["args"]["scoringStrategy"]


def test_the_fullest_node_is_preferred_and_gpus_decide(configuration):
    strategy = fit_of(configuration)
    weights = {resource["name"]: resource["weight"] for resource in strategy["resources"]}
    assert strategy["type"] == "MostAllocated"
    assert set(weights) == {"nvidia.com/gpu", "cpu", "memory"}
    assert weights["nvidia.com/gpu"] > 10 * (weights["cpu"] + weights["memory"])
    assert all(1 <= weight <= 100 for weight in weights.values()), "what the scheduler accepts"


def test_packing_outweighs_each_other_score(configuration):
    assert configuration["profiles"][0]["plugins"] == {
        "score": {"enabled": [{"name": "NodeResourcesFit", "weight": 10}]}
    }


def test_pods_that_name_no_scheduler_are_packed(configuration):
    assert [profile["schedulerName"] for profile in configuration["profiles"]] == ["default-scheduler"]


def test_what_a_scheduler_with_a_configuration_file_no_longer_reads_from_flags_is_in_the_file(configuration):
    assert configuration["clientConnection"] == {"kubeconfig": "/home/state/kubeconfig"}
    assert configuration["leaderElection"] == {"leaderElect": False}
    assert configuration["enableProfiling"] is False


def test_on_a_managed_cluster_a_gpu_pod_prefers_nodes_with_gpu_pods_of_any_team():
    (preferred,) = pod_packing(Cloud.EXISTING)["affinity"]["podAffinity"].pop(
        "preferredDuringSchedulingIgnoredDuringExecution"
    )
    assert preferred["weight"] == 100
    term = preferred["podAffinityTerm"]
    assert term["topologyKey"] == HOSTNAME
    assert term["namespaceSelector"] == {}
    (expression,) = term["labelSelector"]["matchExpressions"]
    job = spot_training_job(a_plan().jobs[0])
    assert expression["operator"] == "Exists"
    assert expression["key"] in job["spec"]["template"]["metadata"]["labels"], "the pods must find each other"


def test_on_a_managed_cluster_packing_never_keeps_a_pod_waiting():
    (kind,) = pod_packing(Cloud.EXISTING)["affinity"].values()
    assert list(kind) == ["preferredDuringSchedulingIgnoredDuringExecution"]


def test_where_the_scheduler_packs_pods_carry_nothing():
    assert pod_packing(Cloud.LOCAL) == {}


@pytest.mark.parametrize("cloud", Cloud)
def test_every_cloud_packs_in_one_way(cloud):
    assert bool(pod_packing(cloud)) is (cloud is not Cloud.LOCAL)
