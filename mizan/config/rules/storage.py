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
