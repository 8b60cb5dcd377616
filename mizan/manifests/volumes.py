"""Volumes that outlive the pods and the nodes that use them, and a job's replacement, but not the job's own leaving."""

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import JobPlan


def checkpoint_claims(job: JobPlan) -> list[Manifest]:
    """Return the claim of the job's checkpoints; none where they go to object storage.

    It belongs to the stack, not to the Job object: whoever deletes or replaces the Job keeps the checkpoints. When the
    job leaves the stack, finished or not, the claim goes, and with a storage class that deletes so does the volume with
    everything on it, a trained model included. It is charged to the team; priority and spot-eligible are about pods.
    """
    volume = job.checkpoint.volume
    if volume is None:
        return []
    labels = {key: job.labels[key] for key in (*keys.NAMESPACE_COST_LABELS, keys.WORKLOAD_TYPE)}
    body = manifest("v1", "PersistentVolumeClaim", checkpoint_claim_name(job), namespace=job.namespace, labels=labels)
    body["metadata"]["annotations"] = {keys.PULUMI_WAIT_FOR: "jsonpath={.metadata.uid}"}
    body["spec"] = {
        "accessModes": [volume.access_mode.value],
        "storageClassName": volume.storage_class,
        "resources": {"requests": {"storage": f"{volume.size_gib}Gi"}},
    }
    return [body]


def checkpoint_claim_name(job: JobPlan) -> str:
    """Return the name by which the job's pods mount it, `<job>-checkpoints`."""
    return f"{job.name}-checkpoints"
