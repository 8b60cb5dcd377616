"""Kueue's objects: flavors, cohorts and cluster queues with their quotas, priorities, local queues for teams.

Source of every field: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2.
"""

from collections.abc import Sequence

from mizan import keys
from mizan.config import Priority
from mizan.manifests.manifest import Manifest, is_in, manifest, taints, tolerations
from mizan.manifests.provisioning import admission_checks
from mizan.plan import CohortPlan, Flavor, FlavorQuota, QueuePlan
from mizan.plan.nodes import comes_with_the_flavor

API = "kueue.x-k8s.io/v1beta2"


def resource_flavor(flavor: Flavor) -> Manifest:
    """Return the ResourceFlavor of a flavor.

    Kueue writes the labels into an admitted job as node selector. The GPU taint is tolerated for every job, as a
    GPU request is what it asks for, and so is what only tells these nodes from others; the spot taint is not, so only
    a job that accepts interruptions gets spot.
    """
    body = manifest(API, "ResourceFlavor", flavor.name)
    body["spec"] = {
        "nodeLabels": dict(flavor.labels),
        "nodeTaints": taints(flavor.taints),
        "tolerations": tolerations(taint for taint in flavor.taints if comes_with_the_flavor(taint)),
    }
    return body


def cohort(cohort: CohortPlan) -> Manifest:
    """Return the Cohort, with the quota that belongs to all its queues together."""
    body = manifest(API, "Cohort", cohort.name)
    spec: Manifest = {}
    if cohort.parent is not None:
        spec["parentName"] = cohort.parent
    if cohort.quotas:
        spec["resourceGroups"] = _resource_groups(cohort.quotas, in_cohort=False)
    body["spec"] = spec | _fair_sharing(cohort.weight)
    return body


def cluster_queue(queue: QueuePlan) -> Manifest:
    """Return the ClusterQueue of a queue; it serves only the namespaces of its own teams."""
    body = manifest(API, "ClusterQueue", queue.name)
    spec: Manifest = {
        "queueingStrategy": queue.strategy.value,
        "preemption": {
            "withinClusterQueue": queue.preemption.within_cluster_queue.value,
            "reclaimWithinCohort": queue.preemption.reclaim_within_cohort.value,
        },
        # whenCanPreempt: another flavor that is free costs nobody a restart.
        "flavorFungibility": {"whenCanBorrow": queue.when_can_borrow.value, "whenCanPreempt": "TryNextFlavor"},
        "resourceGroups": _resource_groups(queue.quotas, in_cohort=queue.cohort is not None),
    }
    # Left out it selects nothing, so a queue of nobody serves nobody; an `In` without values would be refused.
    if queue.namespaces:
        spec["namespaceSelector"] = {"matchExpressions": [is_in(keys.NAMESPACE_NAME, *queue.namespaces)]}
    if queue.cohort is not None:
        spec["cohortName"] = queue.cohort
    flavors = [quota.flavor for quota in queue.quotas]
    body["spec"] = spec | admission_checks(flavors) | _fair_sharing(queue.weight)
    return body


def _resource_groups(quotas: tuple[FlavorQuota, ...], *, in_cohort: bool) -> list[Manifest]:
    """Return the groups, as Kueue wants them: each resource and each flavor in one, flavors with all its resources.

    Flavors that have a resource in common are in one group, in the order in which they are tried; of what a flavor's
    nodes do not offer it has a quota of 0. Limits of lending stand only where there is a cohort.
    """
    return [
        {
            "coveredResources": resources,
            "flavors": [
                {
                    "name": quota.flavor.name,
                    "resources": [_resource_quota(quota, resource, in_cohort=in_cohort) for resource in resources],
                }
                for quota in grouped
            ],
        }
        for resources, grouped in _grouped(quotas)
    ]


def _grouped(quotas: Sequence[FlavorQuota]) -> list[tuple[list[str], list[FlavorQuota]]]:
    """Return the quotas whose flavors have resources in common, with all their resources."""
    groups: list[tuple[list[str], list[FlavorQuota]]] = []
    for quota in quotas:
        resources, together = list(quota.flavor.sharing.amounts), [quota]
        apart = []
        for known, members in groups:
            if set(known) & set(resources):
                resources, together = list(dict.fromkeys([*known, *resources])), [*members, *together]
            else:
                apart.append((known, members))
        groups = [*apart, (resources, together)]
    order = {id(quota): place for place, quota in enumerate(quotas)}
    return [(resources, sorted(members, key=lambda quota: order[id(quota)])) for resources, members in groups]


def _resource_quota(quota: FlavorQuota, resource: str, *, in_cohort: bool) -> Manifest:
    amount = quota.flavor.sharing.amounts.get(resource, 0)
    found = {"name": resource, "nominalQuota": str(quota.nominal * amount)}
    if in_cohort and quota.borrowing is not None:
        found["borrowingLimit"] = str(quota.borrowing * amount)
    if in_cohort and quota.lending is not None:
        found["lendingLimit"] = str(quota.lending * amount)
    return found


def _fair_sharing(weight: int | None) -> Manifest:
    return {} if weight is None else {"fairSharing": {"weight": str(weight)}}


def workload_priority_class(priority: Priority) -> Manifest:
    """Return the class by which Kueue orders and preempts jobs."""
    body = manifest(API, "WorkloadPriorityClass", priority.name)
    return body | {"value": priority.value, "description": priority.description}


def priority_class(priority: Priority) -> Manifest:
    """Return the class of the pods; unless it preempts, the scheduler leaves it to Kueue to make room.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/, read 2026-11-22.
    """
    body = manifest("scheduling.k8s.io/v1", "PriorityClass", priority.name)
    return body | {
        "value": priority.value,
        "preemptionPolicy": "PreemptLowerPriority" if priority.preempts else "Never",
        "globalDefault": False,
        "description": priority.description,
    }


def local_queue(name: str, namespace: str) -> Manifest:
    """Return the LocalQueue by which a namespace reaches the ClusterQueue of the same name."""
    return {**manifest(API, "LocalQueue", name, namespace=namespace), "spec": {"clusterQueue": name}}
