"""Spot nodes that were taken back.

Whose word is taken depends on the cloud:

- EKS: Karpenter counts NodeClaims that it ended for AWS' notice, by NodePool, which bears its offer's name. Its counter
  of messages has neither NodePool nor the difference between a notice and the end that follows it.
  Source: aws/karpenter-provider-aws@v1.14.1 pkg/controllers/interruption/utils.go, messages/types.go.
- GKE and clusters of others: nobody counts. A spot node that is gone was taken back unless the cluster autoscaler had
  said that it would remove it, by a taint that stands there for as long as the node is drained and its machine deleted.
  One that a person deletes counts as taken back.
  Source of its name: prometheus-community/helm-charts@cf408a2 charts/kube-prometheus-stack/templates/prometheus/
  rules-1.14/kubernetes-system-kubelet.yaml.
- the embedded cluster: nodes that had its own taint when they went.
"""

from collections.abc import Iterator

from mizan import keys
from mizan.capacity import CapacityType
from mizan.config import Cloud
from mizan.metrics import names
from mizan.metrics.alerts.watch import NUMBER, Severity, Watch
from mizan.metrics.counting import risen
from mizan.metrics.rule import Alert, RecordingRule
from mizan.metrics.selector import Source, equals
from mizan.metrics.series import Series

INTERVAL_SECONDS = 60
"""Between two evaluations: each finds the nodes that have gone since the one before."""

REMOVED_BY_AUTOSCALER = "ToBeDeletedByClusterAutoscaler"
# A node's taint is looked for in what was told before it went.
_TAINTED_WITHIN = "15m"

SPOT_TAKEN = Series(
    name="mizan_spot_nodes_taken",
    labels=("pool", "offer"),
    unit="nodes",
    meaning="Spot nodes that were taken back in the last minute; absent where none was, and on EKS, where Karpenter "
    "counts them.",
    formula="spot nodes that are gone, by a taint that tells who took them",
)


def spot_rules(watch: Watch) -> Iterator[RecordingRule]:
    """Yield the rule that finds spot nodes which were taken back, where no controller counts them."""
    if watch.plan.cloud is not Cloud.EKS:
        yield RecordingRule(series=SPOT_TAKEN, expr=_taken(watch.plan.cloud, watch.source))


def spot_alerts(watch: Watch) -> Iterator[Alert]:
    """Yield the alert of interruptions, where a stack has spot nodes."""
    if not any(offer.capacity_type is CapacityType.SPOT for offer in watch.plan.offers):
        return
    limit = watch.limits.spot_interruptions_per_day
    yield watch.alert(
        "SpotInterrupted",
        f"{interruptions(watch, '1d')} > {limit}",
        Severity.WARNING,
        minutes=0,
        summary=f"{NUMBER} spot nodes of {{{{ $labels.offer }}}} were taken back in a day, more than {limit}.",
        description="Dollars are paid again for what jobs had done since their last checkpoint. Compare the saving "
        "with the work that was lost; then checkpoint more often, allow more zones or machines, or try on-demand "
        "first.",
    )


def interruptions(watch: Watch, window: str) -> str:
    """Return how many spot nodes of each offer were taken back in a window."""
    source = watch.source
    if watch.plan.cloud is not Cloud.EKS:
        return f"sum by (offer) (sum_over_time({source.own(SPOT_TAKEN)}[{window}]))"
    told = source.metric(
        "karpenter_nodeclaims_disrupted_total", equals("reason", "spot_interrupted"), equals("capacity_type", "spot")
    )
    return f'label_join({risen(told, window, "nodepool")}, "offer", "", "nodepool")'


def _taken(cloud: Cloud, source: Source) -> str:
    """Return the nodes that have gone in a minute; none where kube-state-metrics tells nothing at all any more."""
    spot = equals("capacity_type", CapacityType.SPOT.value)
    nodes = source.own(names.NODE_PRICE, spot, equals(names.PART, names.GPU))
    gone = f"{nodes} offset {INTERVAL_SECONDS}s unless on (node) {nodes} and on () {source.own(names.EVALUATED)}"
    return f"count by (pool, offer) (({gone}) {_said(cloud, source)})"


def _said(cloud: Cloud, source: Source) -> str:
    ours = cloud is Cloud.LOCAL
    key = keys.SPOT_INTERRUPTION_TAINT if ours else REMOVED_BY_AUTOSCALER
    taint = f"last_over_time({source.metric('kube_node_spec_taint', equals('key', key))}[{_TAINTED_WITHIN}])"
    return f"{'and' if ours else 'unless'} on (node) {taint}"
