"""The two clouds: where each finds its settings, how it words a refusal, and what it adds to labels and tags."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from local.rehearsal.annotations import Properties
from local.rehearsal.values import Values, merged
from local.rehearsal.zones import region_of


class Why(StrEnum):
    """Why a cloud refuses."""

    EXISTS = "exists"
    MISSING = "missing"
    IN_USE = "in use"
    PROTECTED = "protected"
    INVALID = "invalid"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """One cloud.

    Attributes:
        package: its name in Pulumi.
        title: its name.
        codes: how it says each refusal.
        variables: by setting, the environment variables that give it where the provider has none.
        required: settings without which the provider cannot be used at all.
        settings: what follows from the provider's settings: (settings) -> further ones.
        marks: what it adds to a resource's labels or tags: (inputs, the kind's outputs, settings) -> outputs.
    """

    package: str
    title: str
    codes: Mapping[Why, str]
    variables: Mapping[str, tuple[str, ...]]
    required: tuple[str, ...]
    settings: Callable[[Values], Values]
    marks: Callable[[Values, Properties, Values], Values]


# The example account of AWS's own documentation, and a project number of the same length as Google's.
ACCOUNT = "123456789012"
PROJECT_NUMBER = "123456789012"


def _settings_of_gcp(settings: Values) -> Values:
    """Add what Google's provider takes for a location: the zone, else the region."""
    zone = settings.get("zone")
    region = settings.get("region") or (region_of(str(zone)) if zone else None)
    location = zone or region
    added = {"region": region, "location": location, "projectNumber": PROJECT_NUMBER}
    return {name: value for name, value in added.items() if value}


def _settings_of_aws(settings: Values) -> Values:
    region = str(settings.get("region", ""))
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    allowed = settings.get("allowedAccountIds")
    return {"account": allowed[0] if isinstance(allowed, list) and allowed else ACCOUNT, "partition": partition}


def _labels(inputs: Values, outputs: Properties, settings: Values) -> Values:
    """Return the labels of a resource of Google's with those of the provider and Pulumi's own.

    Source: pulumi/pulumi-gcp@ed6078aa patches/0006-Rename-default-provisioning-label-to-goog-pulumi-pro.patch.
    """
    if "effectiveLabels" not in outputs:
        return {}
    own = inputs.get("labels") or inputs.get("resourceLabels") or {}
    labels = merged(settings.get("defaultLabels") or {}, own)
    attribution = {} if settings.get("addPulumiAttributionLabel") is False else {"goog-pulumi-provisioned": "true"}
    return {"pulumiLabels": labels, "effectiveLabels": {**labels, **attribution}}


def _tags(inputs: Values, outputs: Properties, settings: Values) -> Values:
    if "tagsAll" not in outputs:
        return {}
    by_default: dict[str, Any] = (settings.get("defaultTags") or {}).get("tags") or {}
    return {"tagsAll": {**by_default, **(inputs.get("tags") or {})}}


CLOUDS: Mapping[str, Cloud] = MappingProxyType(
    {
        "gcp": Cloud(
            package="gcp",
            title="Google Cloud",
            codes={
                Why.EXISTS: "Error 409 alreadyExists",
                Why.MISSING: "Error 404 notFound",
                Why.IN_USE: "Error 400 resourceInUseByAnotherResource",
                Why.PROTECTED: "refused by the provider",
                Why.INVALID: "Error 400 invalid",
            },
            # Source: hashicorp/terraform-provider-google-beta@93c65b2d google-beta/transport/config.go.
            variables={
                "project": ("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
                "region": ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
                "zone": ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
            },
            required=(),
            settings=_settings_of_gcp,
            marks=_labels,
        ),
        "aws": Cloud(
            package="aws",
            title="AWS",
            codes={
                Why.EXISTS: "EntityAlreadyExists",
                Why.MISSING: "ResourceNotFoundException",
                Why.IN_USE: "DependencyViolation",
                Why.PROTECTED: "InvalidRequestException",
                Why.INVALID: "InvalidParameterException",
            },
            # Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html, read 2026-11-22.
            variables={"region": ("AWS_REGION", "AWS_DEFAULT_REGION")},
            required=("region",),
            settings=_settings_of_aws,
            marks=_tags,
        ),
    }
)
