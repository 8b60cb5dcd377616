"""Each manifest by itself. Together they are in test_manifests_together.py."""

import json
import re
from typing import Any

from mizan import versions
from mizan.manifests import Manifest
from mizan.manifests.kueue_settings import chart_values, manager_configuration
from mizan.manifests.kwok_nodes import instance_types, node_class, node_pool
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import cluster_queue, local_queue, resource_flavor
from mizan.manifests.training_jobs import spot_training_job
from tests.builders import NOTHING, a_plan, a_pool, a_queue, a_stack, with_value

SPOT, ON_DEMAND = a_plan().offers


def job_of(**changes: Any) -> Manifest:
    stack = a_stack()
    for key, value in changes.items():
        stack = with_value(stack, f"jobs[0].{key}", value)
    return spot_training_job(a_plan(stack).jobs[0])


def pod_of(job: Manifest) -> Manifest:
    return job["spec"]["template"]["spec"]


def test_a_pool_scales_from_nothing_to_its_offer_s_limit_and_back():
    spec = node_pool(SPOT)["spec"]
    assert spec["limits"] == {"nvidia.com/gpu": "8"}
    assert spec["disruption"] == {"consolidationPolicy": "WhenEmpty", "consolidateAfter": "30s"}
    assert spec["template"]["spec"]["expireAfter"] == "Never"


def test_a_pool_makes_nodes_of_its_own_machine_and_capacity_type_only():
    template = node_pool(ON_DEMAND)["spec"]["template"]
    assert template["metadata"]["labels"] == {
        "app.kubernetes.io/managed-by": "mizan",
        "mizan.dev/pool": "a100",
        "nvidia.com/gpu.product": "NVIDIA-A100-SXM4-40GB",
    }
    assert [(item["key"], item["operator"], item["values"]) for item in template["spec"]["requirements"]] == [
        ("node.kubernetes.io/instance-type", "In", ["a2-highgpu-4g"]),
        ("karpenter.sh/capacity-type", "In", ["on-demand"]),
        ("kubernetes.io/arch", "In", ["amd64"]),
        ("kubernetes.io/os", "In", ["linux"]),
    ]
    reference = template["spec"]["nodeClassRef"]
    assert reference == {
        "group": "karpenter.kwok.sh",
        "kind": "KWOKNodeClass",
        "name": node_class()["metadata"]["name"],
    }


def test_karpenter_reads_machines_with_their_gpus_and_prices():
    (machine,) = instance_types(a_plan())
    assert machine["name"] == "a2-highgpu-4g"
    assert machine["resources"] == {
        "cpu": "48",
        "memory": "340Gi",
        "ephemeral-storage": "200Gi",
        "pods": "110",
        "nvidia.com/gpu": "4",
    }
    assert [(offering["Price"], offering["Available"]) for offering in machine["offerings"]] == [
        (14.69354, True),
        (7.71208, True),
    ]
    assert [offering["Requirements"] for offering in machine["offerings"]] == [
        [
            {"key": "karpenter.sh/capacity-type", "operator": "In", "values": [kind]},
            {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["us-central1-a"]},
        ]
        for kind in ("on-demand", "spot")
    ]


def test_two_pools_of_one_machine_share_its_instance_type():
    pools = [
        a_pool(capacity=[{"type": "spot", "maxNodes": 2}]),
        a_pool(name="b", capacity=[{"type": "on-demand", "maxNodes": 2}]),
    ]
    queue = a_queue(quotas=[{"pool": "a100", "capacity": "spot", "gpus": 1}])
    (machine,) = instance_types(a_plan(a_stack(pools=pools, queues=[queue])))
    assert len(machine["offerings"]) == 2


def test_a_flavor_tolerates_the_gpu_taint_for_every_job_and_the_spot_taint_for_none():
    spec = resource_flavor(SPOT)["spec"]
    assert spec["nodeLabels"] == dict(SPOT.labels)
    assert [taint["key"] for taint in spec["nodeTaints"]] == ["nvidia.com/gpu", "mizan.dev/spot"]
    assert spec["tolerations"] == [
        {"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}
    ]


def test_a_cluster_queue_tries_its_flavors_in_order_for_its_own_namespaces():
    spec = cluster_queue(a_plan().queues[0])["spec"]
    assert spec["resourceGroups"] == [
        {
            "coveredResources": ["nvidia.com/gpu"],
            "flavors": [
                {"name": "spot-a100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "8"}]},
                {"name": "ondemand-a100", "resources": [{"name": "nvidia.com/gpu", "nominalQuota": "4"}]},
            ],
        }
    ]
    assert spec["namespaceSelector"] == {
        "matchExpressions": [{"key": "kubernetes.io/metadata.name", "operator": "In", "values": ["team-a"]}]
    }
    assert spec["flavorFungibility"] == {"whenCanBorrow": "MayStopSearch", "whenCanPreempt": "TryNextFlavor"}


def test_a_queue_of_nobody_serves_nobody():
    other = a_queue(name="spare", quotas=[{"pool": "a100", "capacity": "spot", "gpus": 0}])
    assert cluster_queue(a_plan(a_stack(queues=[a_queue(), other])).queues[1])["spec"]["namespaceSelector"] is None


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


def test_a_team_s_namespace_says_who_pays_and_keeps_pods_restricted():
    assert team_namespace(a_plan().teams[0]) == {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": "team-a",
            "labels": {
                "app.kubernetes.io/managed-by": "mizan",
                "cost-center": "ml-research",
                "team": "team-a",
                "project": "llm",
                "pod-security.kubernetes.io/enforce": "restricted",
            },
        },
    }


def test_a_job_waits_for_kueue_and_pulumi_does_not_wait_for_it():
    job = job_of()
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "training"
    assert job["metadata"]["annotations"] == {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"}


def test_an_interruption_is_not_a_failure_of_the_job():
    spec = job_of()["spec"]
    assert spec["podFailurePolicy"] == {
        "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
    }
    assert (spec["backoffLimit"], pod_of(job_of())["restartPolicy"]) == (3, "Never")


def test_a_job_asks_for_exactly_what_it_may_use():
    (container,) = pod_of(job_of(gpus=3))["containers"]
    resources = container["resources"]
    assert resources["requests"] == {"cpu": "6", "memory": "24Gi", "nvidia.com/gpu": "3"}
    assert resources["limits"] == resources["requests"]
    assert resources["limits"] is not resources["requests"]


def test_a_job_is_told_where_and_how_often_to_save_itself():
    (container,) = pod_of(job_of(checkpoint={"dir": "gs://b/x", "intervalSeconds": 60}))["containers"]
    assert container["env"] == [
        {"name": "CHECKPOINT_DIR", "value": "gs://b/x"},
        {"name": "CHECKPOINT_INTERVAL", "value": "60"},
    ]
    assert container["command"] == ["python", "-m", "train"]


def test_a_job_s_pod_keeps_the_restricted_pod_security_standard():
    pod = pod_of(job_of())
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False
    assert container["volumeMounts"][0]["name"] == pod["volumes"][0]["name"]


def test_a_job_s_pod_carries_its_cost_labels_and_how_long_it_pretends_to_run():
    template = job_of()["spec"]["template"]["metadata"]
    assert template["labels"] == dict(a_plan().jobs[0].labels)
    assert template["annotations"] == {
        "karpenter.sh/do-not-disrupt": "true",
        "mizan.dev/simulated-run-seconds": "45",
    }


def test_a_job_for_a_real_cluster_pretends_nothing():
    annotations = job_of(simulatedRunSeconds=NOTHING)["spec"]["template"]["metadata"]["annotations"]
    assert annotations == {"karpenter.sh/do-not-disrupt": "true"}


def test_the_training_image_is_pinned_to_a_version():
    assert re.fullmatch(r"[a-z0-9./-]+:\d[\w.-]+", versions.TRAINING_IMAGE)


def test_kueue_s_chart_gets_the_settings_of_the_embedded_kueue_and_its_own_ports():
    values = chart_values()
    configuration = json.loads(values["managerConfig"]["controllerManagerConfigYaml"])
    assert set(values) == {"managerConfig"}
    assert configuration | manager_configuration() == configuration
    assert configuration["apiVersion"] == "config.kueue.x-k8s.io/v1beta2"
    assert configuration["integrations"] == {"frameworks": ["batch/job"]}
    assert configuration["manageJobsWithoutQueueName"] is False
    assert configuration["webhook"] == {"port": 9443}


def test_kueue_s_settings_read_the_same_in_every_run():
    assert chart_values() == chart_values()
    manager_configuration()["integrations"]["frameworks"].append("ray.io/rayjob")
    assert manager_configuration()["integrations"]["frameworks"] == ["batch/job"]
