"""Kueue from the chart in KUEUE_CHART, on the cluster of MIZAN_KUBECONFIG."""

import os

import pulumi
import pulumi_kubernetes as k8s

from components.queues.kueue import Kueue, KueueArgs
from mizan import versions
from mizan.config import Install, KueueAddon

provider = k8s.Provider(
    "cluster",
    kubeconfig=os.environ["MIZAN_KUBECONFIG"],
    opts=pulumi.ResourceOptions(version=versions.EMBEDDED_KUBERNETES_PROVIDER),
)
Kueue(
    "kueue",
    KueueArgs(settings=KueueAddon(install=Install.HELM), chart=os.environ["KUEUE_CHART"]),
    pulumi.ResourceOptions(providers={"kubernetes": provider}),
)
