"""Warm nodes: the fewest nodes of a pool at set times, so that a job's pods need not wait for a machine.

A CronJob starts a Job of placeholders, one for each node, which ends some hours later. A placeholder asks for a node of
the pool on which no other placeholder is, and for next to nothing on it: no GPU. So the autoscaler makes nodes, in the
plan's order as for any other pod, until every placeholder has one, and leaves them alone; a job's pods start beside the
placeholder and push nobody away.

A placeholder that held the GPUs would have to be preempted by the first job. Only priorities with `preempts` may do
that, and all other jobs would wait before nodes that are warm for nobody.
"""

from collections.abc import Mapping, Sequence

from mizan import keys, versions
from mizan.config import WarmNodes
from mizan.manifests.manifest import Manifest, manifest, tolerations
from mizan.manifests.namespaces import POD_SECURITY
from mizan.plan import Offer, PoolPlan

SECONDS_PER_HOUR = 3600

# Below -10 the cluster autoscaler makes no node for a pod, and takes a node away from under it.
# Source: https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/FAQ.md, read 2026-11-23,
# --expendable-pods-priority-cutoff.
PRIORITY = -10

# A start that was missed, as while the control plane is upgraded, is made up for within this time.
LATEST_START_SECONDS = SECONDS_PER_HOUR

# Of what a full node leaves to the system's own pods (mizan/plan/room.py).
AMOUNTS = {"cpu": "10m", "memory": "32Mi"}
NOBODY = 65532
HOSTNAME = "kubernetes.io/hostname"


def warm_nodes(pools: Sequence[PoolPlan]) -> list[Manifest]:
    """Return namespace, PriorityClass and a CronJob for each pool with warm nodes; nothing where none has any."""
    jobs = [_cron_job(pool, pool.warm) for pool in pools if pool.warm is not None and pool.offers]
    return [_namespace(), _priority_class(), *jobs] if jobs else []


def _namespace() -> Manifest:
    """Return the namespace; without the label of a stack's namespaces Kueue leaves its jobs alone."""
    return manifest("v1", "Namespace", keys.OWN_NAMESPACE, labels=POD_SECURITY)


def _priority_class() -> Manifest:
    body = manifest("scheduling.k8s.io/v1", "PriorityClass", keys.PLACEHOLDER_PRIORITY)
    return body | {
        "value": PRIORITY,
        "preemptionPolicy": "Never",
        "globalDefault": False,
        "description": "Placeholders of warm nodes; they give way to everything",
    }


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
            "spec": _pod(pool, warm),
        },
    }


def _pod(pool: PoolPlan, warm: WarmNodes) -> Manifest:
    taints = dict.fromkeys(taint for offer in pool.offers for taint in offer.taints)
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 0,
        "priorityClassName": keys.PLACEHOLDER_PRIORITY,
        "nodeSelector": _common_labels(pool.offers),
        "tolerations": tolerations(taints),
        "affinity": {
            "podAntiAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": [
                    {"topologyKey": HOSTNAME, "labelSelector": {"matchLabels": {keys.POOL: pool.name}}}
                ]
            }
        },
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": NOBODY,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        **({"initContainers": [_container("image", warm.image, ["sh", "-c", "exit 0"])]} if warm.image else {}),
        "containers": [_container("placeholder", versions.PAUSE_IMAGE)],
    }


def _container(name: str, image: str, command: Sequence[str] = ()) -> Manifest:
    return {
        "name": name,
        "image": image,
        **({"command": list(command)} if command else {}),
        "resources": {"requests": dict(AMOUNTS), "limits": dict(AMOUNTS)},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def _labels(pool: PoolPlan) -> Mapping[str, str]:
    """Return what the placeholders of a pool are told from others by.

    They have no label of a GPU pod: GPU pods would prefer their company, and an idle node to one that is half full.
    """
    return {keys.MANAGED_BY: "mizan", keys.POOL: pool.name}


def _common_labels(offers: Sequence[Offer]) -> dict[str, str]:
    """Return what the nodes of all offers carry: how they are bought is for the autoscaler to choose."""
    first, *others = (offer.labels for offer in offers)
    return {key: value for key, value in first.items() if all(labels.get(key) == value for labels in others)}
