"""What the clouds are asked for checkpoints: a closed bucket that forgets, and for each team its prefix alone."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from mizan.clouds.aws import checkpoints as s3
from mizan.clouds.aws import site as aws_site
from mizan.clouds.gcp import checkpoints as gcs
from mizan.clouds.gcp import site as gcp_site
from tests.checkpoint_stacks import eks_plan, gke_plan

GKE, EKS = gke_plan(), eks_plan()
GOOGLE, AMAZON = gcp_site.site_of(GKE), aws_site.site_of(EKS)
GCS, S3 = GKE.checkpoints, EKS.checkpoints
S3_ARN = "arn:aws:s3:::123456789012-us-east-1-eks-prod-checkpoints"


def test_a_bucket_of_google_is_closed_and_forgets():
    assert gcs.bucket_args(GCS, GOOGLE, GKE.cloud_labels) == {
        "name": "ml-platform-gke-prod-checkpoints",
        "project": "ml-platform",
        "location": "US-CENTRAL1",
        "uniform_bucket_level_access": True,
        "public_access_prevention": "enforced",
        "soft_delete_policy": {"retention_duration_seconds": 0},
        "lifecycle_rules": [
            {"action": {"type": "Delete"}, "condition": {"age": 30}},
            {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 1}},
        ],
        "force_destroy": False,
        "labels": {"managed-by": "mizan", "stack": "gke-prod"},
    }


def test_the_bucket_lies_and_forgets_as_the_stack_says():
    settings = {"region": "us-east1", "retentionDays": 7, "keepOnDestroy": False}
    args = gcs.bucket_args(gke_plan(checkpoints=settings).checkpoints, GOOGLE, {})
    assert (args["location"], args["force_destroy"]) == ("US-EAST1", True)
    assert args["lifecycle_rules"][0]["condition"] == {"age": 7}


def test_a_team_of_google_has_its_folder_and_no_right_to_the_bucket():
    member = gcs.principal(GOOGLE, "987654321", "team-a")
    assert member == (
        "principal://iam.googleapis.com/projects/987654321/locations/global/workloadIdentityPools/"
        "ml-platform.svc.id.goog/subject/ns/team-a/sa/checkpoints"
    )
    assert gcs.member_args(GCS, "team-a", member=member) == {
        "bucket": "ml-platform-gke-prod-checkpoints",
        "managed_folder": "team-a/",
        "role": "roles/storage.objectUser",
        "member": member,
    }
    assert gcs.folder_args(GCS, "team-a") == {
        "bucket": "ml-platform-gke-prod-checkpoints",
        "name": "team-a/",
        "force_destroy": True,
    }


WHICH = {"bucket": "123456789012-us-east-1-eks-prod-checkpoints", "region": "us-east-1"}


def test_a_bucket_of_amazon_is_closed_encrypted_and_forgets():
    assert s3.bucket_args(S3) == {**WHICH, "force_destroy": False}
    closed = s3.public_access_args(S3)
    assert closed == WHICH | dict.fromkeys(closed.keys() - WHICH.keys(), True)
    assert len(closed.keys() - WHICH.keys()) == 5
    assert s3.encryption_args(S3)["rules"] == [{"apply_server_side_encryption_by_default": {"sse_algorithm": "AES256"}}]
    assert s3.lifecycle_args(S3) == {
        **WHICH,
        "rules": [
            {
                "id": "checkpoints",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "expiration": {"days": 30},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 1},
            }
        ],
    }


def test_a_bucket_of_amazon_in_another_region_is_made_there_with_all_its_settings():
    bucket = eks_plan(checkpoints={"region": "us-west-2", "keepOnDestroy": False}).checkpoints
    made = [
        s3.bucket_args(bucket),
        s3.public_access_args(bucket),
        s3.encryption_args(bucket),
        s3.lifecycle_args(bucket),
        s3.bucket_policy_args(bucket, AMAZON),
    ]
    assert {args["region"] for args in made} == {"us-west-2"}
    assert made[0]["force_destroy"] is True


def test_a_bucket_of_amazon_refuses_whoever_comes_without_tls():
    policy = json.loads(s3.bucket_policy_args(S3, AMAZON)["policy"])
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyWithoutTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [S3_ARN, f"{S3_ARN}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }


def test_a_team_s_role_is_for_its_own_service_account_in_this_cluster():
    args = s3.team_role_args(AMAZON, "team-a")
    assert args["name"] == "eks-prod-checkpoints-team-a"
    (statement,) = json.loads(args["assume_role_policy"])["Statement"]
    assert statement == {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:RequestTag/eks-cluster-name": "eks-prod",
                "aws:RequestTag/kubernetes-namespace": "team-a",
                "aws:RequestTag/kubernetes-service-account": "checkpoints",
            }
        },
    }


def is_allowed(action: str, resource: str, prefix: str | None = None) -> bool:
    """Whether IAM would let team-a; a star stands for any characters, none included."""
    for statement in s3.team_statements(S3, AMAZON, "team-a"):
        actions = statement["Action"]
        asked = statement.get("Condition", {}).get("StringLike", {}).get("s3:prefix")
        if (
            action in ([actions] if isinstance(actions, str) else actions)
            and fnmatchcase(resource, statement["Resource"])
            and (asked is None or (prefix is not None and fnmatchcase(prefix, asked)))
        ):
            return True
    return False


@pytest.mark.parametrize("action", ["GetObject", "PutObject", "DeleteObject", "AbortMultipartUpload"])
def test_a_team_uses_its_own_objects_and_nobody_else_s(action):
    assert is_allowed(f"s3:{action}", f"{S3_ARN}/team-a/train-1/step-1")
    assert not is_allowed(f"s3:{action}", f"{S3_ARN}/team-ab/train-1/step-1")
    assert not is_allowed(f"s3:{action}", f"{S3_ARN}/train-1")


def test_a_team_lists_its_own_prefix_and_never_the_bucket():
    assert is_allowed("s3:ListBucket", S3_ARN, "team-a/")
    assert is_allowed("s3:ListBucket", S3_ARN, "team-a/train-1/")
    for prefix in (None, "", "team-", "team-a", "team-ab/"):
        assert not is_allowed("s3:ListBucket", S3_ARN, prefix), prefix


def test_a_team_changes_neither_the_bucket_nor_rights():
    actions: list[Any] = []
    for statement in s3.team_statements(S3, AMAZON, "team-a"):
        assert statement["Effect"] == "Allow"
        actions += [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    assert sorted(actions) == [
        "s3:AbortMultipartUpload",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    ]
