"""What kube-state-metrics tells of LocalQueues: which are stopped, and which of them for a passed budget.

A CronJob is gone before anybody scrapes it. What it does stays on the queue, as policy and annotations, and that is
told: also what a person has stopped, and also while no CronJob runs. Whether it runs is told by kube-state-metrics' own
`kube_cronjob_status_last_successful_time` and `kube_job_failed`.

Source: kube-state-metrics@v2.18.0 docs/metrics/extend/customresourcestate-metrics.md;
pkg/customresourcestate/registry_factory.go, addPathLabels: a label without a value is left out.
"""

from typing import Any, Final

from mizan.budgets.model import Policy
from mizan.budgets.queues import GROUP, HOLD, MONTH, PLURAL, VERSION

STOPPED: Final = "mizan_local_queue_stop_policy"
"""1 for the policy that a LocalQueue has, 0 for the others; `budget_month` is there where its budget holds it."""

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
    metric = {
        "name": STOPPED.removeprefix("mizan_"),
        "help": "Whether a LocalQueue has a stop policy.",
        "each": {
            "type": "StateSet",
            "stateSet": {"labelName": "policy", "path": ["spec", "stopPolicy"], "list": policies},
        },
    }
    kind = {"group": GROUP, "version": VERSION, "kind": "LocalQueue"}
    queues = {"groupVersionKind": kind, "metricNamePrefix": "mizan", "labelsFromPath": labels, "metrics": [metric]}
    return {"kind": "CustomResourceStateMetrics", "spec": {"resources": [queues]}}
