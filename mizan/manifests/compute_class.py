"""ComputeClasses, by which GKE's autoscaler takes the node pools of a flavor in the plan's order.

Source of every field: GoogleCloudPlatform/compute-class-api@8067eae api/cloud.google.com/v1/types.go. GKE installs the
definition itself, from 1.30.3-gke.1451000 on.
"""

from collections.abc import Iterable

from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import Flavor

API = "cloud.google.com/v1"

# An empty GPU node is paid for until it goes. GKE's own default is ten minutes, and this the least it takes.
CONSOLIDATE_AFTER_MINUTES = 1


def compute_classes(flavors: Iterable[Flavor]) -> list[Manifest]:
    """Return the ComputeClass of each flavor that has several node pools on GKE."""
    return [_compute_class(flavor, flavor.compute_class) for flavor in flavors if flavor.compute_class is not None]


def _compute_class(flavor: Flavor, name: str) -> Manifest:
    """Return a ComputeClass.

    Each node pool is a priority of its own, tried when those before it are out of stock or full. Where none has room
    the job waits: GKE makes no pool that nobody planned. Pods move back to an earlier pool when it has room again, but
    for those that say of themselves that they must not be evicted, as every training job does (keys.SAFE_TO_EVICT).
    Source: google/skills@1af7775 plugins/cloud/google-cloud-gke/skills/gke-compute-classes/references/
    compute-class-cost-optimization.md.
    """
    body = manifest(API, "ComputeClass", name)
    body["spec"] = {
        "priorities": [{"nodepools": [offer.name]} for offer in flavor.offers],
        "whenUnsatisfiable": "DoNotScaleUp",
        "nodePoolAutoCreation": {"enabled": False},
        "activeMigration": {"optimizeRulePriority": True},
        # A node goes at or below the threshold, so an empty one only: whatever still runs there would begin anew.
        # Source: kubernetes/autoscaler cluster-autoscaler/core/scaledown/eligibility/eligibility.go,
        # isNodeAtOrBelowUtilizationThreshold, read 2026-11-23.
        "autoscalingPolicy": {
            "consolidationDelayMinutes": CONSOLIDATE_AFTER_MINUTES,
            "consolidationThreshold": 0,
            "gpuConsolidationThreshold": 0,
        },
    }
    return body
