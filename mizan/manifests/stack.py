"""Everything a stack puts into its cluster."""

from mizan.config import Cloud
from mizan.manifests.kwok_nodes import node_class, node_pool
from mizan.manifests.manifest import Manifest
from mizan.manifests.namespaces import team_namespace
from mizan.manifests.queues import cluster_queue, local_queue, resource_flavor
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan import Plan


def manifests_of(plan: Plan) -> list[Manifest]:
    """Return the stack's manifests, each after those it refers to. Kueue's own chart is not among them."""
    simulated = [node_class(), *(node_pool(offer) for offer in plan.offers)] if plan.cloud is Cloud.LOCAL else []
    teams = [
        item
        for team in plan.teams
        for item in (team_namespace(team), *(local_queue(queue, team.namespace) for queue in team.queues))
    ]
    return [
        *simulated,
        *(resource_flavor(offer) for offer in plan.offers),
        *(cluster_queue(queue) for queue in plan.queues),
        *teams,
        *(spot_training_job(job) for job in plan.jobs),
    ]
