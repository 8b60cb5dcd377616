"""Granted quotas as `gcloud` and `aws` print them. Pure."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mizan.quotas.granted import EVERY_FAMILY, METRIC_PREFIX, Granted, QuotaFault
from mizan.quotas.model import GLOBAL

Json = Mapping[str, Any]

COMMANDS = (
    "gcloud beta quotas info list --service=compute.googleapis.com --project=PROJECT --format=json",
    "gcloud compute regions describe REGION --format=json",
    "gcloud compute project-info describe --format=json",
    "aws service-quotas list-service-quotas --service-code ec2 --region REGION --output json",
)
# A quota without a limit, in each of Google's two forms.
NO_LIMIT = -1
# Dimensions of a quota that say where it counts, not what.
PLACES = {"region", "zone"}


def granted_of_json(text: str, file: str) -> Iterator[Granted]:
    """Yield the granted quotas of one JSON document that one of `COMMANDS` printed.

    Raises:
        QuotaFault: it is no JSON, or of another command.
    """
    try:
        document = json.loads(text)
    # A thousand brackets are a RecursionError.
    except (ValueError, RecursionError) as error:
        line = f":{error.lineno}" if isinstance(error, json.JSONDecodeError) else ""
        raise _other(f"{file}{line}", " ".join(str(error).split())) from error
    parts = document if isinstance(document, list) else [document]
    try:
        for part in parts:
            yield from _part(part, file)
    # A document of the right command whose parts are not what they should be.
    except (LookupError, TypeError, AttributeError, ValueError, ArithmeticError) as error:
        raise _other(file, f"{type(error).__name__}: {error}") from error


def _part(part: Json, file: str) -> Iterator[Granted]:
    if "Quotas" in part:
        return _aws(part["Quotas"])
    if part.get("kind") in ("compute#region", "compute#project"):
        return _compute(part)
    if "quotaId" in part:
        return _cloud_quota(part)
    raise _other(file, f"an object with {', '.join(sorted(part)[:5]) or 'nothing'}")


def _aws(quotas: Sequence[Json]) -> Iterator[Granted]:
    """Yield AWS's quotas; the region of one stands in its name of names, arn:aws:servicequotas:REGION:ACCOUNT:..."""
    for quota in quotas:
        region = str(quota["QuotaArn"]).split(":")[3]
        yield Granted(
            provider="aws", region=region or GLOBAL, quota=str(quota["QuotaCode"]), amount=int(quota["Value"])
        )


def _compute(part: Json) -> Iterator[Granted]:
    """Yield the quotas of one region, or of a project."""
    region = str(part["name"]) if part["kind"] == "compute#region" else GLOBAL
    for quota in part["quotas"]:
        yield Granted(provider="gcp", region=region, quota=str(quota["metric"]), amount=_google(int(quota["limit"])))


def _cloud_quota(info: Json) -> Iterator[Granted]:
    """Yield one quota of the Cloud Quotas interface, region by region.

    An entry with more dimensions is more specific and comes later, so that it counts. One that names no family is of
    every family that no other entry names.
    Source: https://cloud.google.com/docs/quotas/configure-dimensions, dimension precedence, read 2026-11-22.
    """
    metric = str(info.get("metric", ""))
    if not metric.startswith(METRIC_PREFIX) or str(info["quotaId"]).endswith("-zone"):
        return
    has_families = bool(set(info.get("dimensions", [])) - PLACES)
    for entry in sorted(info.get("dimensionsInfos", []), key=lambda each: len(each.get("dimensions", {}))):
        dimensions = dict(entry.get("dimensions", {}))
        region = dimensions.pop("region", None)
        # Two values that say what is counted, or a zone, are of no quota that we know.
        if len(dimensions) > 1 or "zone" in dimensions:
            continue
        family = list(dimensions.values()) or ([EVERY_FAMILY] if has_families else [])
        name = ":".join([metric.removeprefix(METRIC_PREFIX).upper(), *family])
        # JSON of a protocol buffer leaves a 0 out.
        # Source: https://protobuf.dev/programming-guides/json, read 2026-11-22.
        amount = _google(int(entry.get("details", {}).get("value", 0)))
        for place in [region] if region else entry.get("applicableLocations") or [GLOBAL]:
            yield Granted(provider="gcp", region=place, quota=name, amount=amount)


def _google(limit: int) -> int | None:
    return None if limit == NO_LIMIT else limit


def _other(where: str, observed: str) -> QuotaFault:
    return QuotaFault(
        where,
        observed,
        needs="CSV with provider,region,quota,granted, or the JSON of one of these commands: " + "; ".join(COMMANDS),
        because="nothing else says which quotas a cloud has granted",
        fix="Run one of them, and give its output as it is",
    )
