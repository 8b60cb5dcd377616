"""Prometheus and OpenCost, which measure what the platform's dollars buy."""

import re
from collections.abc import Mapping
from enum import StrEnum

from pydantic import field_validator

from mizan import keys, versions
from mizan.config.models.base import Model, described
from mizan.config.models.install import OptionalInstall, chart_source

# A DNS subdomain. Source: https://kubernetes.io/docs/concepts/overview/working-with-objects/names/, read 2026-11-22.
OBJECT_PATTERN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
OBJECT_LENGTH = 253
_OBJECT_NAME = "a name of lower-case letters, digits and dashes, and dots between them"

_NAME = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_PORT = "([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])"
_PATH = r"(/\.*[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?"
# Without a user and a password, which a Secret holds, and without a query.
URL_PATTERN = rf"^https?://({_NAME}(\.{_NAME})*\.?|\[[0-9A-Fa-f:.]+\])(:{_PORT})?{_PATH}$"
URL_LENGTH = 500
URL = "an http address without user, password, query and spaces"

# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, read 2026-11-23.
_BUCKET_NAME = "a name as S3 takes it: 3 to 63 lower-case letters, digits, dashes and dots, and no IP address"
_SHORTEST_BUCKET = 3
_IP_ADDRESS = r"[0-9]+(\.[0-9]+){3}"

# Month to date needs the 31 days of a month, and two weeks in which a person looks back at it.
LEAST_RETENTION_DAYS = 45
# A month and the one before it.
RETENTION_DAYS = 62

_SAFE = "what stands in a stack file is in git, in Pulumi's state and in Helm's"


def named_secret(description: str, *, fix: str) -> str | None:
    """Return the field of a Secret's name, which is there before it is read."""
    field: str | None = described(
        f"{description} It is a Secret of namespace `{keys.MONITORING_NAMESPACE}`, by name.",
        because=_SAFE,
        fix=fix,
        needs=_OBJECT_NAME,
        is_confidential=True,
        default=None,
        pattern=OBJECT_PATTERN,
        max_length=OBJECT_LENGTH,
    )
    return field


class Slack(Model):
    """The Slack channel that alerts go to."""

    secret: str = described(
        f"Secret of namespace `{keys.MONITORING_NAMESPACE}`, by name; its key `url` is the channel's incoming webhook.",
        because=_SAFE,
        fix="Write its name, such as `slack-webhook`",
        needs=_OBJECT_NAME,
        is_confidential=True,
        pattern=OBJECT_PATTERN,
        max_length=OBJECT_LENGTH,
    )
    channel: str = described(
        "Name of the channel, as alerts show it.",
        because="people find an alert by where it is told",
        fix="Write a channel such as `#ml-cost-alerts`, in quotes",
        needs="`#` and at most 80 letters, digits, dashes, dots and underscores",
        # Alertmanager reads it as a template.
        pattern=r"^#[\w.-]{1,80}$",
    )


class PrometheusAddon(Model):
    """Prometheus, with Alertmanager and Grafana where this stack installs them."""

    install: OptionalInstall | None = described(
        "helm installs kube-prometheus-stack; external reads one that is there, Thanos, Mimir and Google's included; "
        "none does without. Left out, `helm` on GKE and EKS, and `none` elsewhere.",
        because="two of its operators in one cluster would fight over the same objects",
        fix="Write `helm`, `external` or `none`, or leave it out",
        default=None,
    )
    chart: str | None = chart_source("its own registry", example="charts/kube-prometheus-stack")
    version: str = described(
        "Version of the chart.",
        because="the values that are written for it hold for some versions only",
        fix=f"Write `{versions.KUBE_PROMETHEUS_STACK}`, or leave it out",
        default=versions.KUBE_PROMETHEUS_STACK,
        pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$",
    )
    url: str | None = described(
        "Address of the Prometheus that is there, as pods of the cluster reach it; only with `install: external`.",
        because="it is asked over HTTP, and a password in an address is read by everybody",
        fix="Write an address such as `http://mimir-gateway.mimir.svc/prometheus`, without user, password and query",
        needs=URL,
        default=None,
        pattern=URL_PATTERN,
        max_length=URL_LENGTH,
    )
    headers_secret: str | None = named_secret(
        "What that Prometheus wants to be asked with: key `X-Scope-OrgID` is the tenant, key `token` a bearer token.",
        fix="Write a name such as `mimir-headers`, or leave it out",
    )
    cluster_label: str | None = described(
        "Label that tells clusters apart in that Prometheus, with the cluster's name as its value on every series; "
        "left out, it has series of this cluster only.",
        because="dollars of several clusters in one store would be added up as one cluster's",
        fix="Write a label such as `cluster`, or leave it out",
        default=None,
        max_length=100,
        pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$",
    )
    rules_in_cluster: bool = described(
        "Whether rules and dashboards are written into the cluster, as PrometheusRules and as ConfigMaps for Grafana's "
        "sidecar, with ServiceMonitors of Kueue and Karpenter; only with `install: external`. "
        "`mizan render --metrics FOLDER` writes rules and dashboards as files.",
        because="a cluster without the Prometheus operator's CRDs refuses a PrometheusRule, and the whole update ends "
        "there",
        fix="Write `true` once the operator is there, else `false`",
        default=False,
        strict=True,
    )
    object_labels: Mapping[str, str] = described(
        "Labels on our PrometheusRules and ServiceMonitors; only with `install: external`.",
        because="kube-prometheus-stack, unless it is told otherwise, reads those alone that bear its release's name",
        fix="Write `{release: kube-prometheus-stack}`, or leave it out",
        default={},
        max_length=20,
    )
    retention_days: int = described(
        "How long samples are kept.",
        because="what a team has spent this month is counted from the first of the month, and looked back at after it",
        fix=f"Write whole days, {LEAST_RETENTION_DAYS} to 400",
        default=RETENTION_DAYS,
        ge=LEAST_RETENTION_DAYS,
        le=400,
        strict=True,
    )
    storage_gib: int | None = described(
        "Size of its volume; left out, computed from the stack's largest size.",
        because="a full volume drops the oldest days, though `retentionDays` says that they are kept",
        fix="Write whole GiB, 10 to 16384, or leave it out",
        default=None,
        ge=10,
        le=16_384,
        strict=True,
    )
    storage_class: str | None = described(
        "StorageClass of its volume; left out, gp3 on EKS, and elsewhere the cluster's own.",
        because="a cluster may have none by default, and slow disks make slow dashboards",
        fix="Write the name of a StorageClass, or leave it out",
        needs=_OBJECT_NAME,
        default=None,
        pattern=OBJECT_PATTERN,
        max_length=OBJECT_LENGTH,
    )
    slack: Slack | None = described(
        "Where alerts go; left out, Alertmanager keeps them to itself.",
        because="an alert that nobody reads costs what it was to save",
        fix='Write `{secret: slack-webhook, channel: "#ml-cost-alerts"}`, or leave it out',
        is_confidential=True,
        default=None,
    )
    grafana_secret: str | None = named_secret(
        "Grafana's administrator, in keys `admin-user` and `admin-password`; left out, Grafana's chart makes a "
        "password once, in Secret `kube-prometheus-stack-grafana`.",
        fix="Write a name such as `grafana-admin`, or leave it out",
    )


class PriceSource(StrEnum):
    """Whose prices OpenCost takes: the cloud's lists, or those of this stack."""

    CLOUD = "cloud"
    STACK = "stack"


class SpotFeed(Model):
    """The feed that AWS writes into a bucket of what each spot instance is charged."""

    bucket: str = described(
        "Bucket that AWS writes the feed into.",
        because="AWS charges spot by the hour, and no list has what was charged",
        fix="Write the bucket of `aws ec2 create-spot-datafeed-subscription`",
        needs=_BUCKET_NAME,
        max_length=63,
        pattern=OBJECT_PATTERN,
    )
    prefix: str | None = described(
        "What the names of its files begin with; left out, nothing.",
        because="files of another prefix are not found",
        fix="Write the prefix of `aws ec2 create-spot-datafeed-subscription`, or leave it out",
        default=None,
        pattern=r"^[A-Za-z0-9._/-]+$",
    )
    secret: str | None = named_secret(
        "A key that may read the bucket, in keys `AWS_ACCESS_KEY_ID` and `AWS_SECRET_ACCESS_KEY`; left out, the rights "
        "of OpenCost's own pod.",
        fix="Write a name such as `opencost-aws`, or leave it out",
    )

    @field_validator("bucket")
    @classmethod
    def _is_taken_by_s3(cls, value: str) -> str:
        if len(value) < _SHORTEST_BUCKET or re.fullmatch(_IP_ADDRESS, value):
            raise ValueError(_BUCKET_NAME)
        return value


class OpenCostAddon(Model):
    """OpenCost, a second opinion on what nodes and pods cost."""

    install: OptionalInstall | None = described(
        "helm installs its chart; external only compares with one that is there; none does without. Left out, `helm` "
        "on GKE and EKS where there is a Prometheus, and `none` elsewhere.",
        because="two of them tell every price twice",
        fix="Write `helm`, `external` or `none`, or leave it out",
        default=None,
    )
    chart: str | None = chart_source("its own repository", example="charts/opencost")
    version: str = described(
        "Version of the chart.",
        because="the values that are written for it hold for some versions only",
        fix=f"Write `{versions.OPENCOST}`, or leave it out",
        default=versions.OPENCOST,
        pattern=r"^[0-9]+\.[0-9]+\.[0-9]+$",
    )
    prices_from: PriceSource | None = described(
        "Whose prices it takes: the cloud's lists, or this stack's. Left out, the cloud's where it can have all of "
        "them: with `cloudKeySecret` or `spotFeed`, and on EKS without spot.",
        because="without a key Google's are missing, and without a feed AWS's spot is told at on-demand's price",
        fix="Write `cloud` or `stack`, or leave it out",
        default=None,
    )
    cloud_key_secret: str | None = named_secret(
        "Key of Google's Cloud Billing API, in key `key`; only for a cluster on GKE.",
        fix="Write a name such as `opencost-gcp-key`, or leave it out",
    )
    spot_feed: SpotFeed | None = described(
        "Where AWS tells what spot is charged; only with `cloud: eks`.",
        because="no list has it",
        fix="Write `{bucket: my-spot-feed, secret: opencost-aws}`, or leave it out",
        default=None,
    )
    service_monitor: bool | None = described(
        "Whether the Prometheus operator is told of it by a ServiceMonitor; left out, where this stack installs it, "
        "and with `rulesInCluster`.",
        because="a cluster without its CRDs refuses a ServiceMonitor, and the whole update ends there",
        fix="Write `true` or `false`, or leave it out",
        default=None,
        strict=True,
    )
