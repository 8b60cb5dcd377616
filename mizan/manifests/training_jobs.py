"""A spot training job: queued by Kueue, saved by checkpoints, not failed by interruptions."""

from mizan import keys, versions
from mizan.config import Cloud, RestartPolicy
from mizan.manifests.manifest import Manifest, manifest, tolerations
from mizan.manifests.packing import pod_packing
from mizan.manifests.pod_requests import container_resources, memory_guidance, node_affinity, pod_claims
from mizan.manifests.provisioning import asked_run
from mizan.manifests.volumes import checkpoint_claim_name
from mizan.plan import JobPlan

# Failures of the program itself; an interruption is not counted (podFailurePolicy).
RETRIES = 3
NOBODY = 65532
CONTAINER = "trainer"

# The root file system is read-only; Python and PyTorch write their temporary files here.
SCRATCH = "/tmp"  # noqa: S108  # a path in the container
CHECKPOINTS = "/checkpoints"

# The job controller's own label of a job's pods.
# Source: https://kubernetes.io/docs/reference/labels-annotations-taints/, read 2026-11-22.
JOB_NAME = "batch.kubernetes.io/job-name"


def spot_training_job(job: JobPlan) -> Manifest:
    """Return the batch/v1 Job.

    It is created suspended: Kueue resumes it on admission and adds the flavor's node selector, so it has none of its
    own; a GPU model that the job names is an affinity, which Kueue holds against its flavors. Pulumi does not wait for
    it: a queue may hold it for days.

    The program is told where (CHECKPOINT_DIR) and how often (CHECKPOINT_INTERVAL, seconds) to save itself, which of the
    job's pods it is (JOB_COMPLETION_INDEX, from 0), and, where there are several, the host name of the first
    (MASTER_ADDR). With a part of a GPU it is told how much memory is its own (mizan/manifests/pod_requests.py). On
    SIGTERM it has 15 seconds to save itself and must then exit with a code other than 0: 0 says that the training is
    complete, and the job would not go on elsewhere.
    Source: kubernetes/kubernetes@v1.36.3 pkg/kubelet/kubelet_pods.go, getPhase.

    `max_run_seconds` begins anew with each admission and does not count time in the queue: the job controller resets
    the start when a job is resumed. An interruption does not reset it.
    Source: kubernetes/kubernetes@v1.36.3 pkg/controller/job/job_controller.go, syncJob.
    """
    labels = {**job.labels, keys.QUEUE_NAME: job.queue, keys.PRIORITY_CLASS: job.priority}
    body = manifest("batch/v1", "Job", job.name, namespace=job.namespace, labels=labels)
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}", **asked_run(job)}
    body["spec"] = {
        "suspend": True,
        # Kueue admits them all or none. One pod is index 0 of one, so that a program runs alike with any number.
        "parallelism": job.pods,
        "completions": job.pods,
        "completionMode": "Indexed",
        "backoffLimit": RETRIES,
        "activeDeadlineSeconds": job.max_run_seconds,
        # Until a pod has ended it may still write its checkpoint; two writers would spoil it.
        "podReplacementPolicy": "Failed",
        **_failure_policy(job),
        "template": {
            "metadata": {"labels": dict(job.labels), "annotations": _annotations(job)},
            "spec": _pod(job),
        },
    }
    return body


def gang_services(job: JobPlan) -> list[Manifest]:
    """Return the headless Service by which the job's pods find each other, `<job>-<index>.<job>`; none for one pod.

    A name leads to a pod before the pod is ready, and to the one that takes its place after an interruption. No port is
    named: NCCL chooses its own, and the namespace's network policies let its pods talk on every one. As the Service is
    headless, Pulumi does not wait for pods.
    Source: https://kubernetes.io/docs/tasks/job/job-with-pod-to-pod-communication/, read 2026-11-22;
    pulumi/pulumi-kubernetes@v4.25.0 provider/pkg/await/service.go, shouldWaitForPods.
    """
    if job.pods == 1:
        return []
    body = manifest("v1", "Service", job.name, namespace=job.namespace)
    body["spec"] = {"clusterIP": "None", "publishNotReadyAddresses": True, "selector": {JOB_NAME: job.name}}
    return [body]


def _failure_policy(job: JobPlan) -> Manifest:
    """Return what tells an interruption and a hopeless failure from one worth another try.

    An interruption comes first: the code of a program that is told to stop says nothing. With OnFailure there is none,
    as the API server refuses it, and every interruption counts as one of the failures.
    Source: kubernetes/kubernetes@v1.36.3 pkg/apis/batch/validation/validation.go, validateJobSpec.
    """
    if job.restart_policy is RestartPolicy.ON_FAILURE:
        return {}
    rules: list[Manifest] = [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
    if job.fail_on_exit_codes:
        # The API server takes them in order only, and each once.
        codes = sorted(set(job.fail_on_exit_codes))
        rules.append(
            {"action": "FailJob", "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": codes}}
        )
    return {"podFailurePolicy": {"rules": rules}}


def _annotations(job: JobPlan) -> dict[str, str]:
    # A pod with it is deleted, not evicted, when a spot node of AWS is taken back, and its job counts a failure; pools
    # on EKS are never disrupted for another reason (mizan/manifests/karpenter.py).
    stays = {} if job.cloud is Cloud.EKS else {keys.DO_NOT_DISRUPT: "true"}
    annotations = {**stays, keys.SAFE_TO_EVICT: "false"}
    if job.simulated_run_seconds is not None:
        annotations[keys.SIMULATED_RUN_SECONDS] = str(job.simulated_run_seconds)
    if job.simulated_gpu_profile is not None:
        annotations[keys.SIMULATED_GPU_PROFILE] = job.simulated_gpu_profile
    return annotations


def _pod(job: JobPlan) -> Manifest:
    mounts = [{"name": "scratch", "mountPath": SCRATCH}]
    volumes: list[Manifest] = [{"name": "scratch", "emptyDir": {}}]
    if job.checkpoint.volume is not None:
        mounts.append({"name": "checkpoints", "mountPath": CHECKPOINTS})
        volumes.append({"name": "checkpoints", "persistentVolumeClaim": {"claimName": checkpoint_claim_name(job)}})
    return {
        **({"subdomain": job.name} if job.pods > 1 else {}),
        "restartPolicy": job.restart_policy.value,
        "terminationGracePeriodSeconds": job.grace_seconds,
        "priorityClassName": job.priority,
        **({"serviceAccountName": job.service_account} if job.service_account else {}),
        "tolerations": tolerations(job.tolerations),
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "fsGroup": NOBODY,
            # Without it every start would walk through all checkpoints on the volume to change their group.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(job, mounts)],
        "volumes": volumes,
        **pod_claims(job.request),
        **_affinity(job),
    }


def _affinity(job: JobPlan) -> Manifest:
    """Return the pods' affinity: the nodes that they must have, and the company that they prefer."""
    affinity = {**node_affinity(job.request), **pod_packing(job.cloud).get("affinity", {})}
    return {"affinity": affinity} if affinity else {}


def _container(job: JobPlan, mounts: list[dict[str, str]]) -> Manifest:
    return {
        "name": CONTAINER,
        "image": versions.TRAINING_IMAGE,
        "command": list(job.command),
        "env": [{"name": name, "value": value} for name, value in _variables(job).items()],
        "resources": container_resources(job.request),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _variables(job: JobPlan) -> dict[str, str]:
    variables = {
        "CHECKPOINT_DIR": job.checkpoint.dir or CHECKPOINTS,
        "CHECKPOINT_INTERVAL": str(job.checkpoint_seconds),
        **memory_guidance(job.request),
    }
    if job.pods > 1:
        variables["MASTER_ADDR"] = f"{job.name}-0.{job.name}"
    return variables
