"""Object storage for checkpoints."""

from mizan.config.models.base import Model, described


class CheckpointStorage(Model):
    """A bucket of the stack in which every team has a prefix of its own."""

    region: str | None = described(
        "Region of the bucket; left out, the stack's.",
        because="reading checkpoints from another region is paid per GB",
        fix="Write a region such as `us-central1`, or leave it out",
        default=None,
        pattern=r"^[a-z]+(-[a-z0-9]+)+$",
    )
    retention_days: int = described(
        "Days after which a checkpoint is deleted.",
        because="checkpoints nobody resumes from are paid for every month",
        fix="Write whole days, 1 to 3650, more than a job waits in its queue",
        default=30,
        ge=1,
        le=3650,
        strict=True,
    )
    keep_on_destroy: bool = described(
        "Whether the bucket stays, with all that is in it, when the stack is destroyed.",
        because="a destroyed bucket takes every checkpoint along",
        fix="Write `true`, or `false` where checkpoints are worth nothing",
        default=True,
        strict=True,
    )
    adopt: bool = described(
        "Whether the stack takes over the bucket of its name, which is there already, instead of making one.",
        because="a bucket that an earlier destroy kept is there still, and no cloud makes a second one of its name",
        fix="Write `true` for a stack that comes back to its bucket, else leave it out",
        default=False,
        strict=True,
    )
