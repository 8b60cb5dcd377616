"""Warm nodes: the fewest nodes of a pool at set times, so that a job's pods need not wait for a machine.

A CronJob starts a Job of placeholders, one for each node, which ends some hours later. They take any nodes of the pool,
in the plan's order as any other pod; nodes that are there already, with a job's pods on them or always, count.
"""

from collections.abc import Sequence

from mizan import keys
from mizan.config import WarmNodes
from mizan.manifests import placeholders
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import PoolPlan

SECONDS_PER_HOUR = 3600

# A start that was missed, as while the control plane is upgraded, is made up for within this time.
LATEST_START_SECONDS = SECONDS_PER_HOUR


def warm_nodes(pools: Sequence[PoolPlan]) -> list[Manifest]:
    """Return a CronJob for each pool with warm nodes."""
    return [_cron_job(pool, pool.warm) for pool in pools if pool.warm is not None and pool.offers]


def _cron_job(pool: PoolPlan, warm: WarmNodes) -> Manifest:
    """Return the CronJob of a pool, which bears its name.

    A start replaces what still runs: where nodes are warm around the clock the one before ends in the same second, and
    when the clocks go forward it has not ended yet.
    """
    body = manifest("batch/v1", "CronJob", pool.name, namespace=keys.OWN_NAMESPACE)
    body["spec"] = {
        "schedule": warm.schedule,
        "timeZone": warm.time_zone,
        "concurrencyPolicy": "Replace",
        "startingDeadlineSeconds": LATEST_START_SECONDS,
        # Every Job ends at its deadline, which Kubernetes calls a failure; the last one is kept to look at.
        "successfulJobsHistoryLimit": 0,
        "failedJobsHistoryLimit": 1,
        "jobTemplate": {"metadata": {"labels": _labels(pool)}, "spec": _job(pool, warm)},
    }
    return body


def _job(pool: PoolPlan, warm: WarmNodes) -> Manifest:
    return {
        "parallelism": warm.nodes,
        "completions": warm.nodes,
        "activeDeadlineSeconds": warm.hours * SECONDS_PER_HOUR,
        # A node that is taken back is no failure of its placeholder: another takes its place, on another node.
        "podFailurePolicy": {
            "rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]}]
        },
        "template": {
            "metadata": {
                "labels": _labels(pool),
                # GKE may move one to a node on which a job runs: that one counts as well.
                "annotations": {keys.SAFE_TO_EVICT: "true"},
            },
            "spec": {
                "restartPolicy": "Never",
                **placeholders.pod(pool.offers, kind={keys.POOL: pool.name}, image=warm.image),
            },
        },
    }


def _labels(pool: PoolPlan) -> dict[str, str]:
    """Return what the placeholders of a pool are told from others by."""
    return {keys.MANAGED_BY: "mizan", keys.POOL: pool.name}
