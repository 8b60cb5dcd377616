"""The series that a board reads: those of the clusters and teams that its reader has chosen.

Names of nodes may be the same in two clusters. So whatever is joined is joined by cluster as well, where the store has
several.
"""

from dataclasses import dataclass

from mizan import keys
from mizan.metrics import names
from mizan.metrics.dashboards.board import Variable
from mizan.metrics.pods import on_node
from mizan.metrics.selector import Matcher, Source, matches, selector
from mizan.metrics.series import Series
from mizan.plan import Plan

_CHOSEN_CLUSTER = "$cluster"

TEAM = matches(keys.TEAM, "$team")
"""Of series that have a team; with all teams chosen, also those without."""


@dataclass(frozen=True, kw_only=True)
class View(Source):
    """Where expressions of a board read."""

    cluster: str = _CHOSEN_CLUSTER

    def metric(self, name: str, *matchers: Matcher) -> str:
        """Return the selector of a series that an exporter gives, of the chosen clusters."""
        chosen = () if self.label is None else (matches(self.label, self.cluster),)
        return selector(name, *chosen, *matchers)

    def own(self, series: Series, *matchers: Matcher) -> str:
        """Return the selector of a series that rules write, of the chosen clusters."""
        return selector(series.name, matches(names.CLUSTER, self.cluster), *matchers)

    @property
    def of_node(self) -> str:
        """Return the labels that name a node in exporters' series and in ours."""
        return "node" if self.label is None else f"{names.CLUSTER}, node"

    def device(self, series: str) -> str:
        """Return DCGM's series with the names of node and cluster that our own have."""
        named = on_node(series)
        if self.label in (None, names.CLUSTER):
            return named
        return f'label_join({named}, "{names.CLUSTER}", "", "{self.label}")'

    def or_zero(self, expr: str) -> str:
        """Return an expression that is 0 where it has no result, as long as costs are counted: unknown is not 0."""
        return f"{expr} or on () sum({self.own(names.EVALUATED)}) * 0"

    def variables(self) -> tuple[Variable, ...]:
        """Return what every board lets its reader choose."""
        return (
            Variable(
                name="cluster",
                title="Cluster",
                series=names.EVALUATED.name,
                label=names.CLUSTER,
                text="Clusters whose costs are counted.",
            ),
            Variable(
                name="team",
                title="Team",
                series=self.own(names.COST),
                label=keys.TEAM,
                text="Teams whose pods are shown; panels of whole nodes and queues show all of them.",
            ),
        )


def view_of(plan: Plan) -> View:
    """Return where the boards of a plan read."""
    return View(label=plan.prometheus.cluster_label if plan.prometheus else None)


def price_of_nodes(view: View) -> str:
    """Return the price of each node."""
    return f"sum by (cluster, node) ({view.own(names.NODE_PRICE)})"


def usd_per_gpu(view: View) -> str:
    """Return what an hour of one GPU costs on each node, host included."""
    return f"({price_of_nodes(view)} / on (cluster, node) {view.own(names.COUNTED_GPUS)})"
