"""Kueue's objects: flavors from offers, cluster queues from quotas, local queues for teams.

Source of every field: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2.
"""

from mizan import keys
from mizan.manifests.manifest import Manifest, is_in, manifest, taints, tolerations
from mizan.plan import Offer, QueuePlan
from mizan.plan.build import GPU_TAINT

API = "kueue.x-k8s.io/v1beta2"


def resource_flavor(offer: Offer) -> Manifest:
    """Return the ResourceFlavor of an offer.

    Kueue writes the labels into an admitted job as node selector. The GPU taint is tolerated for every job, as a
    GPU request is what it asks for; the spot taint is not, so only a job that accepts interruptions gets spot.
    """
    body = manifest(API, "ResourceFlavor", offer.name)
    body["spec"] = {
        "nodeLabels": dict(offer.labels),
        "nodeTaints": taints(offer.taints),
        "tolerations": tolerations([GPU_TAINT]),
    }
    return body


def cluster_queue(queue: QueuePlan) -> Manifest:
    """Return the ClusterQueue of a queue; it serves only the namespaces of its own teams."""
    body = manifest(API, "ClusterQueue", queue.name)
    resource = queue.quotas[0].offer.resource
    body["spec"] = {
        # Empty namespaces would be an invalid `In`; a queue of nobody serves nobody.
        "namespaceSelector": {"matchExpressions": [is_in(keys.NAMESPACE_NAME, *queue.namespaces)]}
        if queue.namespaces
        else None,
        "queueingStrategy": "BestEffortFIFO",
        "preemption": {"withinClusterQueue": "LowerPriority", "reclaimWithinCohort": "Any"},
        "flavorFungibility": {"whenCanBorrow": "MayStopSearch", "whenCanPreempt": "TryNextFlavor"},
        "resourceGroups": [
            {
                "coveredResources": [resource],
                "flavors": [
                    {
                        "name": quota.offer.name,
                        "resources": [{"name": resource, "nominalQuota": str(quota.nominal)}],
                    }
                    for quota in queue.quotas
                ],
            }
        ],
    }
    return body


def local_queue(name: str, namespace: str) -> Manifest:
    """Return the LocalQueue by which a namespace reaches the ClusterQueue of the same name."""
    return {**manifest(API, "LocalQueue", name, namespace=namespace), "spec": {"clusterQueue": name}}
