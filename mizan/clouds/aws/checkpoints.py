"""Checkpoints in S3: the bucket, and per team a role that its pods have through EKS Pod Identity.

Tags are the provider's.
"""

from mizan.clouds.aws.iam import POD_IDENTITY_SERVICE, Statement, document, role_args
from mizan.clouds.aws.site import Arguments, Site
from mizan.plan import CheckpointBucket
from mizan.plan.checkpoints import SERVICE_ACCOUNT, role_name

# What saving and going on needs, and no rights on versions, tags or lists of access.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security_iam_id-based-policy-examples.html and
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html, both read 2026-11-23.
OBJECT_ACTIONS = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload")

# Parts of an upload that nobody will end are paid for like objects; no upload of a checkpoint takes a day.
ABORT_AFTER_DAYS = 1

# Pulumi takes over nothing whose inputs differ from what the program asks for. Tags may have changed since the bucket
# was made, and no cloud knows whether objects go with it. Everything else is a resource of its own, which S3 puts in
# the place of what the bucket has.
# Source: https://github.com/pulumi/pulumi-aws/issues/5284, read 2026-11-23; in hashicorp/terraform-provider-aws
# internal/service/s3 every setting of a bucket is created with one Put, such as bucket_policy.go's PutBucketPolicy.
LEFT_AS_FOUND = ("tags", "tagsAll", "forceDestroy")


def bucket_args(bucket: CheckpointBucket) -> Arguments:
    """Return the bucket's arguments."""
    return {**_of(bucket), "force_destroy": not bucket.keep_on_destroy}


def public_access_args(bucket: CheckpointBucket) -> Arguments:
    """Return the arguments that keep the public out, whatever a policy says.

    They stay as long as the bucket does, while its objects are being deleted too; with the bucket they are gone.
    """
    return {
        **_of(bucket),
        "block_public_acls": True,
        "block_public_policy": True,
        "ignore_public_acls": True,
        "restrict_public_buckets": True,
        "skip_destroy": True,
    }


def encryption_args(bucket: CheckpointBucket) -> Arguments:
    """Return the arguments of encryption at rest, with keys that S3 keeps and does not charge for."""
    return {**_of(bucket), "rules": [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]}


def lifecycle_args(bucket: CheckpointBucket) -> Arguments:
    """Return the arguments by which old checkpoints and uploads that never end are deleted."""
    rule = {
        "id": SERVICE_ACCOUNT,
        "status": "Enabled",
        # All objects.
        "filter": {"prefix": ""},
        "expiration": {"days": bucket.retention_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": ABORT_AFTER_DAYS},
    }
    return {**_of(bucket), "rules": [rule]}


def bucket_policy_args(bucket: CheckpointBucket, site: Site) -> Arguments:
    """Return the arguments of the bucket's policy: nothing without TLS, whoever asks.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html, read 2026-11-23.
    """
    arn = _arn(bucket, site)
    statement = {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return {**_of(bucket), "policy": document([statement])}


def team_role_args(site: Site, team: str) -> Arguments:
    """Return the arguments of a team's role: only its own service account in this cluster may have it.

    Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html and
    https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html, both read 2026-11-23.
    """
    tags = {
        "eks-cluster-name": site.cluster,
        "kubernetes-namespace": team,
        "kubernetes-service-account": SERVICE_ACCOUNT,
    }
    trust: Statement = {
        "Effect": "Allow",
        "Principal": {"Service": POD_IDENTITY_SERVICE},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {"StringEquals": {f"aws:RequestTag/{tag}": value for tag, value in tags.items()}},
    }
    return role_args(role_name(site.cluster, team), document([trust]), f"Checkpoints of team {team}")


def team_statements(bucket: CheckpointBucket, site: Site, team: str) -> list[Statement]:
    """Return what a team's pods may do: list its prefix, and read, write and delete what is in it.

    Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/amazon-s3-policy-keys.html, read 2026-11-23.
    """
    arn, inside = _arn(bucket, site), f"{bucket.prefix(team)}*"
    return [
        {
            "Sid": "ListOwnPrefix",
            "Effect": "Allow",
            "Action": "s3:ListBucket",
            "Resource": arn,
            "Condition": {"StringLike": {"s3:prefix": inside}},
        },
        {"Sid": "UseOwnObjects", "Effect": "Allow", "Action": list(OBJECT_ACTIONS), "Resource": f"{arn}/{inside}"},
    ]


def team_policy_args(bucket: CheckpointBucket, site: Site, team: str, *, role: object) -> Arguments:
    """Return the arguments of the policy within a team's role."""
    return {"role": role, "name": SERVICE_ACCOUNT, "policy": document(team_statements(bucket, site, team))}


def association_args(team: str, *, cluster_name: object, role_arn: object) -> Arguments:
    """Return the arguments that give a team's role to its service account."""
    return {
        "cluster_name": cluster_name,
        "namespace": team,
        "service_account": SERVICE_ACCOUNT,
        "role_arn": role_arn,
    }


def _of(bucket: CheckpointBucket) -> Arguments:
    """Return which bucket is meant; its region need not be the provider's."""
    return {"bucket": bucket.name, "region": bucket.region}


def _arn(bucket: CheckpointBucket, site: Site) -> str:
    return f"arn:{site.partition}:s3:::{bucket.name}"
