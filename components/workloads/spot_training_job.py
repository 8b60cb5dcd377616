"""A training job on spot."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.training_jobs import gang_services, spot_training_job
from mizan.manifests.volumes import checkpoint_claims
from mizan.plan import JobPlan

# Kueue writes these on admission and takes them back on eviction. Setting them again would fight for a running job.
# Source: kubernetes-sigs/kueue@v0.19.2 pkg/controller/jobs/job/job_controller.go, RunWithPodSetsInfo.
OWNED_BY_KUEUE = (
    "spec.suspend",
    "spec.template.spec.nodeSelector",
    "spec.template.spec.tolerations",
)


@dataclass(frozen=True, kw_only=True)
class SpotTrainingJobArgs:
    """The job, the local queue it waits in, and its priority in the queue and on the nodes.

    Attributes:
        access: what has to be there before its pods start: a way into the stack's bucket, and claims of GPUs to copy.
    """

    job: JobPlan
    local_queue: pulumi.Resource
    priority_classes: tuple[pulumi.Resource, ...]
    access: tuple[pulumi.Resource, ...] = ()


class SpotTrainingJob(pulumi.ComponentResource):
    """A batch/v1 Job that Kueue admits, the names of its pods if there are several, and the volume of its checkpoints.

    There is no volume where they go to object storage. Pulumi waits neither for the job to be admitted or to end, nor
    for the volume to be there.

    Kubernetes lets nobody change the pods of a submitted job, so a change of them, cost labels included, replaces the
    job: it is deleted, queued anew, and goes on from its last checkpoint. `pulumi preview` shows it as a replacement.

    The volume's claim stays when the job is replaced. It goes, and the checkpoints with it, when the job leaves the
    stack, and when its storage class changes; then the job goes first, as a claim in use is not deleted.
    """

    def __init__(self, name: str, args: SpotTrainingJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Claim the volume and name the pods, then submit the job."""
        super().__init__("mizan:components:SpotTrainingJob", name, {"queue": args.job.queue}, opts)
        # The local queue stands for its namespace, in which the claim is as well.
        in_namespace = pulumi.ResourceOptions(parent=self, depends_on=[args.local_queue])
        claims = [resource(name, body, in_namespace) for body in checkpoint_claims(args.job)]
        names = [resource(name, body, in_namespace) for body in gang_services(args.job)]
        resource(
            name,
            spot_training_job(args.job),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[args.local_queue, *args.priority_classes, *args.access, *claims, *names],
                replace_with=list(claims),
                ignore_changes=list(OWNED_BY_KUEUE),
            ),
        )
        self.register_outputs({})
