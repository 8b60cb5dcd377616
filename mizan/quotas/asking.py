"""Where and how to ask a cloud for more of a quota. Pure."""

from mizan.quotas.model import GLOBAL, QuotaNeed

GOOGLE_PAGE = "https://console.cloud.google.com/iam-admin/quotas"
AWS_PAGE = "https://{region}.console.aws.amazon.com/servicequotas/home/services/ec2/quotas"


def page(need: QuotaNeed) -> str:
    """Return the page of the cloud's console where a person asks."""
    if need.provider == "gcp":
        return GOOGLE_PAGE
    base = AWS_PAGE.format(region=need.region)
    return f"{base}/{need.row.code}" if need.row else base


def command(need: QuotaNeed, amount: int) -> str | None:
    """Return the command that asks for `amount` in all; None where the quota is unknown.

    Source: https://docs.aws.amazon.com/cli/latest/reference/service-quotas/request-service-quota-increase.html and
    https://docs.cloud.google.com/sdk/gcloud/reference/beta/quotas/preferences/create, read 2026-11-22.
    """
    if need.row is None:
        return None
    if need.provider == "aws":
        return (
            "aws service-quotas request-service-quota-increase --service-code ec2 "
            f"--quota-code {need.row.code} --region {need.region} --desired-value {amount}"
        )
    _, _, family = need.row.quota.partition(":")
    dimensions = [f"region={need.region}"] if need.region != GLOBAL else []
    dimensions += [f"gpu_family={family}"] if family else []
    where = f" --dimensions={','.join(dimensions)}" if dimensions else ""
    return (
        "gcloud beta quotas preferences create --service=compute.googleapis.com --project=PROJECT --email=EMAIL "
        f"--quota-id={need.row.code}{where} --preferred-value={amount}"
    )
