"""What the members of a team may do, and only in its namespace.

Nobody may create pods: a bare GPU pod would go round the queue. Nobody may read secrets or hand on rights.
Source of groups and resources: https://kubernetes.io/docs/reference/access-authn-authz/rbac/, read 2026-11-22;
kubernetes-sigs/kueue@v0.19.2 config/components/rbac (job editor, workload and local queue viewer).
"""

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan

MEMBER = "team-member"
RBAC_GROUP = "rbac.authorization.k8s.io"

READ = ("get", "list", "watch")
# No update: Kubernetes lets nobody change the pods of a submitted job, and `suspend` is Kueue's.
SUBMIT = (*READ, "create", "delete")
MANAGE = (*SUBMIT, "update", "patch")


def team_role(team: TeamPlan) -> Manifest:
    """Return the Role: submit and delete jobs, see why they wait and what they print, keep settings and volumes."""
    body = manifest(f"{RBAC_GROUP}/v1", "Role", MEMBER, namespace=team.namespace)
    body["rules"] = [
        _rule("batch", ["jobs"], SUBMIT),
        _rule("", ["configmaps", "persistentvolumeclaims"], MANAGE),
        _rule("", ["pods", "pods/log", "events", "resourcequotas", "limitranges"], READ),
        _rule("kueue.x-k8s.io", ["workloads", "localqueues"], READ),
        # Their pods name a template, and the claim that comes of it says what it still waits for.
        *([_rule("resource.k8s.io", ["resourceclaims", "resourceclaimtemplates"], READ)] if _claims(team) else []),
    ]
    return body


def team_role_binding(team: TeamPlan) -> Manifest:
    """Return the RoleBinding that gives the Role to the team's group."""
    body = manifest(f"{RBAC_GROUP}/v1", "RoleBinding", MEMBER, namespace=team.namespace)
    body["roleRef"] = {"apiGroup": RBAC_GROUP, "kind": "Role", "name": MEMBER}
    body["subjects"] = [{"apiGroup": RBAC_GROUP, "kind": "Group", "name": team.group}]
    return body


def _claims(team: TeamPlan) -> bool:
    return any(keys.claimed_device(resource) for resource in team.gpu_quota)


def _rule(group: str, resources: list[str], verbs: tuple[str, ...]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
