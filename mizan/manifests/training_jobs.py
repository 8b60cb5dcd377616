"""A spot training job: queued by Kueue, saved by checkpoints, not failed by interruptions."""

from mizan import keys, versions
from mizan.manifests.manifest import Manifest, manifest, tolerations
from mizan.plan import JobPlan

# GKE leaves a pod 15 of a spot notice's 30 seconds.
# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/spot-vms, read 2026-11-21.
GRACE_SECONDS = 15

# Beside each GPU: what a data loader needs, and a share that fits every machine of the catalogue.
CPU_PER_GPU = 2
MEMORY_GIB_PER_GPU = 8

# Failures of the program itself; an interruption is not counted (podFailurePolicy).
RETRIES = 3
NOBODY = 65532

# The root file system is read-only; Python and PyTorch write their temporary files here.
SCRATCH = "/tmp"  # noqa: S108  # a path in the container


def spot_training_job(job: JobPlan) -> Manifest:
    """Return the batch/v1 Job.

    It is created suspended: Kueue resumes it on admission and adds the flavor's node selector. podFailurePolicy
    needs restartPolicy Never. Pulumi does not wait for it: a queue may hold it for days.
    """
    body = manifest(
        "batch/v1", "Job", job.name, namespace=job.namespace, labels={**job.labels, keys.QUEUE_NAME: job.queue}
    )
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}"}
    body["spec"] = {
        "suspend": True,
        "backoffLimit": RETRIES,
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {
            "metadata": {"labels": dict(job.labels), "annotations": _annotations(job)},
            "spec": _pod(job),
        },
    }
    return body


def _annotations(job: JobPlan) -> dict[str, str]:
    annotations = {keys.DO_NOT_DISRUPT: "true"}
    if job.simulated_run_seconds is not None:
        annotations[keys.SIMULATED_RUN_SECONDS] = str(job.simulated_run_seconds)
    return annotations


def _pod(job: JobPlan) -> Manifest:
    amounts = {
        "cpu": str(CPU_PER_GPU * job.units),
        "memory": f"{MEMORY_GIB_PER_GPU * job.units}Gi",
        job.resource: str(job.units),
    }
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": GRACE_SECONDS,
        "tolerations": tolerations(job.tolerations),
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "fsGroup": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "trainer",
                "image": versions.TRAINING_IMAGE,
                "command": list(job.command),
                "env": [
                    {"name": "CHECKPOINT_DIR", "value": job.checkpoint.dir},
                    {"name": "CHECKPOINT_INTERVAL", "value": str(job.checkpoint.interval_seconds)},
                ],
                "resources": {"requests": dict(amounts), "limits": dict(amounts)},
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "readOnlyRootFilesystem": True,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH}],
            }
        ],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
