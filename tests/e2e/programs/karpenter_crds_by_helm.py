"""Karpenter's CRDs from the chart in KARPENTER_CRD_CHART, on the cluster of MIZAN_KUBECONFIG."""

import os

import pulumi
import pulumi_kubernetes as k8s

from mizan import versions
from mizan.manifests import karpenter

provider = k8s.Provider(
    "cluster",
    kubeconfig=os.environ["MIZAN_KUBECONFIG"],
    opts=pulumi.ResourceOptions(version=versions.EMBEDDED_KUBERNETES_PROVIDER),
)
k8s.helm.v3.Release(
    "crds",
    chart=os.environ["KARPENTER_CRD_CHART"],
    name="karpenter-crd",
    namespace=karpenter.NAMESPACE,
    opts=pulumi.ResourceOptions(provider=provider),
)
