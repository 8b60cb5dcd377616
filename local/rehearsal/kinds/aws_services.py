"""Queues, events, logs and buckets of AWS. aws_network.py says where each `source` is."""

from local.rehearsal.kinds.aws_iam import KEY
from local.rehearsal.kinds.aws_network import REGIONAL, name, replaces
from local.rehearsal.kinds.kind import Guard, Kind, Names, Reference

_QUEUE = "aws:sqs/queue:Queue"
_RULE = "aws:cloudwatch/eventRule:EventRule"
_BUCKET = "aws:s3/bucket:Bucket"
_KEYS = ((KEY, "arn"), (KEY, "id"))


def _is_no_queue(value: str, _names: Names) -> bool:
    return ":sqs:" not in value


def _is_aliased(value: str, _names: Names) -> bool:
    """Return whether a key is named by an alias, which AWS's own keys have as well."""
    return "alias/" in value


def _of_bucket(kind: str, source: str, *further: str, references: tuple[Reference, ...] = ()) -> Kind:
    return Kind(
        type=kind,
        source=source,
        identity="{bucket}",
        replaces=replaces("bucket", *further),
        settings=REGIONAL,
        references=(Reference(path="bucket", to=((_BUCKET, "id"),)), *references),
        is_put=True,
    )


KINDS = (
    Kind(
        type=_QUEUE,
        source="sqs/queue.go",
        identity="https://sqs.{region}.amazonaws.com/{account}/{name}",
        replaces=replaces("fifoQueue", "name", "namePrefix"),
        named=name(80),
        settings=REGIONAL,
        outputs={"url": "{id}", "arn": "arn:{partition}:sqs:{region}:{account}:{name}"},
        references=(Reference(path="kmsMasterKeyId", to=_KEYS, outside=_is_aliased),),
    ),
    Kind(
        type="aws:sqs/queuePolicy:QueuePolicy",
        source="sqs/queue_policy.go",
        identity="{queueUrl}",
        replaces=replaces("queueUrl"),
        settings=REGIONAL,
        references=(Reference(path="queueUrl", to=((_QUEUE, "id"),)),),
    ),
    Kind(
        type=_RULE,
        source="events/rule.go",
        identity="{name}",
        replaces=replaces("eventBusName", "name", "namePrefix"),
        named=name(64),
        settings=REGIONAL,
        defaults={"eventBusName": "default"},
        outputs={"arn": "arn:{partition}:events:{region}:{account}:rule/{name}"},
    ),
    Kind(
        type="aws:cloudwatch/eventTarget:EventTarget",
        source="events/target.go",
        identity="{rule}-{targetId}",
        replaces=replaces("eventBusName", "rule", "targetId"),
        settings=REGIONAL,
        defaults={"eventBusName": "default", "targetId": "terraform-{seed:digits26}"},
        references=(
            Reference(path="rule", to=((_RULE, "id"),), holds=True),
            Reference(path="arn", to=((_QUEUE, "arn"),), outside=_is_no_queue),
        ),
    ),
    Kind(
        type="aws:cloudwatch/logGroup:LogGroup",
        source="logs/group.go",
        identity="{name}",
        replaces=replaces("logGroupClass", "name", "namePrefix"),
        named=name(512),
        settings=REGIONAL,
        defaults={"logGroupClass": "STANDARD"},
        outputs={"arn": "arn:{partition}:logs:{region}:{account}:log-group:{name}"},
        references=(Reference(path="kmsKeyId", to=((KEY, "arn"),)),),
        guards=(Guard(property="deletionProtectionEnabled", value=True, default=False),),
    ),
    Kind(
        type=_BUCKET,
        source="s3/bucket.go",
        identity="{bucket}",
        replaces=replaces("bucket", "bucketPrefix", "objectLockEnabled"),
        named=name(63, property="bucket", is_lower=True),
        settings=REGIONAL,
        outputs={
            "arn": "arn:{partition}:s3:::{bucket}",
            "bucketDomainName": "{bucket}.s3.amazonaws.com",
            "bucketRegionalDomainName": "{bucket}.s3.{region}.amazonaws.com",
            "bucketRegion": "{region}",
        },
        # Source: https://errorreference.com/errors/aws/BucketAlreadyOwnedByYou, read 2026-11-23.
        taken="BucketAlreadyOwnedByYou",
        # Source: the bucket that Pulumi's own guide to `pulumi import` has generated, with `forceDestroy: false`.
        untold={"forceDestroy": False},
    ),
    _of_bucket(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3/bucket_lifecycle_configuration.go",
        "expectedBucketOwner",
    ),
    _of_bucket("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "s3/bucket_public_access_block.go"),
    _of_bucket(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3/bucket_server_side_encryption_configuration.go",
        "expectedBucketOwner",
        references=(
            Reference(path="rules.applyServerSideEncryptionByDefault.kmsMasterKeyId", to=_KEYS, outside=_is_aliased),
        ),
    ),
    _of_bucket("aws:s3/bucketVersioning:BucketVersioning", "s3/bucket_versioning.go", "expectedBucketOwner"),
    _of_bucket("aws:s3/bucketPolicy:BucketPolicy", "s3/bucket_policy.go"),
    _of_bucket("aws:s3/bucketOwnershipControls:BucketOwnershipControls", "s3/bucket_ownership_controls.go"),
)
