"""Everything of a team: its namespace and what stands in it before a job can come."""

from collections.abc import Sequence

from mizan.catalogue import Machine
from mizan.manifests.access import team_role, team_role_binding
from mizan.manifests.limits import limit_range, resource_quota
from mizan.manifests.manifest import Manifest
from mizan.manifests.network_policies import network_policies
from mizan.plan import TeamPlan


def guards(team: TeamPlan, machines: Sequence[Machine]) -> list[Manifest]:
    """Return who may do what in the team's namespace, how much, and with whom its pods talk.

    Args:
        team: whose namespace it is.
        machines: all of the stack, at least one.
    """
    return [
        limit_range(team, machines),
        resource_quota(team),
        *network_policies(team, (machine.provider for machine in machines)),
        team_role(team),
        team_role_binding(team),
    ]
