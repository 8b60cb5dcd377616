"""Checkpoints in Cloud Storage: the bucket, a managed folder per team, and who may use it.

A grant on the bucket with an IAM condition would not do: `resource.name` limits reading and writing to a prefix but not
listing, and `storage.googleapis.com/objectListPrefix`, which would, is for Credential Access Boundaries alone; in a
role binding Cloud Storage works incorrectly with it. A grant on a managed folder counts for every object whose name
begins with the folder's, listing them included.
Source: https://docs.cloud.google.com/iam/docs/conditions-attribute-reference, Cloud Storage API attributes;
https://docs.cloud.google.com/storage/docs/managed-folders; https://cloud.google.com/storage/docs/listing-objects, all
read 2026-11-23.
"""

from collections.abc import Mapping

from mizan.clouds.gcp.site import Arguments, Site
from mizan.plan import CheckpointBucket
from mizan.plan.checkpoints import SERVICE_ACCOUNT

# Reads, lists, writes and deletes objects; it reaches neither the rights of the folder nor the bucket's settings.
# Source: https://cloud.google.com/storage/docs/access-control/iam-roles, read 2026-11-23.
ROLE = "roles/storage.objectUser"

# Parts of an upload that nobody will end are paid for like objects; no upload of a checkpoint takes a day.
ABORT_AFTER_DAYS = 1

# Pulumi takes over nothing whose inputs differ from what the program asks for, and the provider, asked for a bucket
# that it has not made, knows neither its labels nor its own settings of it, and reads the ages of rules in another
# form. Of what is not here a difference ends the update: a bucket elsewhere, of another project, or open to the public.
# Source: https://github.com/pulumi/pulumi-gcp/issues/3044 and 1961, read 2026-11-23; of
# hashicorp/terraform-provider-google SetLabels in tpgresource/labels.go, the importer in resource_storage_bucket.go and
# ImportStateVerifyIgnore in resource_storage_bucket_test.go.
LEFT_AS_FOUND = (
    *("labels", "pulumiLabels", "effectiveLabels"),
    *("lifecycleRules", "softDeletePolicy", "forceDestroy", "deletionPolicy"),
)


def bucket_args(bucket: CheckpointBucket, site: Site, labels: Mapping[str, str]) -> Arguments:
    """Return the bucket's arguments.

    Soft delete is off: with it every checkpoint that is overwritten or deleted is paid for another seven days.
    Source: https://cloud.google.com/storage/docs/soft-delete, read 2026-11-23.
    """
    return {
        "name": bucket.name,
        "project": site.project,
        # As Cloud Storage answers it.
        "location": bucket.region.upper(),
        "uniform_bucket_level_access": True,
        "public_access_prevention": "enforced",
        "soft_delete_policy": {"retention_duration_seconds": 0},
        "lifecycle_rules": [
            {"action": {"type": "Delete"}, "condition": {"age": bucket.retention_days}},
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": ABORT_AFTER_DAYS}},
        ],
        "force_destroy": not bucket.keep_on_destroy,
        "labels": dict(labels),
    }


def folder_args(bucket: CheckpointBucket, team: str) -> Arguments:
    """Return the arguments of a team's managed folder.

    It goes with its team although objects are in it: they stay in the bucket until they are too old, and nobody but the
    project's own people reaches them.
    Source: pulumi_gcp 10.2.0 storage/managed_folder.py, force_destroy.
    """
    return {"bucket": bucket.name, "name": bucket.prefix(team), "force_destroy": True}


def member_args(bucket: CheckpointBucket, team: str, *, member: object) -> Arguments:
    """Return the arguments of the grant by which a team's pods reach its folder, and no other.

    Args:
        bucket: of the stack.
        team: whose folder it is.
        member: from `principal`, or a value that becomes it once the project's number is known.
    """
    return {"bucket": bucket.name, "managed_folder": bucket.prefix(team), "role": ROLE, "member": member}


def principal(site: Site, project_number: str, namespace: str) -> str:
    """Return the pods of a namespace's service account for checkpoints, as IAM names them.

    Cloud Storage takes it only in a bucket with uniform access. A cluster of the same project that has a namespace and
    a service account of the same names is the same to IAM.
    Source: https://cloud.google.com/kubernetes-engine/docs/concepts/workload-identity, principals and identity
    sameness; https://docs.cloud.google.com/iam/docs/federated-identity-supported-services, both read 2026-11-23.
    """
    pool = f"projects/{project_number}/locations/global/workloadIdentityPools/{site.workload_pool}"
    return f"principal://iam.googleapis.com/{pool}/subject/ns/{namespace}/sa/{SERVICE_ACCOUNT}"
