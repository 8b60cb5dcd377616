"""Kueue's objects and its own settings. That Kueue does with them what they say: tests/control_plane/test_queues.py."""

import json
import time
from typing import Any

import pytest

from mizan.config import Install, KueueAddon
from mizan.manifests import Manifest, manifests_of
from mizan.manifests.kueue_settings import chart_values, manager_configuration
from mizan.manifests.queues import (
    cluster_queue,
    cohort,
    local_queue,
    priority_class,
    resource_flavor,
    workload_priority_class,
)
from tests.bench.queues import plan_of
from tests.builders import a_plan, a_pool, a_queue, a_stack

KUEUE = KueueAddon(install=Install.EXTERNAL)
GPU = "nvidia.com/gpu"


def a_flavor(name: str) -> Manifest:
    return next(resource_flavor(flavor) for flavor in a_plan().flavors if flavor.name == name)


def queue_of(*others: dict[str, Any], fair_sharing: bool = False, **changes: Any) -> Manifest:
    """The spec of the first queue of a stack, in a cohort where it is given one."""
    kueue = {"install": "external", "fairSharing": fair_sharing}
    cohorts = [{"name": "research"}] if "cohort" in changes else []
    pools = [a_pool(capacity=[{"type": "spot", "maxNodes": 12}, {"type": "on-demand", "maxNodes": 2}])]
    values = a_stack(pools=pools, queues=[a_queue(**changes), *others], cohorts=cohorts, addons={"kueue": kueue})
    return cluster_queue(a_plan(values).queues[0])["spec"]


def a_lender() -> dict[str, Any]:
    return a_queue(name="lender", cohort="research", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 16}])


def test_a_flavor_tolerates_the_gpu_taint_for_every_job_and_the_spot_taint_for_none():
    spec = a_flavor("spot-a100")["spec"]
    assert spec["nodeLabels"] == {
        "mizan.dev/pool": "a100",
        "karpenter.sh/capacity-type": "spot",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
    }
    assert [taint["key"] for taint in spec["nodeTaints"]] == [GPU, "mizan.dev/spot"]
    assert spec["tolerations"] == [{"key": GPU, "operator": "Equal", "value": "present", "effect": "NoSchedule"}]


def test_the_flavor_of_a_whole_pool_pins_no_job_to_a_capacity_type():
    quotas = [{"pool": "a100", "gpus": 12}]
    (flavor,) = a_plan(a_stack(queues=[a_queue(fallback="capacity", quotas=quotas)])).flavors
    spec = resource_flavor(flavor)["spec"]
    assert set(spec["nodeLabels"]) == {"mizan.dev/pool", "nvidia.com/gpu.product"}
    assert [taint["key"] for taint in spec["nodeTaints"]] == [GPU], "the spot taint is not on all of its nodes"


def test_a_cluster_queue_tries_its_flavors_in_order_for_its_own_namespaces():
    spec = queue_of()
    assert spec["resourceGroups"] == [
        {
            "coveredResources": [GPU],
            "flavors": [
                {"name": "spot-a100", "resources": [{"name": GPU, "nominalQuota": "8"}]},
                {"name": "ondemand-a100", "resources": [{"name": GPU, "nominalQuota": "4"}]},
            ],
        }
    ]
    assert spec["namespaceSelector"] == {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team-a"]}]
    }
    assert spec["queueingStrategy"] == "BestEffortFIFO"
    assert not {"cohortName", "fairSharing"} & set(spec)


def test_a_queue_of_spot_32_borrowing_16_and_on_demand_8_is_written_as_kueue_reads_it():
    quotas = [
        {"pool": "a100", "capacity": "spot", "gpus": 32, "borrow": 16},
        {"pool": "a100", "capacity": "on-demand", "gpus": 8, "borrow": 0},
    ]
    spec = queue_of(a_lender(), name="training", cohort="research", quotas=quotas)
    assert spec["cohortName"] == "research"
    assert spec["preemption"] == {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"}
    spot, on_demand = spec["resourceGroups"][0]["flavors"]
    assert spot["resources"] == [{"name": GPU, "nominalQuota": "32", "borrowingLimit": "16"}]
    assert on_demand["resources"] == [{"name": GPU, "nominalQuota": "8", "borrowingLimit": "0"}]


def test_a_queue_that_says_nothing_of_lending_lends_and_borrows_without_limit():
    spec = queue_of(a_lender(), cohort="research")
    assert [flavor["resources"] for flavor in spec["resourceGroups"][0]["flavors"]] == [
        [{"name": GPU, "nominalQuota": "8"}],
        [{"name": GPU, "nominalQuota": "4"}],
    ]


@pytest.mark.parametrize("lend", [0, 3])
def test_a_queue_lends_no_more_than_its_limit(lend):
    quotas = [{"pool": "a100", "capacity": "spot", "gpus": 8, "lend": lend}]
    (flavor,) = queue_of(cohort="research", quotas=quotas)["resourceGroups"][0]["flavors"]
    assert flavor["resources"] == [{"name": GPU, "nominalQuota": "8", "lendingLimit": str(lend)}]


@pytest.mark.parametrize("choice", ["MayStopSearch", "TryNextFlavor"])
def test_a_queue_borrows_before_or_after_the_next_flavor_and_never_preempts_for_the_first(choice):
    assert queue_of(whenCanBorrow=choice)["flavorFungibility"] == {
        "whenCanBorrow": choice,
        "whenCanPreempt": "TryNextFlavor",
    }


def test_preemption_and_order_are_the_queue_s_own():
    wanted = {"withinClusterQueue": "Never", "reclaimWithinCohort": "LowerPriority"}
    spec = queue_of(preemption=wanted, strategy="StrictFIFO")
    assert (spec["preemption"], spec["queueingStrategy"]) == (wanted, "StrictFIFO")


def test_a_queue_s_weight_is_written_with_fair_sharing():
    assert queue_of(weight=3, fair_sharing=True)["fairSharing"] == {"weight": "3"}


def test_a_queue_of_nobody_serves_nobody():
    other = a_queue(name="spare", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 0}])
    assert "namespaceSelector" not in cluster_queue(a_plan(a_stack(queues=[a_queue(), other])).queues[1])["spec"]


def test_a_cohort_has_its_parent_its_weight_and_what_belongs_to_all_its_queues():
    common = [{"pool": "a100", "capacity": "spot", "gpus": 8}]
    cohorts = [{"name": "company"}, {"name": "research", "parent": "company", "quotas": common, "weight": 2}]
    fair = {"kueue": {"install": "external", "fairSharing": True}}
    company, research = (cohort(each) for each in a_plan(a_stack(cohorts=cohorts, addons=fair)).cohorts)
    assert (company["kind"], company["metadata"]["name"], company["spec"]) == ("Cohort", "company", {})
    assert research["spec"] == {
        "parentName": "company",
        "resourceGroups": [
            {
                "coveredResources": [GPU],
                "flavors": [{"name": "spot-a100", "resources": [{"name": GPU, "nominalQuota": "8"}]}],
            }
        ],
        "fairSharing": {"weight": "2"},
    }


def test_a_priority_orders_the_queue_and_leaves_preemption_of_pods_to_kueue_unless_it_serves():
    production, batch, dev = a_plan().priorities
    assert [workload_priority_class(each)["value"] for each in (production, batch, dev)] == [1000, 100, 10]
    assert workload_priority_class(batch)["metadata"]["name"] == priority_class(batch)["metadata"]["name"] == "batch"
    policies = [priority_class(each)["preemptionPolicy"] for each in (production, batch, dev)]
    assert policies == ["PreemptLowerPriority", "Never", "Never"]
    assert (priority_class(batch)["value"], priority_class(batch)["globalDefault"]) == (100, False)


def test_a_local_queue_leads_to_the_cluster_queue_of_its_name():
    assert local_queue("training", "team-a") == {
        "apiVersion": "kueue.x-k8s.io/v1beta2",
        "kind": "LocalQueue",
        "metadata": {
            "name": "training",
            "namespace": "team-a",
            "labels": {"app.kubernetes.io/managed-by": "mizan"},
        },
        "spec": {"clusterQueue": "training"},
    }


def test_queues_of_several_pools_count_them_in_one_group():
    pools = [a_pool(), a_pool(name="b", capacity=[{"type": "spot", "maxNodes": 2}])]
    quotas = [{"pool": pool, "capacity": "spot", "gpus": 1} for pool in ("b", "a100")]
    values = a_stack(pools=pools, queues=[a_queue(quotas=quotas)])
    (group,) = cluster_queue(a_plan(values).queues[0])["spec"]["resourceGroups"]
    assert [flavor["name"] for flavor in group["flavors"]] == ["spot-b", "spot-a100"]


def test_kueue_admits_a_job_by_its_gpus_though_no_quota_counts_cpu_and_memory():
    assert manager_configuration(KUEUE)["resources"] == {"quotaCheckStrategy": "IgnoreUndeclared"}


def test_kueue_waits_for_pods_as_long_and_as_often_as_the_stack_says():
    patience = {
        "timeoutSeconds": 600,
        "recoveryTimeoutSeconds": 300,
        "requeueLimit": 5,
        "backoffBaseSeconds": 30,
        "backoffMaxSeconds": 900,
    }
    plan = a_plan(a_stack(addons={"kueue": {"install": "external", "podsReady": patience}}))
    assert manager_configuration(plan.kueue)["waitForPodsReady"] == {
        "timeout": "600s",
        "recoveryTimeout": "300s",
        "blockAdmission": False,
        "requeuingStrategy": {
            "timestamp": "Eviction",
            "backoffLimitCount": 5,
            "backoffBaseSeconds": 30,
            "backoffMaxSeconds": 900,
        },
    }


def test_kueue_shares_fairly_only_when_it_is_told_to():
    assert "fairSharing" not in manager_configuration(KUEUE)
    fair = a_plan(a_stack(addons={"kueue": {"install": "external", "fairSharing": True}})).kueue
    assert manager_configuration(fair)["fairSharing"] == {
        "preemptionStrategies": ["LessThanOrEqualToFinalShare", "LessThanInitialShare"]
    }


def test_kueue_s_chart_gets_the_settings_of_the_embedded_kueue_and_its_own_ports():
    values = chart_values(KUEUE)
    configuration = json.loads(values["managerConfig"]["controllerManagerConfigYaml"])
    assert set(values) == {"managerConfig", "controllerManager"}
    assert values["controllerManager"]["tolerations"] == [{"key": "CriticalAddonsOnly", "operator": "Exists"}]
    assert configuration | manager_configuration(KUEUE) == configuration
    assert configuration["apiVersion"] == "config.kueue.x-k8s.io/v1beta2"
    assert configuration["integrations"] == {"frameworks": ["batch/job"]}
    assert configuration["manageJobsWithoutQueueName"] is True
    assert configuration["managedJobsNamespaceSelector"] == {
        "matchExpressions": [{"key": "mizan.dev/stack", "operator": "Exists"}]
    }
    assert configuration["webhook"] == {"port": 9443}


def test_kueue_s_settings_read_the_same_in_every_run():
    assert chart_values(KUEUE) == chart_values(KUEUE)
    manager_configuration(KUEUE)["integrations"]["frameworks"].append("ray.io/rayjob")
    assert manager_configuration(KUEUE)["integrations"]["frameworks"] == ["batch/job"]


def test_two_hundred_teams_with_a_queue_each_are_rendered_within_a_second():
    plan = plan_of(200)
    began = time.process_time()
    found = manifests_of(plan)
    assert time.process_time() - began < 1.0
    assert sum(each["kind"] == "ClusterQueue" for each in found) == 200
    assert sum(each["kind"] == "LocalQueue" for each in found) == 200
