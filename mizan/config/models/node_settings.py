"""What a pool's nodes are like beyond their machine, where the cloud has a choice."""

from enum import StrEnum

from mizan.config.models.base import Model, described

# Whether they mean something is a rule's to say (mizan/config/rules/warm_nodes.py).
SCHEDULE_PATTERN = r"^\S+( \S+){4}$"
TIME_ZONE_PATTERN = r"^[A-Za-z0-9+_-]+(/[A-Za-z0-9+_-]+)*$"


class GpuDriver(StrEnum):
    """Which GPU driver GKE installs.

    Source: pulumi_gcp 10.2.0 container NodePoolNodeConfigGuestAcceleratorGpuDriverInstallationConfig,
    gpu_driver_version.
    """

    DEFAULT = "DEFAULT"
    LATEST = "LATEST"
    DISABLED = "INSTALLATION_DISABLED"


class GkeImage(StrEnum):
    """What GKE starts a node from: Container-Optimized OS, or Ubuntu, on which the operator can install a driver."""

    COS = "cos"
    UBUNTU = "ubuntu"


class GkeNodes(Model):
    """A pool's nodes on GKE."""

    image: GkeImage = described(
        "Image of the nodes: cos, or ubuntu for nodes whose driver the GPU operator installs.",
        because="on Container-Optimized OS only Google's own installer brings a driver, in the versions that it has",
        fix="Write `cos`, or `ubuntu` with `driver: INSTALLATION_DISABLED`",
        default=GkeImage.COS,
    )
    driver: GpuDriver = described(
        "GPU driver that GKE installs; INSTALLATION_DISABLED leaves driver and device plugin to the operator or you.",
        because="two installers on one node break each other, and without any a node has no GPU",
        fix="Write `DEFAULT`, `LATEST` or `INSTALLATION_DISABLED`",
        default=GpuDriver.DEFAULT,
    )
    compact_placement: bool = described(
        "Whether nodes stand close together, for jobs over many of them.",
        because="gradients cross the network at every step, but fewer places have room",
        fix="Write `true` for gangs of several nodes, else `false`",
        default=False,
        strict=True,
    )
    image_streaming: bool = described(
        "Whether containers start while their image is still being read; on ubuntu they never do.",
        because="an image of 20 GB holds a paid GPU for minutes",
        fix="Write `true` or `false`",
        default=True,
        strict=True,
    )
    queued: bool = described(
        "Whether flex-start nodes come all together, through a ProvisioningRequest of Kueue.",
        because="a gang that gets half of its nodes pays for them and waits",
        fix="Write `true` for gangs on flex-start, else `false`",
        default=False,
        strict=True,
    )
    max_surge: int = described(
        "Nodes that an upgrade adds before it drains old ones.",
        because="scarce GPUs have no spare node, and with 0 an upgrade takes the nodes there are",
        fix="Write 0 for scarce GPUs, else 1 to 20",
        default=0,
        ge=0,
        le=20,
        strict=True,
    )


class KarpenterNodes(Model):
    """A pool's nodes on EKS, which Karpenter makes."""

    expire_after_hours: int | None = described(
        "Age at which a node is replaced, job or not; left out, never.",
        because="Karpenter's disruption budgets do not stop expiry: a run that is longer ends in mid-flight",
        fix="Write hours above the longest run, or leave it out",
        default=None,
        ge=1,
        le=8760,
        strict=True,
    )
    consolidate_after_seconds: int = described(
        "How long a node stays empty before it goes.",
        because="an empty GPU node is paid for, and the next job of the queue may come at once",
        fix="Write whole seconds, 0 to 86400",
        default=30,
        ge=0,
        le=86_400,
        strict=True,
    )


class WarmNodes(Model):
    """Nodes that are there before anybody asks."""

    nodes: int = described(
        "How many there are at least; those on which jobs run count.",
        because="a notebook should not wait ten minutes for its GPU",
        fix="Write a whole number from 1 to 100, at most the pool's `maxNodes`",
        ge=1,
        le=100,
        strict=True,
    )
    schedule: str = described(
        "When they come, as cron writes it; in `timeZone`.",
        because="nodes that nobody uses at night are paid for all the same",
        fix="Write minute, hour, day, month and weekday such as `0 8 * * 1-5`",
        pattern=SCHEDULE_PATTERN,
    )
    hours: int = described(
        "For how long.",
        because="the schedule says when they come, this says when they go",
        fix="Write whole hours, 1 to 168",
        ge=1,
        le=168,
        strict=True,
    )
    time_zone: str = described(
        "Time zone of the schedule.",
        because="working hours are local",
        fix="Write a name such as `Europe/Berlin`",
        default="Etc/UTC",
        pattern=TIME_ZONE_PATTERN,
    )
    image: str | None = described(
        "Container image that they read before anybody asks; left out, none.",
        because="an image of 20 GB holds a paid GPU for minutes; GKE streams it, EKS does not",
        fix="Write the image that most jobs run, such as `docker.io/pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime`; it "
        "needs a shell",
        default=None,
        min_length=1,
    )
