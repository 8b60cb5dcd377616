"""A team's namespace."""

from mizan import keys
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan


def team_namespace(team: TeamPlan) -> Manifest:
    """Return the namespace with the labels its costs are found by; its pods run under the restricted standard."""
    return manifest("v1", "Namespace", team.namespace, labels={**team.labels, keys.POD_SECURITY_ENFORCE: "restricted"})
