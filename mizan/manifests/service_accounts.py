"""Who a pod is in the cloud."""

from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan
from mizan.plan.checkpoints import SERVICE_ACCOUNT


def checkpoint_account(team: TeamPlan) -> Manifest:
    """Return the service account by which the team's pods reach their checkpoints, and nothing in the cluster.

    It bears no annotation: both clouds know it by cluster, namespace and name, and hand its pods credentials without
    the token that Kubernetes would mount.
    Source: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity and
    https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html, both read 2026-11-23.
    """
    body = manifest("v1", "ServiceAccount", SERVICE_ACCOUNT, namespace=team.namespace)
    body["automountServiceAccountToken"] = False
    return body
