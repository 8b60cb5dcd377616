"""What is measured on the embedded cluster: the rules of a Plan, and what its simulated nodes have and cost."""

from local.control_plane.scraping import Metrics
from local.gpu_metrics.planned import fleet_of
from mizan.metrics.alerts import alert_groups
from mizan.metrics.groups import recording_groups, rules_file
from mizan.metrics.selector import Source
from mizan.plan import Plan


def source_of(plan: Plan) -> Source:
    """Return where the series of a plan's own Prometheus are; it has those of no other cluster."""
    return Source(cluster=plan.cluster_name)


def metrics_of(plan: Plan) -> Metrics:
    """Return what is measured while a plan is up: its dollars, its alerts, and its simulated GPUs."""
    source = source_of(plan)
    groups = {"costs": recording_groups(plan, source), "alerts": alert_groups(plan, source)}
    return Metrics(rules={name: rules_file(each, source) for name, each in groups.items()}, fleet=fleet_of(plan))
