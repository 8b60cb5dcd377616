"""One namespace without cost labels, on the cluster of MIZAN_KUBECONFIG."""

import os

import pulumi
import pulumi_kubernetes as k8s

provider = k8s.Provider(
    "cluster", kubeconfig=os.environ["MIZAN_KUBECONFIG"], opts=pulumi.ResourceOptions(version="4.25.0")
)
k8s.core.v1.Namespace("nobodys", metadata={"name": "nobodys"}, opts=pulumi.ResourceOptions(provider=provider))
