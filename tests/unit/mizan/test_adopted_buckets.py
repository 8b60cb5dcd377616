"""Which buckets a stack may take over: rules of `mizan:checkpoints` with `adopt`."""

from datetime import date

import pytest

from mizan.config import parse
from tests.builders import faults_of
from tests.checkpoint_stacks import on_eks, on_gke


@pytest.mark.parametrize("stack", [on_gke, on_eks], ids=["gke", "eks"])
def test_a_bucket_is_not_taken_over_to_be_deleted_with_the_stack(stack):
    (fault,) = faults_of(stack(checkpoints={"adopt": True, "keepOnDestroy": False}))
    assert fault == (
        "mizan:checkpoints.keepOnDestroy: false with `adopt: true`; needs true as long as `adopt` is there because a "
        "bucket is taken over as one that is kept, and its checkpoints are older than this stack. Update once with "
        "`keepOnDestroy: true`; then remove `adopt` and write `keepOnDestroy: false`."
    )


def test_a_bucket_of_aws_in_another_region_is_not_taken_over():
    (fault,) = faults_of(on_eks(checkpoints={"adopt": True, "region": "us-west-2"}))
    assert fault == (
        "mizan:checkpoints.adopt: true for a bucket in us-west-2; needs a bucket in us-east-1, the stack's region "
        "because the provider finds one elsewhere by another id than it keeps, and would take it over each time. "
        "Remove `adopt` and run `pulumi import` as docs/guide/checkpoints.md says."
    )


@pytest.mark.parametrize(
    "values",
    [
        on_gke(checkpoints={"adopt": True}),
        on_gke(checkpoints={"adopt": True, "region": "us-east1"}),
        on_eks(checkpoints={"adopt": True}),
        on_eks(checkpoints={"adopt": True, "region": "us-east-1"}),
        on_eks(checkpoints={"adopt": False, "region": "us-west-2", "keepOnDestroy": False}),
    ],
    ids=["gke", "gke-elsewhere", "eks", "eks-region-written", "not-taken-over"],
)
def test_every_other_bucket_may_be(values):
    written = values["checkpoints"]
    assert parse(values, date(2026, 11, 22)).checkpoints.adopt is written["adopt"]
