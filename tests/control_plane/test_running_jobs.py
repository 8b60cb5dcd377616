"""Training jobs on real controllers: accepted, interrupted, failed, ended, saved. Their queues: test_queues.py."""

from datetime import UTC, datetime, timedelta

import pytest
from lightkube import ApiError
from lightkube.codecs import from_dict
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import Event, Node, PersistentVolume, PersistentVolumeClaim, Pod
from lightkube.resources.storage_v1 import StorageClass
from lightkube.types import PatchType

from local.control_plane.interruption import interrupt
from mizan import keys
from mizan.manifests.manifest import taints
from mizan.manifests.volumes import checkpoint_claims
from tests.builders import a_job, a_plan, a_queue, a_stack, a_team
from tests.control_plane.cluster_builders import static_node
from tests.control_plane.queue_builders import Workload, spot

pytestmark = pytest.mark.control_plane

BUSY = 90.0


@pytest.fixture
def training(stack):
    """A team with a queue of 8 spot GPUs, and one spot node that has them."""
    stack.apply([a_queue(quotas=[spot(8)])])
    add_spot_node(stack, "a")
    return stack


def add_spot_node(stack, letter):
    """A node with the labels and taints of the stack's spot offer."""
    (offer,) = (each for each in stack.plan.offers if each.capacity_type == "spot")
    body = static_node(f"{stack.team}-{letter}", gpus=offer.units_per_node).to_dict()
    body["metadata"]["labels"] |= {**offer.labels, keys.TEAM: stack.team}
    stack.client.create(Node.from_dict(body | {"spec": {"taints": taints(offer.taints)}}))


def submit(stack, name, *, annotations=None, spec=None, **changes):
    """Create a job as the stack renders it, with more annotations on its pods or another field of its spec."""
    body = stack.job(name, "training", **changes)
    body["spec"] |= spec or {}
    body["spec"]["template"]["metadata"]["annotations"] |= annotations or {}
    stack.client.create(Job.from_dict(body))


def running(stack, name, *, count=1, other_than=()):
    """The job's running pods, once there are exactly `count` of them."""

    def are_running():
        found = [pod for pod in stack.pods(name) if pod.status.phase == "Running"]
        found = [pod for pod in found if pod.metadata.uid not in {each.metadata.uid for each in other_than}]
        return found if len(found) == count else None

    return stack.eventually(are_running, seconds=BUSY)


def end_of(stack, name):
    """How the job ended, once it has: (type, reason) of its last condition, and the condition."""

    def is_over():
        held = stack.live(name).status.conditions or []
        return next((each for each in held if each.type in {"Complete", "Failed"} and each.status == "True"), None)

    found = stack.eventually(is_over, seconds=BUSY)
    return (found.type, found.reason), found


def take_node_a(stack):
    """Interrupt the node that the first pod runs on, with another one to go to."""
    add_spot_node(stack, "b")
    interrupt(stack.client, f"{stack.team}-a", notice_seconds=30)


def failures(stack, name):
    return stack.live(name).status.failed or 0


def let_end(stack, pod):
    """Have a simulated pod end well now."""
    patch = {"metadata": {"annotations": {keys.SIMULATED_RUN_SECONDS: "0"}}}
    stack.client.patch(Pod, pod.metadata.name, patch, namespace=stack.team, patch_type=PatchType.MERGE)


def checkpoint_dir(pod):
    (container,) = pod.spec.containers
    return next(item.value for item in container.env if item.name == "CHECKPOINT_DIR")


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="never"),
        pytest.param({"restartPolicy": "OnFailure"}, id="on-failure"),
        pytest.param({"failOnExitCodes": [143, 2, 143]}, id="exit-codes"),
        pytest.param({"gpus": 1, "pods": 5}, id="gang"),
    ],
)
def test_a_job_is_accepted_queued_by_its_priority_and_runs_to_its_end_on_spot(training, changes):
    submit(training, "train", run_seconds=1, **changes)
    assert training.admitted("train", seconds=BUSY) == "spot-a100"
    assert end_of(training, "train")[0][0] == "Complete"

    workload = training.workload("train").spec
    assert [pod_set["count"] for pod_set in workload["podSets"]] == [changes.get("pods", 1)]
    assert (workload["priorityClassRef"]["kind"], workload["priority"]) == ("WorkloadPriorityClass", 100)
    pods = training.pods("train")
    assert {(pod.spec.priorityClassName, pod.spec.priority) for pod in pods} == {("batch", 100)}
    assert {pod.spec.nodeName for pod in pods} == {f"{training.team}-a"}
    assert training.live("train").status.succeeded == len(pods) == changes.get("pods", 1)


def test_the_api_server_refuses_a_failure_policy_with_on_failure(training):
    body = training.job("mixed", "training", restartPolicy="OnFailure")
    body["spec"]["podFailurePolicy"] = training.job("never", "training")["spec"]["podFailurePolicy"]
    with pytest.raises(ApiError, match='only "Never" is supported when podFailurePolicy is specified'):
        training.client.create(Job.from_dict(body))


def test_all_pods_of_a_gang_start_or_none_does(training):
    submit(training, "before", gpus=4)
    running(training, "before")
    submit(training, "gang", gpus=1, pods=5)
    assert "insufficient unused quota" in training.waits("gang")
    assert training.pods("gang") == []

    training.end("before")
    pods = running(training, "gang", count=5)
    indexes = {pod.metadata.annotations["batch.kubernetes.io/job-completion-index"] for pod in pods}
    assert indexes == {"0", "1", "2", "3", "4"}
    assert len({checkpoint_dir(pod) for pod in pods}) == 1


@pytest.mark.parametrize(("policy", "counted"), [("Never", 0), ("OnFailure", 1)])
def test_an_interrupted_job_goes_on_elsewhere_from_its_checkpoints_and_only_on_failure_counts_it(
    training, policy, counted
):
    submit(training, "train", restartPolicy=policy)
    (first,) = running(training, "train")
    began = training.live("train").status.startTime
    take_node_a(training)
    (second,) = running(training, "train", other_than=[first])

    assert (first.spec.nodeName, second.spec.nodeName) == (f"{training.team}-a", f"{training.team}-b")
    assert checkpoint_dir(first) == checkpoint_dir(second) == "s3://checkpoints/train-1"
    assert training.live("train").status.startTime == began, "its longest time goes on"
    let_end(training, second)
    assert end_of(training, "train")[0][0] == "Complete"
    assert (training.live("train").status.succeeded, failures(training, "train")) == (1, counted)


def test_one_interrupted_pod_of_a_gang_is_replaced_and_the_others_stay(training):
    training.apply([a_queue(quotas=[spot(16)])])
    add_spot_node(training, "b")
    submit(training, "pair", gpus=8, pods=2)
    pods = running(training, "pair", count=2)
    (taken,) = (pod for pod in pods if pod.spec.nodeName == f"{training.team}-a")
    (kept,) = (pod for pod in pods if pod.spec.nodeName == f"{training.team}-b")
    add_spot_node(training, "c")
    interrupt(training.client, f"{training.team}-a", notice_seconds=30)
    (fresh,) = running(training, "pair", other_than=[taken, kept])
    index = "batch.kubernetes.io/job-completion-index"
    assert fresh.metadata.annotations[index] == taken.metadata.annotations[index]
    assert {pod.metadata.uid for pod in running(training, "pair", count=2)} == {fresh.metadata.uid, kept.metadata.uid}
    assert failures(training, "pair") == 0


@pytest.mark.parametrize(
    ("policy", "end"),
    [("OnFailure", ("Failed", "BackoffLimitExceeded")), ("Never", ("Complete", "CompletionsReached"))],
)
def test_only_with_on_failure_interruptions_alone_can_fail_a_job(training, policy, end):
    submit(training, "train", restartPolicy=policy, spec={"backoffLimit": 0})
    (first,) = running(training, "train")
    take_node_a(training)
    if policy == "Never":
        let_end(training, *running(training, "train", other_than=[first]))
    assert end_of(training, "train")[0] == end


def test_a_declared_exit_code_fails_the_job_at_once(training):
    fails = {keys.SIMULATED_EXIT_CODE: "2"}
    submit(training, "typo", run_seconds=1, annotations=fails, failOnExitCodes=[2, 64])
    ending, condition = end_of(training, "typo")
    assert ending == ("Failed", "PodFailurePolicy")
    assert "Container trainer" in condition.message
    assert "exit code 2" in condition.message
    assert failures(training, "typo") == len(training.pods("typo")) == 1


def test_any_other_exit_code_gets_another_try(training):
    fails = {keys.SIMULATED_EXIT_CODE: "3"}
    submit(training, "flaky", run_seconds=1, annotations=fails, failOnExitCodes=[2, 64])
    training.eventually(lambda: len(training.pods("flaky")) > 1, seconds=BUSY)
    assert failures(training, "flaky") >= 1
    assert not {each.type for each in training.live("flaky").status.conditions or []} & {"Failed", "FailureTarget"}


def test_the_longest_time_of_a_job_does_not_count_the_queue(training):
    longest = timedelta(seconds=3)
    submit(training, "before")
    running(training, "before")
    submit(training, "train", spec={"activeDeadlineSeconds": longest.seconds})
    created = training.live("train").metadata.creationTimestamp
    training.eventually(lambda: datetime.now(UTC) - created > longest + timedelta(seconds=1))
    assert training.live("train").spec.suspend
    assert training.live("train").status.startTime is None

    training.end("before")
    began = training.eventually(lambda: training.live("train").status.startTime, seconds=BUSY)
    assert began - created > longest
    ending, condition = end_of(training, "train")
    assert ending == ("Failed", "DeadlineExceeded")
    assert condition.lastTransitionTime - began >= longest


@pytest.mark.parametrize("policy", ["Never", "OnFailure"])
def test_a_job_that_kueue_puts_back_into_the_queue_starts_its_time_anew_and_has_not_failed(training, policy):
    submit(training, "train", restartPolicy=policy)
    (first,) = running(training, "train")
    began = training.live("train").status.startTime

    def let_run(is_active):
        name = training.workload("train").metadata.name
        patch = {"spec": {"active": is_active}}
        training.client.patch(Workload, name, patch, namespace=training.team, patch_type=PatchType.MERGE)

    let_run(False)
    training.eventually(lambda: training.live("train").spec.suspend and not training.pods("train"), seconds=BUSY)
    assert training.live("train").status.startTime is None
    # The API keeps whole seconds.
    training.eventually(lambda: datetime.now(UTC) - began > timedelta(seconds=2))
    let_run(True)
    running(training, "train", other_than=[first])
    assert training.live("train").status.startTime > began
    assert failures(training, "train") == 0


@pytest.fixture
def saved(training):
    """A volume that a job's claim fits, its class bound only once a pod mounts it; and the claim."""
    client, name = training.client, training.team
    checkpoint = {"volume": {"storageClass": name, "sizeGib": 100}, "intervalSeconds": 60}
    binding = {"provisioner": "kubernetes.io/no-provisioner", "volumeBindingMode": "WaitForFirstConsumer"}
    client.create(StorageClass.from_dict({"metadata": {"name": name}, **binding}))
    volume = {
        "capacity": {"storage": "100Gi"},
        "accessModes": ["ReadWriteMany"],
        "storageClassName": name,
        "nfs": {"server": "files.invalid", "path": "/"},
    }
    client.create(PersistentVolume.from_dict({"metadata": {"name": name}, "spec": volume}))
    job = a_job(name="train", team=name, checkpoint=checkpoint)
    (planned,) = a_plan(a_stack(teams=[a_team(name=name)], jobs=[job])).jobs
    (claim,) = checkpoint_claims(planned)
    client.create(from_dict(claim))
    yield checkpoint
    client.delete(PersistentVolume, name)
    client.delete(StorageClass, name)


def claims(stack):
    return list(stack.client.list(PersistentVolumeClaim, namespace=stack.team))


def test_a_claim_waits_for_the_first_pod_and_outlives_the_job(training, saved):
    (claim,) = claims(training)
    reason = {"reason": "WaitForFirstConsumer"}
    training.eventually(lambda: list(training.client.list(Event, namespace=training.team, fields=reason)))
    assert claims(training)[0].status.phase == "Pending", "so Pulumi must not wait for it to be bound"

    submit(training, "train", checkpoint=saved)
    (first,) = running(training, "train")
    assert checkpoint_dir(first) == "/checkpoints"
    assert claims(training)[0].status.phase == "Bound"
    training.end("train")
    training.eventually(lambda: not training.pods("train"), seconds=BUSY)

    submit(training, "train", checkpoint=saved, gpus=2, pods=2)
    pods = running(training, "train", count=2)
    mounted = {each.persistentVolumeClaim.claimName for pod in pods for each in pod.spec.volumes[1:]}
    (after,) = claims(training)
    assert ({after.metadata.name}, after.metadata.uid) == (mounted, claim.metadata.uid)
    assert after.spec.volumeName == training.team


def test_a_claim_goes_only_after_the_job_that_mounts_it(training, saved):
    submit(training, "train", checkpoint=saved)
    running(training, "train")
    (claim,) = claims(training)
    training.client.delete(PersistentVolumeClaim, claim.metadata.name, namespace=training.team)
    training.eventually(lambda: claims(training)[0].metadata.deletionTimestamp)
    assert claims(training)[0].metadata.finalizers == ["kubernetes.io/pvc-protection"]
    training.end("train")
    training.eventually(lambda: not claims(training), seconds=BUSY)
