"""A team: its namespace and the queues it may use."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from components.resource import resource
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import local_queue
from mizan.plan import TeamPlan


@dataclass(frozen=True, kw_only=True)
class TeamArgs:
    """A team and the cluster queues its local queues lead to."""

    team: TeamPlan
    cluster_queues: Mapping[str, pulumi.Resource]


class Team(pulumi.ComponentResource):
    """A namespace with cost labels, and one LocalQueue per queue."""

    namespace: pulumi.Output[str]
    local_queues: Mapping[str, pulumi.CustomResource]

    def __init__(self, name: str, args: TeamArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Make the namespace, then its local queues."""
        super().__init__("mizan:components:Team", name, {"namespace": args.team.namespace}, opts)
        namespace = resource(name, team_namespace(args.team), pulumi.ResourceOptions(parent=self))
        self.local_queues = {
            queue: resource(
                name,
                local_queue(queue, args.team.namespace),
                pulumi.ResourceOptions(parent=self, depends_on=[namespace, args.cluster_queues[queue]]),
            )
            for queue in args.team.queues
        }
        self.namespace = namespace.id
        self.register_outputs({"namespace": self.namespace})
