"""Where jobs save themselves: one bucket for the stack, in which each team has a prefix of its own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from mizan.catalogue import Provider
from mizan.config import Checkpoint, Cloud, ConfigErrors, ConfigFault, StackConfig, TrainingJob
from mizan.prices import EgressPrice, egress_price

# Of the service account by which a team's pods reach their prefix, one in each team's namespace.
SERVICE_ACCOUNT = "checkpoints"

SCHEMES: dict[Provider, str] = {"gcp": "gs", "aws": "s3"}

# What both clouds take: a name with a dot or an underscore is refused by one of them, or has to be proven one's own.
# Source: https://cloud.google.com/storage/docs/buckets#naming;
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, both read 2026-11-23.
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9-]*[a-z0-9]")
BUCKET_NAME_LENGTH = 63
# Google takes no name that begins with goog or has google in it, and none that looks like it.
RESERVED = re.compile(r"^goog|g[o0][o0]gle")

# Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, read 2026-11-23.
ROLE_NAME_LENGTH = 64


@dataclass(frozen=True, kw_only=True)
class CheckpointBucket:
    """The stack's bucket.

    Attributes:
        region: where it lies, for best the stack's own.
        keep_on_destroy: whether it stays, with its settings and what is in it, when the stack goes.
        is_adopted: whether it is there already, and is taken over.
    """

    provider: Provider
    name: str
    region: str
    retention_days: int
    keep_on_destroy: bool
    is_adopted: bool = False

    def prefix(self, team: str) -> str:
        """Return what the names of a team's objects begin with."""
        return f"{team}/"

    def url(self, team: str) -> str:
        """Return the address of a team's prefix, with a slash at its end."""
        return f"{SCHEMES[self.provider]}://{self.name}/{self.prefix(team)}"


def bucket_of(stack: str, config: StackConfig) -> CheckpointBucket | None:
    """Return the bucket of a stack; None where it has none.

    Raises:
        ConfigErrors: its name, or that of a team's role at AWS, is one that the cloud does not take.
    """
    storage = config.checkpoints
    if storage is None:
        return None
    region = storage.region or config.region
    provider, name = _named(stack, region, config)
    faults = [*_unfit_name(name), *(_unfit_roles(stack, config) if provider == "aws" else ())]
    if faults:
        raise ConfigErrors(f"stack {stack}", faults)
    return CheckpointBucket(
        provider=provider,
        name=name,
        region=region,
        retention_days=storage.retention_days,
        keep_on_destroy=storage.keep_on_destroy,
        is_adopted=storage.adopt,
    )


def role_name(stack: str, team: str) -> str:
    """Return the name of the role by which a team's pods reach their prefix at AWS."""
    return f"{stack}-{SERVICE_ACCOUNT}-{team}"


def placed(job: TrainingJob, bucket: CheckpointBucket | None) -> Checkpoint:
    """Return where a job saves itself: where it says, else under its team's prefix, in a folder of its own name."""
    own = job.checkpoint
    if bucket is None or own.dir is not None or own.volume is not None:
        return own
    return own.model_copy(update={"dir": f"{bucket.url(job.team)}{job.name}"})


def account_of(checkpoint: Checkpoint, team: str, bucket: CheckpointBucket | None) -> str | None:
    """Return the service account that a job of a team needs to save itself; None where it needs none of ours."""
    is_inside = bucket is not None and checkpoint.dir is not None and checkpoint.dir.startswith(bucket.url(team))
    return SERVICE_ACCOUNT if is_inside else None


def of_checkpoints(bucket: CheckpointBucket | None, config: StackConfig) -> Iterator[str]:
    """Yield what a bucket that is taken over is not given, and what a GB costs that nodes of another region read."""
    if bucket is None:
        return
    if bucket.is_adopted:
        left = "labels and `retentionDays`" if bucket.provider == "gcp" else "tags"
        yield (
            f"checkpoints: bucket {bucket.name} is taken over as it is; with `adopt` there, its {left} do not change. "
            "Remove `adopt` once an update has taken it over, or if the bucket does not exist."
        )
    if bucket.region == config.region:
        return
    yield (
        f"checkpoints: bucket {bucket.name} lies in {bucket.region}, the nodes in {config.region}. "
        f"{_cost(egress_price(bucket.provider, bucket.region, config.region), config.today)}; what is written leaves "
        "the nodes' region and is paid too. In the same region both are free: leave `region` out."
    )


def _named(stack: str, region: str, config: StackConfig) -> tuple[Provider, str]:
    """Return the cloud and the bucket's name in it, which nobody else in the world has."""
    if config.cloud is Cloud.GKE and config.gke is not None:
        return "gcp", f"{config.gke.project}-{stack.lower()}-{SERVICE_ACCOUNT}"
    if config.cloud is Cloud.EKS and config.eks is not None:
        return "aws", f"{config.eks.account}-{region}-{stack.lower()}-{SERVICE_ACCOUNT}"
    message = f"stack {stack} makes nothing in a cloud; parse refuses checkpoints there"
    raise ValueError(message)


def _unfit_name(name: str) -> Iterator[ConfigFault]:
    if len(name) > BUCKET_NAME_LENGTH:
        yield ConfigFault(
            ("checkpoints",),
            f"{len(name)} characters",
            needs=f"a bucket's name of at most {BUCKET_NAME_LENGTH}",
            because=f"clouds take no longer one, and {name} cut short may be somebody else's",
            fix="Make a stack with a shorter name, or remove `checkpoints` and give each job a `dir`",
        )
    elif not BUCKET_NAME.fullmatch(name) or RESERVED.search(name):
        yield ConfigFault(
            ("checkpoints",),
            f"bucket {name}",
            needs="letters, digits and dashes, and nothing like google",
            because="clouds take no other name of a bucket",
            fix="Make a stack with a simpler name, or remove `checkpoints` and give each job a `dir`",
        )


def _unfit_roles(stack: str, config: StackConfig) -> Iterator[ConfigFault]:
    for index, team in enumerate(config.teams):
        role = role_name(stack, team.name)
        if len(role) > ROLE_NAME_LENGTH:
            yield ConfigFault(
                ("teams", index, "name"),
                team.name,
                needs=f"at most {ROLE_NAME_LENGTH - len(role) + len(team.name)} characters",
                because=f"AWS takes {ROLE_NAME_LENGTH} for role {role}, by which the team reaches its checkpoints",
                fix="Shorten the team's name, or remove `checkpoints` and give each job a `dir`",
            )


def _cost(price: EgressPrice | None, today: date) -> str:
    if price is None:
        return "What a GB read from there costs is unknown"
    age = ", more than 90 days old" if price.is_stale(today) else ""
    return f"A GB read from there costs ${price.usd_per_gb} (list price of {price.as_of}{age})"
