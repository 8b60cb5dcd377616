"""Every chart, image and provider version the platform pins, each with where it was read."""

from typing import Final

# Source: kubernetes-sigs/kueue@v0.19.2 charts/kueue, the version that the embedded default builds as well.
KUEUE_CHART: Final = "oci://registry.k8s.io/kueue/charts/kueue"
KUEUE: Final = "0.19.2"

# The provider that the embedded default builds; a cluster elsewhere takes the one that matches the Python SDK.
# Source: docs/adr/0004-tool-builds.md.
EMBEDDED_KUBERNETES_PROVIDER: Final = "4.25.0"

# Source: pytorch/pytorch's published images; the tag is pinned so that a sample job means the same every week.
TRAINING_IMAGE: Final = "docker.io/pytorch/pytorch:2.8.0-cuda12.8-cudnn9-runtime"
