"""Who may do what in AWS: roles of the cluster, its nodes and its controllers."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from mizan.clouds.aws.site import Arguments, Site

VERSION = "2012-10-17"
EKS_SERVICE = "eks.amazonaws.com"
# Source: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html, read 2026-11-23.
POD_IDENTITY_SERVICE = "pods.eks.amazonaws.com"

# Source: https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html, read 2026-11-23.
CLUSTER_POLICIES = ("AmazonEKSClusterPolicy",)

# The same for system nodes and Karpenter's own. Images are pulled, not pushed; the last is for a shell without SSH.
# Source: aws/karpenter-provider-aws@v1.14.1 website/content/en/docs/getting-started/getting-started-with-karpenter/
# cloudformation.yaml, KarpenterNodeRole.
NODE_POLICIES = (
    "AmazonEKS_CNI_Policy",
    "AmazonEKSWorkerNodePolicy",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonSSMManagedInstanceCore",
)

# The driver touches only volumes that it has tagged itself.
# Source: https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2918, read 2026-11-23.
VOLUME_DRIVER_POLICIES = ("AmazonEBSCSIDriverPolicyV2",)

Statement = Mapping[str, Any]


def document(statements: Sequence[Statement]) -> str:
    """Return a policy's text, the same in every run."""
    return json.dumps({"Version": VERSION, "Statement": list(statements)}, sort_keys=True)


def service_trust(service: str, *, actions: Sequence[str] = ("sts:AssumeRole",)) -> str:
    """Return the trust in one of AWS's own services."""
    return document([{"Effect": "Allow", "Principal": {"Service": service}, "Action": list(actions)}])


def node_trust(site: Site) -> str:
    """Return the trust of a role that machines have."""
    return service_trust(f"ec2.{site.dns_suffix}")


def pod_trust() -> str:
    """Return the trust of a role that pods have through EKS Pod Identity."""
    return service_trust(POD_IDENTITY_SERVICE, actions=("sts:AssumeRole", "sts:TagSession"))


def role_args(name: str, trust: str, description: str) -> Arguments:
    """Return a role's arguments."""
    return {"name": name, "assume_role_policy": trust, "description": description}


def secrets_key_document(key_arn: str) -> str:
    """Return what the cluster's role needs of the key that encrypts the cluster's secrets.

    Source: terraform-aws-modules/terraform-aws-eks@v21.19.0 main.tf, aws_iam_policy.cluster_encryption.
    """
    actions = ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]
    return document([{"Effect": "Allow", "Action": actions, "Resource": key_arn}])
