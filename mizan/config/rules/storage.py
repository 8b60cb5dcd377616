"""Rules about object storage that a stack makes."""

import re
from collections.abc import Iterator

from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud
from mizan.config.part import Part

# How each cloud writes its regions, and one of them.
# Source: https://cloud.google.com/storage/docs/locations; https://docs.aws.amazon.com/general/latest/gr/s3.html, both
# read 2026-11-23.
REGIONS = {
    Cloud.GKE: (re.compile(r"[a-z]+-[a-z]+[0-9]+"), "us-central1"),
    Cloud.EKS: (re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+"), "us-east-1"),
}

GUIDE = "docs/guide/checkpoints.md"


def the_bucket_lies_in_a_region_of_the_cloud(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where the bucket's region is not one of the cloud that the cluster is in."""
    region, cloud = stack["checkpoints"]["region"], stack["cloud"].text
    for name, (pattern, example) in REGIONS.items():
        if name == cloud and region.text is not None and not pattern.fullmatch(region.text):
            yield ConfigFault(
                region.path,
                region.text,
                needs=f"a region as {cloud}'s cloud writes it, such as {example}",
                because="the bucket is made in the cluster's cloud",
                fix="Write another region, or leave it out",
            )


def a_bucket_that_is_taken_over_is_kept(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where one setting takes the bucket over and another gives it away with the stack."""
    storage = stack["checkpoints"]
    if storage["adopt"].value is True and storage["keepOnDestroy"].value is False:
        yield ConfigFault(
            storage["keepOnDestroy"].path,
            "false with `adopt: true`",
            needs="true as long as `adopt` is there",
            because="a bucket is taken over as one that is kept, and its checkpoints are older than this stack",
            fix="Update once with `keepOnDestroy: true`; then remove `adopt` and write `keepOnDestroy: false`",
        )


def a_bucket_that_is_taken_over_on_eks_lies_in_the_stack_s_region(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault where AWS would have to be told the region of the bucket that is taken over."""
    storage, region = stack["checkpoints"], stack["region"].text
    own = storage["region"].text
    if stack["cloud"].text == Cloud.EKS and storage["adopt"].value is True and own is not None and own != region:
        yield ConfigFault(
            storage["adopt"].path,
            f"true for a bucket in {own}",
            needs=f"a bucket in {region}, the stack's region",
            because="the provider finds one elsewhere by another id than it keeps, and would take it over each time",
            fix=f"Remove `adopt` and run `pulumi import` as {GUIDE} says",
        )
