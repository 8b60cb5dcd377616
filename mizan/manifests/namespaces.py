"""The namespace of a team, and that of somebody else's add-on."""

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan

# The newest the API server knows: a pod that a later standard refuses is refused from the cluster's next version on.
# Source: https://kubernetes.io/docs/concepts/security/pod-security-admission/, read 2026-11-22.
POD_SECURITY = {
    key: value
    for mode in (keys.POD_SECURITY_ENFORCE, keys.POD_SECURITY_AUDIT, keys.POD_SECURITY_WARN)
    for key, value in ((mode, "restricted"), (f"{mode}-version", "latest"))
}


def their_namespace(name: str) -> Manifest:
    """Return a namespace of somebody else, with nothing that they could have set otherwise.

    It has to be there before what their add-on reads is in it, and it may come before theirs or after: Pulumi takes
    what is there as it is, and two owners of one label would be a conflict. Whoever writes it keeps it on the way out.
    Source: pulumi/pulumi-kubernetes provider/pkg/await/await.go, Creation, with server-side apply.
    """
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def team_namespace(team: TeamPlan, stack: str) -> Manifest:
    """Return the namespace with the labels its costs are found by; its pods run under the restricted standard.

    Args:
        team: whose it is.
        stack: the stack's name, by which the namespace is found once its team is gone.
    """
    return manifest("v1", "Namespace", team.namespace, labels={**team.labels, keys.STACK: stack, **POD_SECURITY})
