"""A team: its namespace, what its members may do there and how much, and the queues it may use."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.catalogue import Machine
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import local_queue
from mizan.manifests.tenants import guards
from mizan.plan import TeamPlan


@dataclass(frozen=True, kw_only=True)
class TeamArgs:
    """A team of a stack, the stack's machines, and the cluster queues its local queues lead to."""

    team: TeamPlan
    stack: str
    machines: tuple[Machine, ...]
    cluster_queues: Mapping[str, pulumi.Resource]


class Team(pulumi.ComponentResource):
    """A namespace with cost labels, access, limits, network policies, and one LocalQueue per queue."""

    namespace: pulumi.Output[str]
    local_queues: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: TeamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the namespace, then its guards, and its local queues last: no job starts where a guard is missing."""
        team = args.team
        super().__init__("mizan:components:Team", name, {"namespace": team.namespace}, opts)
        namespace = resource(name, team_namespace(team, args.stack), pulumi.ResourceOptions(parent=self))
        inside = pulumi.ResourceOptions(parent=self, depends_on=[namespace])
        guarded = [resource(name, body, inside) for body in guards(team, args.machines)]
        self.local_queues = {
            queue: resource(
                name,
                local_queue(queue, team.namespace),
                pulumi.ResourceOptions(parent=self, depends_on=[namespace, *guarded, args.cluster_queues[queue]]),
            )
            for queue in team.queues
        }
        self.namespace = namespace.id
        self.register_outputs({"namespace": self.namespace})
