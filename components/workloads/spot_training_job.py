"""A training job on spot."""

from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.training_jobs import spot_training_job
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
    """The job, and the local queue it waits in."""

    job: JobPlan
    local_queue: pulumi.Resource


class SpotTrainingJob(pulumi.ComponentResource):
    """A batch/v1 Job that Kueue admits; Pulumi does not wait for it to be admitted or to end.

    Kubernetes lets nobody change the pods of a submitted job, so a change of them, cost labels included, replaces the
    job: it is deleted, queued anew, and goes on from its last checkpoint. `pulumi preview` shows it as a replacement.
    """

    def __init__(self, name: str, args: SpotTrainingJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Submit the job."""
        super().__init__("mizan:components:SpotTrainingJob", name, {"queue": args.job.queue}, opts)
        resource(
            name,
            spot_training_job(args.job),
            pulumi.ResourceOptions(parent=self, depends_on=[args.local_queue], ignore_changes=list(OWNED_BY_KUEUE)),
        )
        self.register_outputs({})
