"""The models of a stack file: plain values; every field says what it does, why it is limited, and how to mend it."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mizan.capacity import CapacityType

# A Kubernetes DNS label that begins with a letter.
# Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, read 2026-11-22.
NAME_PATTERN = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
LABEL_VALUE_PATTERN = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
# Object names add `ondemand-` (9) to a pool's name and a 6-character suffix to a job's pods; a DNS label holds 63.
NAME_LENGTH = 48
REGION_PATTERN = r"^[a-z]+(-[a-z0-9]+)+$"


def _field(description: str, *, because: str, fix: str, **constraints: Any) -> Any:  # noqa: ANN401  # pydantic's own Field is untyped here
    return Field(description=description, json_schema_extra={"because": because, "fix": fix}, **constraints)


def _text(description: str, *, because: str, fix: str) -> Any:  # noqa: ANN401
    return _field(description, because=because, fix=fix, min_length=1)


def _name(what: str) -> Any:  # noqa: ANN401
    return _field(
        f"Name of the {what}: lower-case letters, digits and dashes, at most {NAME_LENGTH} characters.",
        because="it becomes part of Kubernetes object names, which are never cut short",
        fix=f"Use a short name such as `my-{what}`",
        pattern=NAME_PATTERN,
        max_length=NAME_LENGTH,
    )


def _label(what: str, example: str) -> Any:  # noqa: ANN401
    return _field(
        f"{what}; the value of a cost label on every namespace and pod of the team.",
        because="Kubernetes refuses other label values, and a bill without it has no owner",
        fix=f"Use letters, digits, dashes, dots or underscores, such as `{example}`",
        pattern=LABEL_VALUE_PATTERN,
        max_length=63,
    )


class Cloud(StrEnum):
    """Where the cluster comes from: `local` is the embedded control plane, `existing` any cluster of a kubeconfig."""

    LOCAL = "local"
    EXISTING = "existing"


class Install(StrEnum):
    """Who installs an add-on: `helm` is this stack, `external` is somebody else."""

    HELM = "helm"
    EXTERNAL = "external"


class Model(BaseModel):
    """A frozen part of a stack; keys are written in camelCase, unknown ones are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)


class PoolCapacity(Model):
    """One way a pool buys its machine."""

    type: CapacityType = _field(
        "spot or on-demand.", because="prices, taints and quotas differ by it", fix="Write `spot` or `on-demand`"
    )
    max_nodes: int = _field(
        "Most nodes of this capacity type; the pool scales from 0 to it.",
        because="an unlimited GPU pool is an unlimited bill",
        fix="Write the largest number of nodes you would pay for, 1 to 1000",
        ge=1,
        le=1000,
        strict=True,
    )


class Pool(Model):
    """GPU nodes of one machine type; every capacity type of it becomes one offer."""

    name: str = _name("pool")
    machine: str = _text(
        "Machine type in the catalogue, such as a2-highgpu-4g.",
        because="its GPUs, size and price come from the catalogue",
        fix="Take a name from mizan/catalogue/machines.csv",
    )
    gpu: str = _text(
        "GPU model in the catalogue, such as a100-40gb; must be what the machine carries.",
        because="the two together catch a mistyped machine before it is paid for",
        fix="Take a name from mizan/catalogue/gpus.csv",
    )
    capacity: tuple[PoolCapacity, ...] = _field(
        "Capacity types in the order they are tried.",
        because="a pool without capacity has no nodes",
        fix="Add `- {type: spot, maxNodes: 2}`",
        min_length=1,
    )


class Quota(Model):
    """GPUs of one offer that a queue may use."""

    pool: str = _field("Name of a pool.", because="a quota counts a pool's GPUs", fix="Name a pool of this stack")
    capacity: CapacityType = _field(
        "Capacity type of that pool.",
        because="each capacity type is a flavor of its own",
        fix="Write `spot` or `on-demand`",
    )
    gpus: int = _field(
        "GPUs of this offer that the queue may hold at a time.",
        because="a quota cannot be negative, and GPUs are whole",
        fix="Write a whole number, 0 or more",
        ge=0,
        strict=True,
    )


class Queue(Model):
    """A ClusterQueue; its quotas in the order the flavors are tried."""

    name: str = _name("queue")
    quotas: tuple[Quota, ...] = _field(
        "Quotas in the order they are tried.",
        because="a queue without quota admits nothing",
        fix="Add `- {pool: a100, capacity: spot, gpus: 8}`",
        min_length=1,
    )


class Team(Model):
    """A team: one namespace with cost labels, and the queues it may use."""

    name: str = _name("team")
    cost_center: str = _label("Who pays", "ml-research")
    project: str = _label("What for", "llm-development")
    queues: tuple[str, ...] = _field(
        "Queues the team may submit to.",
        because="a team without a queue cannot run a GPU job",
        fix="Name a queue of this stack",
        min_length=1,
    )


class Checkpoint(Model):
    """Where and how often a training job saves itself."""

    dir: str = _field(
        "Object storage address that outlives the node; CHECKPOINT_DIR of the job.",
        because="a spot node and its disks vanish together",
        fix="Write an address such as `s3://checkpoints/training-job`",
        pattern=r"^(s3|gs|az|https)://\S+$",
    )
    interval_seconds: int = _field(
        "Seconds between two checkpoints; CHECKPOINT_INTERVAL of the job.",
        because="an interruption loses at most this much work",
        fix="Write whole seconds, 1 to 86400 (a day)",
        ge=1,
        le=86_400,
        strict=True,
    )


class TrainingJob(Model):
    """A sample training job on spot, run by the team that names a queue."""

    name: str = _name("job")
    team: str = _field("Name of a team.", because="a job runs in a team's namespace", fix="Name a team of this stack")
    queue: str = _field("Name of a queue.", because="Kueue admits by queue", fix="Name a queue of the job's team")
    gpus: int = _field(
        "GPUs of the job's one pod.",
        because="one pod runs on one node, in whole GPUs",
        fix="Write a whole number from 1 to the GPUs of the queue's largest machine",
        ge=1,
        strict=True,
    )
    command: tuple[Annotated[str, Field(min_length=1)], ...] = _field(
        "Command of the training container.",
        because="a container without a command may do nothing and be paid for",
        fix="Write `[python, -m, train]`",
        min_length=1,
    )
    checkpoint: Checkpoint = _field(
        "Where and how often the job saves itself.",
        because="a spot job without a checkpoint starts over after every interruption",
        fix="Add `{dir: s3://checkpoints/my-job, intervalSeconds: 300}`",
    )
    simulated_run_seconds: int | None = _field(
        "Stack `local` only: how long the simulated pod runs; left out, it runs for ever.",
        because="simulated nodes run no containers",
        fix="Write whole seconds, 1 to 604800 (a week)",
        default=None,
        ge=1,
        le=604_800,
        strict=True,
    )


class Cluster(Model):
    """An existing cluster, named so that the wrong one is refused."""

    kubeconfig: str = _text(
        "Path of the kubeconfig.",
        because="the cluster is reached through it",
        fix="Write a path such as `~/.kube/config`",
    )
    context: str = _text(
        "Context in that kubeconfig; the current context is never assumed.",
        because="`kubectl config use-context` elsewhere must not move this stack",
        fix="Write a name from `kubectl config get-contexts`",
    )
    name: str = _text(
        "Name of the cluster that the context must point at.",
        because="a context can be repointed, and GPU quotas on the wrong cluster cost money",
        fix="Write the CLUSTER column of `kubectl config get-contexts`",
    )


class KueueAddon(Model):
    """Kueue, the queue controller."""

    install: Install = _field(
        "helm installs Kueue's chart; external expects it in the cluster.",
        because="two Kueues in one cluster would fight over the same jobs",
        fix="Write `helm` or `external`",
    )


class Addons(Model):
    """Controllers that the platform needs in its cluster."""

    kueue: KueueAddon = _field("Kueue.", because="queues need their controller", fix="Add `kueue: {install: helm}`")


class StackConfig(Model):
    """One stack, checked: every name it uses exists and every rule holds."""

    cloud: Cloud = _field(
        "Where the cluster comes from.", because="everything else depends on it", fix="Write `local` or `existing`"
    )
    region: str = _field(
        "Region whose prices apply, such as us-central1.",
        because="a price without a region means nothing",
        fix="Write the cloud's own region name",
        pattern=REGION_PATTERN,
    )
    cluster: Cluster | None = _field(
        "The existing cluster; only with `cloud: existing`.",
        because="the platform must know which cluster it changes",
        fix="Add `{kubeconfig: ~/.kube/config, context: prod, name: prod}`",
        default=None,
    )
    pools: tuple[Pool, ...] = _field("GPU pools.", because="a platform has GPUs", fix="Add a pool", min_length=1)
    queues: tuple[Queue, ...] = _field("Queues.", because="jobs are admitted by queue", fix="Add a queue", min_length=1)
    teams: tuple[Team, ...] = _field("Teams.", because="GPU time is charged to teams", fix="Add a team", min_length=1)
    jobs: tuple[TrainingJob, ...] = _field(
        "Sample training jobs.", because="each entry becomes one job", fix="Write a list, or leave it out", default=()
    )
    addons: Addons = _field("Add-ons.", because="queues need their controller", fix="Add `kueue: {install: helm}`")
    today: date = Field(description="The day that the age of prices is counted to; not a key of the file.")
