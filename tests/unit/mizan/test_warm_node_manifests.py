"""Placeholders of warm nodes: which nodes they bring, and what they must never keep anybody from."""

import pytest

from mizan import keys
from mizan.config import Cloud
from mizan.manifests import manifests_of
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.kueue_settings import manager_configuration
from mizan.rules import RULES
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack
from tests.eks_stacks import a_whole_eks_stack
from tests.gke_stacks import BY_CAPACITY, a_gke_plan, a_gke_stack

WARM = {"nodes": 2, "schedule": "0 8 * * 1-5", "hours": 10, "timeZone": "Europe/Berlin"}


def a_warm_plan(**warm):
    return a_plan(a_stack(pools=[a_pool(warm=WARM | warm)]))


def cron_job(plan):
    (body,) = [body for body in kept_nodes(plan) if body["kind"] == "CronJob"]
    return body


def pod(plan):
    return cron_job(plan)["spec"]["jobTemplate"]["spec"]["template"]["spec"]


def test_a_pool_that_keeps_nothing_warm_has_no_manifest():
    assert kept_nodes(a_plan()) == []


def test_one_class_serves_all_pools():
    pools = [a_pool(name=name, warm=WARM) for name in ("one", "two")]
    plan = a_plan(a_stack(pools=[*pools, a_pool(name="cold")], queues=[a_queue(quotas=[
        {"pool": "one", "capacity": "spot", "gpus": 4}])]))  # fmt: skip
    assert [(body["kind"], body["metadata"]["name"]) for body in kept_nodes(plan)] == [
        ("PriorityClass", "mizan-placeholder"),
        ("CronJob", "one"),
        ("CronJob", "two"),
    ]


def test_the_schedule_is_the_stack_s_and_the_deadline_its_hours():
    spec = cron_job(a_warm_plan())["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("0 8 * * 1-5", "Europe/Berlin")
    job = spec["jobTemplate"]["spec"]
    assert (job["parallelism"], job["completions"], job["activeDeadlineSeconds"]) == (2, 2, 36_000)


def test_a_start_replaces_what_still_runs():
    assert cron_job(a_warm_plan())["spec"]["concurrencyPolicy"] == "Replace"


def test_a_placeholder_holds_no_gpu_so_that_a_job_starts_beside_it():
    (container,) = pod(a_warm_plan())["containers"]
    assert container["resources"]["requests"] == {"cpu": "10m", "memory": "32Mi"}


def test_no_two_placeholders_of_a_pool_share_a_node():
    template = cron_job(a_warm_plan())["spec"]["jobTemplate"]["spec"]["template"]
    (apart,) = template["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert apart == {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {keys.POOL: "a100"}}}
    assert template["metadata"]["labels"][keys.POOL] == "a100"


def test_a_placeholder_waits_for_any_node_of_its_pool_and_the_autoscaler_chooses_which():
    found = pod(a_warm_plan())
    assert found["nodeSelector"] == {keys.POOL: "a100", keys.GPU_PRODUCT: "NVIDIA-A100-SXM4-40GB"}
    tolerated = {toleration["key"] for toleration in found["tolerations"]}
    assert tolerated == {taint.key for offer in a_warm_plan().offers for taint in offer.taints}


def test_where_a_pool_is_bought_in_one_way_the_node_selector_says_it():
    capacity = [{"type": "on-demand", "maxNodes": 2}]
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "on-demand", "gpus": 8}])
    plan = a_plan(a_stack(pools=[a_pool(capacity=capacity, warm=WARM)], queues=[queue]))
    assert pod(plan)["nodeSelector"][keys.CAPACITY_TYPE] == "on-demand"


def test_on_gke_a_placeholder_asks_the_pool_s_compute_class():
    stack = a_gke_stack(pools=[a_pool(warm=WARM)], queues=[BY_CAPACITY])
    assert pod(a_gke_plan(stack))["nodeSelector"][keys.GKE_COMPUTE_CLASS] == "a100"


def test_the_autoscaler_still_makes_nodes_for_a_placeholder_although_it_comes_last():
    (body,) = [body for body in kept_nodes(a_warm_plan()) if body["kind"] == "PriorityClass"]
    assert (body["value"], body["preemptionPolicy"], body["globalDefault"]) == (-10, "Never", False)
    assert pod(a_warm_plan())["priorityClassName"] == body["metadata"]["name"]


def test_an_interruption_is_no_failure_and_the_autoscaler_may_move_a_placeholder():
    job = cron_job(a_warm_plan())["spec"]["jobTemplate"]["spec"]
    assert job["podFailurePolicy"]["rules"] == [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}
    ]
    assert job["template"]["metadata"]["annotations"] == {keys.SAFE_TO_EVICT: "true"}
    assert job["template"]["spec"]["terminationGracePeriodSeconds"] == 0


def test_gpu_pods_do_not_prefer_the_company_of_placeholders():
    job = cron_job(a_warm_plan())["spec"]["jobTemplate"]
    assert keys.WORKLOAD_TYPE not in job["spec"]["template"]["metadata"]["labels"]


def test_kueue_leaves_the_placeholders_alone():
    namespace = kept_nodes(a_warm_plan())[0]
    selector = manager_configuration(a_warm_plan().kueue)["managedJobsNamespaceSelector"]
    (wanted,) = selector["matchExpressions"]
    assert wanted == {"key": keys.STACK, "operator": "Exists"}
    assert wanted["key"] not in namespace["metadata"]["labels"]
    assert keys.QUEUE_NAME not in str(cron_job(a_warm_plan()))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_policy_pack_takes_them(rule):
    plan = a_warm_plan(image="example.com/train:1")
    assert [fault for body in kept_nodes(plan) for fault in rule.verdict(body)] == []


def test_an_image_is_read_before_anybody_asks_only_where_one_is_named():
    assert "initContainers" not in pod(a_warm_plan())
    (reading,) = pod(a_warm_plan(image="example.com/train:1"))["initContainers"]
    assert (reading["image"], reading["command"]) == ("example.com/train:1", ["sh", "-c", "exit 0"])


def test_every_container_keeps_the_restricted_standard():
    found = pod(a_warm_plan(image="example.com/train:1"))
    assert found["securityContext"] == {
        "runAsNonRoot": True,
        "runAsUser": 65_532,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    for container in (*found["initContainers"], *found["containers"]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_the_longest_pool_name_makes_no_cron_job_that_kubernetes_refuses():
    name = "a" * 48
    queue = a_queue(quotas=[{"pool": name, "capacity": "spot", "gpus": 8}])
    plan = a_plan(a_stack(pools=[a_pool(name=name, warm=WARM)], queues=[queue], jobs=[a_job()]))
    # Source: k8s.io/kubernetes@v1.36.3 pkg/apis/batch/validation/validation.go, ValidateCronJobCreate.
    assert len(cron_job(plan)["metadata"]["name"]) <= 52


def test_a_stack_s_manifests_hold_them_on_every_cloud():
    plans = [a_warm_plan(), a_gke_plan(a_gke_stack(pools=[a_pool(warm=WARM)])), a_plan(a_whole_eks_stack())]
    assert [plan.cloud for plan in plans] == [Cloud.LOCAL, Cloud.GKE, Cloud.EKS]
    for plan in plans:
        assert [body["metadata"]["name"] for body in manifests_of(plan) if body["kind"] == "CronJob"] == ["a100"]
