"""All groups of a plan."""

from collections.abc import Iterator
from typing import Any

from mizan.config import Cloud
from mizan.metrics.cost import cost_rules
from mizan.metrics.crosscheck import crosscheck_rules
from mizan.metrics.idle import idle_rules
from mizan.metrics.pods import pod_rules
from mizan.metrics.prices import price_rules
from mizan.metrics.rule import Group, RecordingRule
from mizan.metrics.savings import saving_rules
from mizan.metrics.selector import Source
from mizan.metrics.totals import INTERVAL_SECONDS, total_rules
from mizan.metrics.usage import usage_rules
from mizan.plan import Plan

COST_GROUP = "mizan-cost"
CROSSCHECK_GROUP = "mizan-opencost"


def recording_groups(plan: Plan, source: Source) -> tuple[Group, ...]:
    """Return the groups of recording rules; all dollars are in one, so that they are of one moment and add up."""
    return (
        Group(name=COST_GROUP, interval_seconds=INTERVAL_SECONDS, rules=tuple(_rules(plan, source))),
        Group(name=CROSSCHECK_GROUP, interval_seconds=60, rules=tuple(crosscheck_rules(source))),
    )


def rules_file(groups: tuple[Group, ...], source: Source) -> dict[str, Any]:
    """Return groups as a rules file of Prometheus holds them, and the spec of a PrometheusRule alike."""
    return {"groups": [group.document(source.cluster) for group in groups]}


def _rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    yield from price_rules(plan, source)
    yield from pod_rules(plan, source)
    yield from cost_rules(plan, source)
    yield from usage_rules(plan, source)
    yield from idle_rules(source)
    yield from saving_rules(plan, source)
    # The embedded cluster's own parts are no pods.
    yield from total_rules(source, has_pods=plan.cloud is not Cloud.LOCAL)
