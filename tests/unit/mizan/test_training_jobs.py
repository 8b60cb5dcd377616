"""The manifests of a training job. That a real cluster takes them is in tests/control_plane/test_training_jobs.py."""

import json
import re
from typing import Any

import pytest

from mizan import keys, versions
from mizan.clouds.gcp.node_pools import SPOT_SHUTDOWN_SECONDS, SYSTEM_PODS_SHUTDOWN_SECONDS
from mizan.config import Cloud
from mizan.manifests import Manifest, karpenter, manifests_of
from mizan.manifests.training_jobs import gang_services, spot_training_job
from mizan.manifests.volumes import checkpoint_claims
from mizan.plan.worth import notice_seconds
from tests.builders import NOTHING, a_job, a_plan, a_stack, with_value
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan

VOLUME = {"volume": {"storageClass": "filestore-rwx", "sizeGib": 100}, "intervalSeconds": 60}


def plan_of(**changes: Any):
    stack = a_stack()
    for key, value in changes.items():
        stack = with_value(stack, f"jobs[0].{key}", value)
    return a_plan(stack).jobs[0]


def job_of(**changes: Any) -> Manifest:
    return spot_training_job(plan_of(**changes))


def pod_of(job: Manifest) -> Manifest:
    return job["spec"]["template"]["spec"]


def container_of(job: Manifest) -> Manifest:
    (container,) = pod_of(job)["containers"]
    return container


def variables_of(job: Manifest) -> dict[str, str]:
    return {item["name"]: item["value"] for item in container_of(job)["env"]}


def test_a_job_waits_for_kueue_and_pulumi_does_not_wait_for_it():
    job = job_of()
    assert job["spec"]["suspend"] is True
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "training"
    assert job["metadata"]["annotations"] == {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"}


def test_a_job_leaves_its_capacity_to_kueue():
    pod = pod_of(job_of())
    assert not {"nodeSelector", "affinity", "nodeName"} & set(pod)


def test_a_priority_orders_the_job_in_its_queue_and_its_pods_on_the_nodes():
    job = job_of(priority="production")
    assert job["metadata"]["labels"]["kueue.x-k8s.io/priority-class"] == "production"
    assert pod_of(job)["priorityClassName"] == "production"
    assert pod_of(job_of())["priorityClassName"] == job_of()["metadata"]["labels"]["kueue.x-k8s.io/priority-class"]


def test_only_a_job_that_can_be_interrupted_tolerates_spot():
    (toleration,) = pod_of(job_of())["tolerations"]
    assert toleration == {"key": "mizan.dev/spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"}
    steady = job_of(spotEligible=False)
    assert pod_of(steady)["tolerations"] == []
    assert steady["spec"]["template"]["metadata"]["labels"]["spot-eligible"] == "false"


def test_an_interruption_is_not_a_failure_of_the_job():
    spec = job_of()["spec"]
    assert spec["podFailurePolicy"] == {
        "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
    }
    assert (spec["backoffLimit"], pod_of(job_of())["restartPolicy"]) == (3, "Never")


def test_a_declared_exit_code_fails_the_job_but_an_interruption_comes_first():
    rules = job_of(failOnExitCodes=[143, 2, 143])["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "FailJob"]
    assert rules[1]["onExitCodes"] == {"containerName": "trainer", "operator": "In", "values": [2, 143]}
    assert container_of(job_of())["name"] == rules[1]["onExitCodes"]["containerName"]


def test_a_job_that_restarts_its_containers_has_no_failure_policy():
    job = job_of(restartPolicy="OnFailure")
    assert "podFailurePolicy" not in job["spec"]
    assert (pod_of(job)["restartPolicy"], job["spec"]["backoffLimit"]) == ("OnFailure", 3)


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_no_two_pods_of_one_index_ever_write_the_same_checkpoint(policy):
    assert job_of(restartPolicy=policy)["spec"]["podReplacementPolicy"] == "Failed"


@pytest.mark.parametrize("pods", [1, 5])
def test_all_pods_of_a_job_run_side_by_side_and_know_which_they_are(pods):
    spec = job_of(pods=pods, gpus=1)["spec"]
    assert (spec["parallelism"], spec["completions"], spec["completionMode"]) == (pods, pods, "Indexed")


def test_the_pods_of_a_gang_find_each_other_by_name_before_they_are_ready():
    job = plan_of(pods=5, gpus=1)
    assert gang_services(job) == [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {
                "name": "train-1",
                "namespace": "team-a",
                "labels": {"app.kubernetes.io/managed-by": "mizan"},
            },
            "spec": {
                "clusterIP": "None",
                "publishNotReadyAddresses": True,
                "selector": {"batch.kubernetes.io/job-name": "train-1"},
            },
        }
    ]
    assert pod_of(spot_training_job(job))["subdomain"] == "train-1"
    assert variables_of(spot_training_job(job))["MASTER_ADDR"] == "train-1-0.train-1"


def test_a_single_pod_needs_no_names_and_keeps_the_loopback_that_torch_falls_back_to():
    job = plan_of()
    assert gang_services(job) == []
    assert "subdomain" not in pod_of(spot_training_job(job))
    assert set(variables_of(spot_training_job(job))) == {"CHECKPOINT_DIR", "CHECKPOINT_INTERVAL"}


def test_a_job_that_hangs_is_ended():
    assert job_of(maxRunSeconds=3600)["spec"]["activeDeadlineSeconds"] == 3600


def test_a_job_asks_for_exactly_what_it_may_use():
    job = plan_of(gpus=3)
    resources = container_of(spot_training_job(job))["resources"]
    amounts = {"cpu": "33", "memory": "237Gi", "nvidia.com/gpu": "3"}
    assert resources == {"requests": amounts, "limits": amounts}
    assert resources["limits"] is not resources["requests"]


def test_a_job_is_told_where_and_how_often_to_save_itself():
    container = container_of(job_of(checkpoint={"dir": "gs://b/x", "intervalSeconds": 60}))
    assert container["env"] == [
        {"name": "CHECKPOINT_DIR", "value": "gs://b/x"},
        {"name": "CHECKPOINT_INTERVAL", "value": "60"},
    ]
    assert container["command"] == ["python", "-m", "train"]


def test_a_job_that_leaves_the_interval_out_is_told_the_one_that_is_planned():
    job = plan_of(checkpoint={"dir": "gs://b/x"})
    assert job.checkpoint_seconds > 0
    assert variables_of(spot_training_job(job))["CHECKPOINT_INTERVAL"] == str(job.checkpoint_seconds)


def test_a_job_without_a_volume_claims_none():
    job = plan_of()
    assert checkpoint_claims(job) == []
    assert [volume["name"] for volume in pod_of(spot_training_job(job))["volumes"]] == ["scratch"]


def test_a_job_saves_itself_to_the_volume_that_it_mounts():
    job = plan_of(checkpoint=VOLUME)
    (claim,) = checkpoint_claims(job)
    body = spot_training_job(job)
    told = variables_of(body)
    (mount,) = [item for item in container_of(body)["volumeMounts"] if item["mountPath"] == told["CHECKPOINT_DIR"]]
    (volume,) = [item for item in pod_of(body)["volumes"] if item["name"] == mount["name"]]
    assert volume["persistentVolumeClaim"] == {"claimName": claim["metadata"]["name"]}
    assert claim["metadata"]["namespace"] == body["metadata"]["namespace"]
    assert told["CHECKPOINT_INTERVAL"] == "60"


def test_a_checkpoint_volume_is_shared_by_all_zones_and_charged_to_the_team():
    assert checkpoint_claims(plan_of(checkpoint=VOLUME)) == [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {
                "name": "train-1-checkpoints",
                "namespace": "team-a",
                "labels": {
                    "app.kubernetes.io/managed-by": "mizan",
                    "cost-center": "ml-research",
                    "team": "team-a",
                    "project": "llm",
                    "workload-type": "training",
                },
                # With WaitForFirstConsumer it is bound only once a pod runs, which may take days.
                "annotations": {"pulumi.com/waitFor": "jsonpath={.metadata.uid}"},
            },
            "spec": {
                "accessModes": ["ReadWriteMany"],
                "storageClassName": "filestore-rwx",
                "resources": {"requests": {"storage": "100Gi"}},
            },
        }
    ]


def test_no_change_of_the_job_changes_its_claim():
    changes = {"gpus": 1, "pods": 3, "priority": "production", "spotEligible": False, "restartPolicy": "OnFailure"}
    before, after = plan_of(checkpoint=VOLUME), plan_of(checkpoint=VOLUME, **changes)
    assert spot_training_job(before)["spec"] != spot_training_job(after)["spec"]
    assert checkpoint_claims(before) == checkpoint_claims(after)


def test_each_claim_and_each_gang_s_names_come_before_the_job():
    jobs = [a_job(checkpoint=VOLUME), a_job(name="train-2"), a_job(name="train-3", checkpoint=VOLUME, pods=2)]
    made = [(item["kind"], item["metadata"]["name"]) for item in manifests_of(a_plan(a_stack(jobs=jobs)))]
    assert made[-6:] == [
        ("PersistentVolumeClaim", "train-1-checkpoints"),
        ("Job", "train-1"),
        ("Job", "train-2"),
        ("PersistentVolumeClaim", "train-3-checkpoints"),
        ("Service", "train-3"),
        ("Job", "train-3"),
    ]


def test_a_job_s_pod_keeps_the_restricted_pod_security_standard():
    pod = pod_of(job_of())
    security = container_of(job_of())["securityContext"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["allowPrivilegeEscalation"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert pod["automountServiceAccountToken"] is False


@pytest.mark.parametrize("checkpoint", [VOLUME, {"dir": "s3://b/x", "intervalSeconds": 60}])
def test_every_volume_of_the_pod_is_mounted_and_every_mount_has_its_volume(checkpoint):
    job = job_of(checkpoint=checkpoint)
    mounted = [mount["name"] for mount in container_of(job)["volumeMounts"]]
    assert mounted == [volume["name"] for volume in pod_of(job)["volumes"]]


def test_a_full_volume_is_not_walked_through_at_every_start():
    security = pod_of(job_of(checkpoint=VOLUME))["securityContext"]
    assert (security["fsGroup"], security["fsGroupChangePolicy"]) == (security["runAsUser"], "OnRootMismatch")


def test_a_spot_notice_is_long_enough_to_save():
    assert pod_of(job_of())["terminationGracePeriodSeconds"] == 15
    for plan, seconds in ((a_gke_plan(), 105), (an_eks_plan(), 60)):
        assert pod_of(spot_training_job(plan.jobs[0]))["terminationGracePeriodSeconds"] == seconds


def test_a_pod_s_time_to_save_itself_ends_before_its_node_s():
    assert notice_seconds(Cloud.EKS, "aws") < int(karpenter.GRACE.removesuffix("s"))
    assert notice_seconds(Cloud.GKE, "gcp") == SPOT_SHUTDOWN_SECONDS - SYSTEM_PODS_SHUTDOWN_SECONDS


def test_a_job_and_its_pods_carry_its_cost_labels():
    job, labels = job_of(), dict(plan_of().labels)
    assert job["metadata"]["labels"].items() >= labels.items()
    assert job["spec"]["template"]["metadata"]["labels"] == labels
    assert set(labels) >= {*keys.NAMESPACE_COST_LABELS, keys.WORKLOAD_TYPE, keys.PRIORITY, keys.SPOT_ELIGIBLE}


def test_no_autoscaler_moves_a_running_job_and_its_pods_pretend_to_run_as_long_as_asked():
    assert job_of()["spec"]["template"]["metadata"]["annotations"] == {
        "karpenter.sh/do-not-disrupt": "true",
        "cluster-autoscaler.kubernetes.io/safe-to-evict": "false",
        "mizan.dev/simulated-run-seconds": "45",
    }


def test_pods_pretend_to_use_their_gpus_as_the_job_says():
    metadata = job_of(simulatedGpuProfile="ramp:600")["spec"]["template"]["metadata"]
    assert metadata["annotations"]["mizan.dev/simulated-gpu-profile"] == "ramp:600"


def test_a_job_for_a_real_cluster_pretends_nothing():
    assert "simulated" not in json.dumps(job_of(simulatedRunSeconds=NOTHING))


def test_the_training_image_is_pinned_to_a_version():
    assert re.fullmatch(r"[a-z0-9./-]+:\d[\w.-]+", versions.TRAINING_IMAGE)
