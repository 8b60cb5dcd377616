"""What kube-state-metrics tells of LocalQueues: which are stopped, which for a passed budget, and what was done last.

A CronJob is gone before anybody scrapes it. What it does stays on the queue, as policy and annotations, and that is
told: also what a person has stopped, what a dry run would do, and also while no CronJob runs. Whether it runs is told
by kube-state-metrics' own `kube_cronjob_status_last_successful_time` and `kube_job_failed`.

Source: kube-state-metrics@v2.18.0 docs/metrics/extend/customresourcestate-metrics.md;
pkg/customresourcestate/registry_factory.go, addPathLabels: a label without a value is left out; compiledGauge: a time
is its Unix seconds, and of an object each value is looked into, so that no error is logged of a queue without it.
"""

from typing import Any, Final

from mizan.budgets.model import Policy
from mizan.budgets.queues import ACTED_AT, ACTION, GROUP, HOLD, MONTH, PLURAL, VERSION

STOPPED: Final = "mizan_local_queue_stop_policy"
"""1 for the policy that a LocalQueue has, 0 for the others; `budget_month` is there where its budget holds it."""

ACTED: Final = "mizan_local_queue_budget_action_timestamp_seconds"
"""When a queue's budget last led to something; `action` is the reason of its Event, a dry run's included."""

RIGHTS: Final[tuple[dict[str, Any], ...]] = (
    {"apiGroups": [GROUP], "resources": [PLURAL], "verbs": ["list", "watch"]},
    {"apiGroups": ["apiextensions.k8s.io"], "resources": ["customresourcedefinitions"], "verbs": ["list", "watch"]},
)
"""What kube-state-metrics needs to be allowed for it."""


def queue_state() -> dict[str, Any]:
    """Return the configuration of kube-state-metrics' custom resources."""
    labels = {
        "namespace": ["metadata", "namespace"],
        "queue": ["metadata", "name"],
        "budget_policy": ["metadata", "annotations", HOLD],
        "budget_month": ["metadata", "annotations", MONTH],
    }
    policies = [policy.value for policy in Policy]
    stopped = {
        "name": STOPPED.removeprefix("mizan_"),
        "help": "Whether a LocalQueue has a stop policy.",
        "each": {
            "type": "StateSet",
            "stateSet": {"labelName": "policy", "path": ["spec", "stopPolicy"], "list": policies},
        },
    }
    acted = {
        "name": ACTED.removeprefix("mizan_"),
        "help": "When a LocalQueue's budget last led to an action, which a dry run only tells.",
        "each": {
            "type": "Gauge",
            "gauge": {"path": ["metadata"], "valueFrom": [ACTED_AT], "labelsFromPath": {"action": [ACTION]}},
        },
    }
    kind = {"group": GROUP, "version": VERSION, "kind": "LocalQueue"}
    queues = {
        "groupVersionKind": kind,
        "metricNamePrefix": "mizan",
        "labelsFromPath": labels,
        "metrics": [stopped, acted],
    }
    return {"kind": "CustomResourceStateMetrics", "spec": {"resources": [queues]}}
