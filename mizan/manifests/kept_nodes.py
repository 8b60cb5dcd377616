"""Everything by which nodes are there before anybody asks: warm ones by a schedule, and those that always are."""

from mizan.manifests import placeholders
from mizan.manifests.manifest import Manifest
from mizan.manifests.min_nodes import min_nodes
from mizan.manifests.warm_nodes import warm_nodes
from mizan.plan import Plan


def kept_nodes(plan: Plan) -> list[Manifest]:
    """Return the PriorityClass of the placeholders, then what makes them; nothing where there are none."""
    kept = [*warm_nodes(plan.pools), *min_nodes(plan.pools, plan.cloud)]
    return [placeholders.priority_class(), *kept] if kept else []
