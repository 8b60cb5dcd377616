"""The namespace of what the platform itself runs in a cluster: placeholders, and what enforces budgets.

It is nobody's part: whichever of the two comes or goes, the other one's namespace stays.
"""

from mizan import keys
from mizan.manifests.budget_enforcer import budget_enforcer
from mizan.manifests.kept_nodes import kept_nodes
from mizan.manifests.manifest import Manifest, manifest
from mizan.manifests.namespaces import POD_SECURITY
from mizan.plan import Plan


def own_namespace(plan: Plan) -> list[Manifest]:
    """Return the namespace where something is in it; without a stack's label Kueue leaves its jobs alone."""
    inside = (*kept_nodes(plan), *budget_enforcer(plan))
    if not any(body["metadata"].get("namespace") == keys.OWN_NAMESPACE for body in inside):
        return []
    return [manifest("v1", "Namespace", keys.OWN_NAMESPACE, labels=POD_SECURITY)]
