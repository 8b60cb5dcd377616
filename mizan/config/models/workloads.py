"""What runs in a queue: what interruptions cost depends on it."""

from enum import StrEnum

from mizan.config.models.base import Model, described


class WorkloadKind(StrEnum):
    """What runs in a queue: jobs that end, or services that do not."""

    JOB = "job"
    SERVICE = "service"


class Workload(Model):
    """What a typical workload of a queue is like; its pools weigh spot against on-demand by it."""

    kind: WorkloadKind = described(
        "job or service.",
        because="flex-start ends after seven days, which a service outlives",
        fix="Write `job` or `service`",
        default=WorkloadKind.JOB,
    )
    nodes: int = described(
        "Nodes that it runs on; one that is taken back interrupts all.",
        because="the more nodes, the sooner one of them is interrupted",
        fix="Write a whole number from 1 to 1000",
        default=1,
        ge=1,
        le=1000,
        strict=True,
    )
    max_run_hours: int = described(
        "Longest run in hours.",
        because="flex-start ends nodes after 168 hours",
        fix="Write whole hours, 1 to 720 (30 days)",
        default=168,
        ge=1,
        le=720,
        strict=True,
    )
    checkpoint_write_seconds: int = described(
        "Seconds that writing one checkpoint takes.",
        because="the longer it takes, the rarer it is worth it",
        fix="Write whole seconds, 1 to 86400",
        default=60,
        ge=1,
        le=86_400,
        strict=True,
    )
    checkpoint_interval_seconds: int | None = described(
        "Seconds between two checkpoints; left out, the best ones by Young and Daly.",
        because="too rare loses work, too often costs time",
        fix="Write whole seconds, 1 to 86400, or leave it out",
        default=None,
        ge=1,
        le=86_400,
        strict=True,
    )
    restart_seconds: int = described(
        "Seconds from an interruption until work goes on: a new node, the image, the checkpoint read back.",
        because="nodes are paid while they start",
        fix="Write whole seconds, 0 to 86400",
        default=300,
        ge=0,
        le=86_400,
        strict=True,
    )
