"""Who works on the platform of a plan: teams, and the sample jobs of teams."""

from collections.abc import Mapping
from dataclasses import dataclass

from mizan.config import Checkpoint, Cloud, RestartPolicy, TeamBudget
from mizan.plan.model import Taint
from mizan.plan.pod_requests import PodRequest


@dataclass(frozen=True, kw_only=True)
class TeamPlan:
    """A team's namespace, the labels its costs are found by, its queues, and who may use them.

    Attributes:
        group: whose members submit and read the team's jobs.
        gpu_quota: by resource, the most that all its queues together can admit; a smaller quota of the namespace would
            refuse the pods of an admitted job, which would hold its queue's quota for nothing.
    """

    namespace: str
    labels: Mapping[str, str]
    queues: tuple[str, ...]
    group: str
    gpu_quota: Mapping[str, int]
    budget: TeamBudget | None


@dataclass(frozen=True, kw_only=True)
class JobPlan:
    """A sample spot training job.

    Attributes:
        cloud: where it runs, which decides who packs its pods.
        request: of each pod.
        pods: that run together, or not at all.
        checkpoint: with the place that the job or its team's prefix in the stack's bucket gives it.
        checkpoint_seconds: between two checkpoints.
        grace_seconds: that its pods have to save themselves when they are ended.
        service_account: by which its pods reach that prefix; None where they need no rights of ours.
        may_be_queued_for_nodes: whether a flavor of its queue gets its nodes by a ProvisioningRequest.
    """

    name: str
    cloud: Cloud
    namespace: str
    queue: str
    labels: Mapping[str, str]
    tolerations: tuple[Taint, ...]
    request: PodRequest
    pods: int
    priority: str
    command: tuple[str, ...]
    checkpoint: Checkpoint
    checkpoint_seconds: int
    restart_policy: RestartPolicy
    fail_on_exit_codes: tuple[int, ...]
    max_run_seconds: int
    simulated_run_seconds: int | None
    simulated_gpu_profile: str | None
    grace_seconds: int
    service_account: str | None = None
    may_be_queued_for_nodes: bool = False

    @property
    def resource(self) -> str:
        """Return what Kubernetes and Kueue count of the GPUs that its pods ask for."""
        return self.request.resource

    @property
    def units(self) -> int:
        """Return how many of `resource` each pod asks for."""
        return self.request.units
