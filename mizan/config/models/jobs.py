"""Sample training jobs."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from mizan.config.models.base import NAME_PATTERN, Model, described, object_name
from mizan.config.models.gpu_request import GpuRequest

DEFAULT_PRIORITY = "batch"


class RestartPolicy(StrEnum):
    """Who starts a failed container again: `Never` leaves it to the job, `OnFailure` to the kubelet in the same pod.

    Only with `Never` can a job tell an interruption from a failure; Kubernetes refuses a podFailurePolicy otherwise.
    """

    NEVER = "Never"
    ON_FAILURE = "OnFailure"


class AccessMode(StrEnum):
    """Who can mount a volume at a time."""

    READ_WRITE_MANY = "ReadWriteMany"
    READ_WRITE_ONCE = "ReadWriteOnce"
    READ_WRITE_ONCE_POD = "ReadWriteOncePod"


class CheckpointVolume(Model):
    """A shared volume for checkpoints."""

    storage_class: str = described(
        "StorageClass of a file system that every zone can mount, such as Filestore or EFS.",
        because="the cluster's default class is a zonal disk nearly everywhere",
        fix="Take a name from `kubectl get storageclasses`",
        pattern=NAME_PATTERN.replace("-a-z0-9", "-a-z0-9."),
        max_length=253,
    )
    size_gib: int = described(
        "Size in GiB.",
        because="a full volume loses the next checkpoint",
        fix="Write room for three checkpoints, 1 to 65536",
        ge=1,
        le=65_536,
        strict=True,
    )
    access_mode: AccessMode = described(
        "ReadWriteMany.",
        because="a job on spot comes back on another node, often in another zone",
        fix="Write `ReadWriteMany`, or leave it out",
        default=AccessMode.READ_WRITE_MANY,
    )


class Checkpoint(Model):
    """Where and how often a training job saves itself: to object storage or to a shared volume."""

    dir: str | None = described(
        "Object storage address that outlives the node; CHECKPOINT_DIR of the job. Left out, as `volume` is, it is a "
        "folder of the job's own name in the stack's bucket, where the stack has `checkpoints`.",
        because="a spot node and its disks vanish together",
        fix="Write an address such as `s3://checkpoints/training-job`",
        default=None,
        pattern=r"^(s3|gs|az|https)://[^\s\x00-\x1f\x7f]+$",
    )
    volume: CheckpointVolume | None = described(
        "A shared volume instead of `dir`; the job sees it as CHECKPOINT_DIR. When the job leaves the stack, finished "
        "or not, its claim goes, and with most storage classes all that lies there.",
        because="some programs can only write files",
        fix="Write `{storageClass: filestore, sizeGib: 100}`",
        default=None,
    )
    write_seconds: int | None = described(
        "Seconds that writing one checkpoint takes; left out, what the queue's `workload` says.",
        because="the best interval depends on it",
        fix="Write whole seconds, 1 to 86400 (a day)",
        default=None,
        ge=1,
        le=86_400,
        strict=True,
    )
    interval_seconds: int | None = described(
        "Seconds between two checkpoints; CHECKPOINT_INTERVAL of the job. Left out, the best ones by Young and Daly.",
        because="an interruption loses at most this much work",
        fix="Write whole seconds, 1 to 86400 (a day), or leave it out",
        default=None,
        ge=1,
        le=86_400,
        strict=True,
    )


class TrainingJob(Model):
    """A sample training job on spot, run by the team that names a queue."""

    name: str = object_name("job")
    team: str = described(
        "Name of a team.", because="a job runs in a team's namespace", fix="Name a team of this stack"
    )
    queue: str = described("Name of a queue.", because="Kueue admits by queue", fix="Name a queue of the job's team")
    gpus: int | None = described(
        "GPUs of each of the job's pods, which have them whole; `gpus: 4` is short for `gpu: {count: 4}`.",
        because="one pod runs on one node",
        fix="Write a whole number from 1 to the GPUs of the queue's largest machine, or `gpu` instead",
        default=None,
        ge=1,
        strict=True,
    )
    gpu: GpuRequest | None = described(
        "What each of the job's pods asks for of GPUs, instead of `gpus`: of one model, or a part of a shared one.",
        because="a job that needs a seventh of a GPU need not pay for all of it",
        fix="Write `{count: 1, accepts: [mig]}`, or `gpus: 4` for whole ones",
        default=None,
    )
    pods: int = described(
        "Pods that run together; all of them are admitted, or none. They find each other as `<job>-<index>.<job>`; "
        "MASTER_ADDR names the first.",
        because="training over several nodes waits for its slowest part",
        fix="Write a whole number from 1 to 1000",
        default=1,
        ge=1,
        le=1000,
        strict=True,
    )
    command: tuple[Annotated[str, Field(min_length=1)], ...] = described(
        "Command of the training container.",
        because="a container without a command may do nothing and be paid for",
        fix="Write `[python, -m, train]`",
        min_length=1,
    )
    checkpoint: Checkpoint = described(
        "Where and how often the job saves itself.",
        because="a spot job without a checkpoint starts over after every interruption",
        fix="Add `{dir: s3://checkpoints/my-job}`",
    )
    priority: str = described(
        "Name of a priority.",
        because="the queue admits the highest first",
        fix="Name a priority of this stack",
        default=DEFAULT_PRIORITY,
    )
    spot_eligible: bool = described(
        "Whether it may run on spot, where the cloud can end it with seconds of notice.",
        because="it decides which nodes the job's pods tolerate, and is a cost label",
        fix="Write `true`, or `false` for what cannot go on from a checkpoint",
        default=True,
        strict=True,
    )
    restart_policy: RestartPolicy = described(
        "Never: the job makes a new pod and counts no interruption. OnFailure: the kubelet restarts the container.",
        because="Kubernetes refuses to tell interruptions from failures with OnFailure",
        fix="Write `Never`, or `OnFailure` for programs that expect it",
        default=RestartPolicy.NEVER,
    )
    fail_on_exit_codes: tuple[Annotated[int, Field(ge=1, le=255, strict=True)], ...] = described(
        "Exit codes after which the job has failed for good; only with restartPolicy Never.",
        because="a wrong argument does not get better by trying again on a GPU",
        fix="Write codes from 1 to 255, such as `[2]`, or leave it out",
        default=(),
        max_length=255,
    )
    max_run_seconds: int = described(
        "Longest time from admission to end; after it the job is ended as failed.",
        because="a job that hangs holds its GPUs until somebody looks",
        fix="Write whole seconds, 60 to 2592000 (30 days)",
        default=7 * 86_400,
        ge=60,
        le=30 * 86_400,
        strict=True,
    )
    simulated_run_seconds: int | None = described(
        "Stack `local` only: how long the simulated pod runs; left out, it runs for ever.",
        because="simulated nodes run no containers",
        fix="Write whole seconds, 1 to 604800 (a week)",
        default=None,
        ge=1,
        le=604_800,
        strict=True,
    )
    simulated_gpu_profile: str | None = described(
        "Stack `local` only: what the simulated pod does with its GPUs. `busy`, `half` the time, `idle`; `ramp` from "
        "nothing to busy in 1800 s, `diurnal` from night to day and back in 86400 s, `leak` until its memory is full "
        "in 3600 s, each of them in other seconds after a colon. Left out, it is busy.",
        because="simulated GPUs measure nothing",
        fix="Write `busy`, `half`, `idle`, `ramp`, `diurnal` or `leak`, such as `ramp:600`",
        default=None,
        pattern=r"^(busy|half|idle|(ramp|diurnal|leak)(:[1-9][0-9]{0,6})?)$",
    )

    @property
    def request(self) -> GpuRequest:
        """Return what each pod asks for of GPUs, in whichever way it is written."""
        return self.gpu if self.gpu is not None else GpuRequest(count=self.gpus or 1)
