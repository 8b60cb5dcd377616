"""Every chart, image and provider version the platform pins, each with where it was read."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

# Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue, the version that the embedded default builds as well.
KUEUE_CHART: Final = "oci://registry.k8s.io/kueue/charts/kueue"
KUEUE: Final = "0.19.2"

# The CRDs have a chart of their own beside it, which bears its name with `-crd` behind it.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/upgrading/upgrade-guide.md.
KARPENTER_CHART: Final = "oci://public.ecr.aws/karpenter/karpenter"
KARPENTER: Final = "1.14.1"

# The release of EKS's AL2023 images that Karpenter's nodes start from; their NVIDIA variant has driver 580.159.03.
# Source: awslabs/amazon-eks-ami@81fec2e CHANGELOG.md, AMI Release v20260714.
KARPENTER_AMI: Final = "al2023@v20260714"

# In standard support until 2027-03-27. Karpenter supports it from 1.9 on.
# Source: https://aws-samples.github.io/sample-apex-skills/docs/skills/eks-operation-review/references/cluster-lifecycle,
# read 2026-11-23; aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/upgrading/compatibility.md.
EKS: Final = "1.35"

# At least: from 1.35.0-gke.1171000 on a spot node's pods get more than 30 s. GKE takes the latest patch that it has.
# Source: as NOTICE_SECONDS in mizan/plan/worth.py.
GKE: Final = "1.35"

# By Kubernetes version, as EKS takes an add-on only with the versions that it names for it: EKS's default for each.
# `aws eks describe-addon-versions --kubernetes-version 1.35` prints today's.
# Source: second-hand: skax-ca/eks-reference-infra@08c73e5 live/dev/eks/main.tf, asked of EKS on 2026-08-04.
EKS_ADDONS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "1.35": MappingProxyType(
            {
                "vpc-cni": "v1.22.3-eksbuild.1",
                "kube-proxy": "v1.35.3-eksbuild.17",
                "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
                "coredns": "v1.13.2-eksbuild.11",
                "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
            }
        )
    }
)

# Images of the system nodes, by Kubernetes version. Source: as KARPENTER_AMI.
EKS_NODE_RELEASES: Final[Mapping[str, str]] = MappingProxyType({"1.35": "1.35.6-20260714"})

# The provider that the embedded default builds; a cluster elsewhere takes the one that matches the Python SDK.
# Source: docs/adr/0004-tool-builds.md.
EMBEDDED_KUBERNETES_PROVIDER: Final = "4.25.0"

# Source: pytorch/pytorch's published images; the tag is pinned so that a sample job means the same every week.
TRAINING_IMAGE: Final = "docker.io/pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime"

# Holds a warm node's place and does nothing. Source: k8s.io/kubernetes@v1.36.3 cmd/kubeadm/app/constants/constants.go,
# PauseVersion.
PAUSE_IMAGE: Final = "registry.k8s.io/pause:3.10.2"

# The stock image of Python, Debian's slim one: 3.13.15 for all platforms, by the digest of its index.
# Source: second-hand: docker-library/python's tag 3.13.15-slim-trixie as several public Dockerfiles pin it, read
# 2026-11-23; `docker buildx imagetools inspect` tells it first-hand.
PYTHON_IMAGE: Final = (
    "docker.io/library/python:3.13.15-slim-trixie"
    "@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285"
)

# Brings device plugin 0.20.0, MIG manager 0.15.0, toolkit 1.20.0 and DRA driver 0.5.0. The values that are written for
# it hold for versions from the first of GPU_OPERATORS to below the second: before 26.7 it had no GPUCluster.
# Source: NVIDIA/gpu-operator@v26.7.0 deployments/gpu-operator/values.yaml; NVIDIA/cloud-native-docs@52dcb7b
# gpu-operator/dra-intro-install.rst, the repository.
GPU_OPERATOR_REPOSITORY: Final = "https://helm.ngc.nvidia.com/nvidia"
GPU_OPERATOR_CHART: Final = "gpu-operator"
GPU_OPERATOR: Final = "v26.7.0"
GPU_OPERATORS: Final = ("v26.7.0", "v26.8.0")

# What claims of devices need: the least branch of NVIDIA's driver, and the least Kubernetes. Both clusters that a stack
# makes are newer (EKS and GKE above).
# Source: NVIDIA/cloud-native-docs@52dcb7b gpu-operator/dra-intro-install.rst, Prerequisites.
DRA_DRIVER_LEAST: Final = 580
DRA_KUBERNETES_LEAST: Final = "1.34.2"

# Google's installer of GPU drivers on Container-Optimized OS: an image that GKE puts on each node, and one that does
# nothing.
# Source: GoogleCloudPlatform/container-engine-accelerators@992db81 nvidia-driver-installer/cos/
# daemonset-preloaded.yaml.
COS_DRIVER_INSTALLER_IMAGE: Final = "cos-nvidia-installer:fixed"
COS_PAUSE_IMAGE: Final = "gke.gcr.io/pause:3.8@sha256:880e63f94b145e46f1b1082bb71b85e21f16b99b180b9996407d61240ceb9830"

# The exporter of what GPUs do, where it does not come with the GPU operator, whose own is 4.8.3.
# Source: NVIDIA/dcgm-exporter@4.5.3-4.8.2 deployment/Chart.yaml; README.md, the repository.
DCGM_EXPORTER_REPOSITORY: Final = "https://nvidia.github.io/dcgm-exporter/helm-charts"
DCGM_EXPORTER_CHART: Final = "dcgm-exporter"
DCGM_EXPORTER: Final = "4.8.2"

# Brings Prometheus' operator 0.93.1, kube-state-metrics 2.20.0, node exporter 1.12.1 and Grafana 13.2.0. The values
# that are written for it hold for versions from the first of KUBE_PROMETHEUS_STACKS to below the second: it changes
# them with its major version.
# Source: prometheus-community/helm-charts@cf408a2 charts/kube-prometheus-stack/Chart.yaml, UPGRADE.md, README.md.
KUBE_PROMETHEUS_STACK_CHART: Final = "oci://ghcr.io/prometheus-community/charts/kube-prometheus-stack"
KUBE_PROMETHEUS_STACK: Final = "88.5.3"
KUBE_PROMETHEUS_STACKS: Final = ("88.5.3", "89.0.0")

# Brings OpenCost 1.120.1. Source: opencost/opencost-helm-chart@725bb93 charts/opencost/Chart.yaml, README.md.
OPENCOST_REPOSITORY: Final = "https://opencost.github.io/opencost-helm-chart"
OPENCOST_CHART: Final = "opencost"
OPENCOST: Final = "2.5.17"
OPENCOSTS: Final = ("2.5.17", "2.6.0")
