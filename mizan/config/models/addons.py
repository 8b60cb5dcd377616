"""Controllers that the platform needs in its cluster."""

from typing import Annotated

from pydantic import Field

from mizan import versions
from mizan.config.models.base import Model, described
from mizan.config.models.dcgm import DcgmExporterAddon
from mizan.config.models.install import Install, chart_source
from mizan.config.models.monitoring import OpenCostAddon, PrometheusAddon


class PodsReady(Model):
    """What Kueue does with an admitted job whose pods do not become ready."""

    timeout_seconds: int = described(
        "Longest time from admission until all pods are ready; then the job is evicted and queued anew.",
        because="quota is held for nothing while no node comes, and a node with GPU driver needs minutes",
        fix="Write whole seconds, 10 to 86400, more than a node takes to start",
        default=900,
        ge=10,
        le=86_400,
        strict=True,
    )
    recovery_timeout_seconds: int = described(
        "Longest time in which a pod that was lost, for one to an interruption, is replaced by a ready one.",
        because="the others of a gang wait for it on paid nodes",
        fix="Write whole seconds, 10 to 86400, more than a node takes to start",
        default=900,
        ge=10,
        le=86_400,
        strict=True,
    )
    requeue_limit: int = described(
        "How often a job is queued anew before it is set aside for a person to look at.",
        because="a job that never gets ready would evict itself for ever",
        fix="Write a whole number from 0 to 100",
        default=10,
        ge=0,
        le=100,
        strict=True,
    )
    backoff_base_seconds: int = described(
        "Wait before the first new try; it doubles each time.",
        because="spot that is out of stock is rarely back in a second",
        fix="Write whole seconds, 1 to 3600",
        default=60,
        ge=1,
        le=3600,
        strict=True,
    )
    backoff_max_seconds: int = described(
        "Longest wait between two tries.",
        because="capacity that is back should be used soon",
        fix="Write whole seconds, 1 to 86400",
        default=3600,
        ge=1,
        le=86_400,
        strict=True,
    )


class KueueAddon(Model):
    """Kueue, the queue controller."""

    install: Install = described(
        "helm installs Kueue's chart; external expects it in the cluster.",
        because="two Kueues in one cluster would fight over the same jobs",
        fix="Write `helm` or `external`",
    )
    frameworks: tuple[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(/[a-z0-9.-]+)?$")], ...] = described(
        "Kinds of jobs that Kueue queues, as its own configuration names them.",
        because="Kueue waits at its start for the CRDs of all of them",
        fix="Write `[batch/job]`",
        default=("batch/job",),
        min_length=1,
    )
    fair_sharing: bool = described(
        "Whether spare GPUs of a cohort are shared by weight instead of first come, first served.",
        because="with it the busiest queue is preempted first",
        fix="Write `true` or `false`",
        default=False,
        strict=True,
    )
    pods_ready: PodsReady = described(
        "How long admitted jobs wait for their pods.",
        because="all-or-nothing of quota is not yet all-or-nothing of nodes",
        fix="Write `{timeoutSeconds: 900}`, or leave it out",
        default=PodsReady(),
    )


class KarpenterAddon(Model):
    """Karpenter, which makes the nodes of a cluster on EKS."""

    install: Install = described(
        "helm installs Karpenter's charts; external expects it in the cluster.",
        because="two Karpenters in one cluster would make every node twice",
        fix="Write `helm` or `external`",
        default=Install.HELM,
    )
    chart: str | None = chart_source("Karpenter's own registry", example="karpenter/karpenter")
    ami: str | None = described(
        "Alias of the AMI of its nodes; left out, the release that this version is tested with.",
        because="an alias that moves replaces every node when it does",
        fix="Write an alias with its version such as `al2023@v20260810`, or leave it out",
        default=None,
        pattern=r"^al2023@v[0-9]{8}$",
    )


class GpuOperatorDriver(Model):
    """NVIDIA's driver, where the GPU operator installs it."""

    install: bool | None = described(
        "Whether the operator installs the driver; left out, wherever the nodes' image has none and takes one.",
        because="two drivers on one node break each other, and without any a node has no GPU",
        fix="Write `false` where the driver is on the nodes already, or leave it out",
        default=None,
        strict=True,
    )
    version: str | None = described(
        "Version of the driver that the operator installs; left out, the one that it was released with.",
        because="CUDA of a container may need a newer one, and some machines an older one",
        fix="Write a version such as `580.126.16`, or leave it out",
        default=None,
        pattern=r"^[0-9]{1,4}(\.[0-9]{1,4}){1,2}$",
    )


class GpuOperatorAddon(Model):
    """NVIDIA's GPU operator, which makes nodes offer their GPUs, whole or in parts."""

    install: Install = described(
        "helm installs the operator's chart; external writes the configurations that an operator in the cluster reads.",
        because="two operators in one cluster would set up every node twice",
        fix="Write `helm` or `external`",
        default=Install.HELM,
    )
    chart: str | None = chart_source("NVIDIA's own repository", example="nvidia/gpu-operator")
    version: str = described(
        "Version of the operator.",
        because="the values that are written for it hold for some versions only",
        fix=f"Write `{versions.GPU_OPERATOR}`, or leave it out",
        default=versions.GPU_OPERATOR,
        pattern=r"^v(0|[1-9][0-9]{0,3})(\.(0|[1-9][0-9]{0,3})){2}$",
    )
    driver: GpuOperatorDriver = described(
        "NVIDIA's driver, where the operator installs it.",
        because="on some nodes it must and on others it must not",
        fix="Write `{install: false}`, or leave it out",
        default=GpuOperatorDriver(),
    )


class Addons(Model):
    """Controllers that the platform needs in its cluster."""

    kueue: KueueAddon = described("Kueue.", because="queues need their controller", fix="Add `kueue: {install: helm}`")
    karpenter: KarpenterAddon | None = described(
        "Karpenter; only with `cloud: eks`, where leaving it out installs it by helm.",
        because="pools on EKS need what makes their nodes",
        fix="Write `{install: helm}`, or leave it out",
        default=None,
    )
    gpu_operator: GpuOperatorAddon | None = described(
        "NVIDIA's GPU operator; left out, it comes where nodes need it: on EKS, and on GKE for pools that it shares.",
        because="a GPU that nobody tells Kubernetes of is paid for and never used",
        fix="Write `{install: helm}`, or leave it out",
        default=None,
    )
    dcgm_exporter: DcgmExporterAddon | None = described(
        "NVIDIA's DCGM exporter; left out, it comes on GKE and EKS, and wherever the GPU operator is installed.",
        because="a GPU that nobody measures is paid for whether it works or not",
        fix="Write `{serviceMonitor: true}`, or leave it out",
        default=None,
    )
    prometheus: PrometheusAddon | None = described(
        "Prometheus, with Alertmanager and Grafana; left out, it comes on GKE and EKS.",
        because="dollars are proven by what was measured",
        fix="Write `{install: helm}`, or leave it out",
        default=None,
    )
    opencost: OpenCostAddon | None = described(
        "OpenCost; left out, it comes on GKE and EKS.",
        because="a price that two sources agree on is rarely wrong",
        fix="Write `{install: helm}`, or leave it out",
        default=None,
    )
