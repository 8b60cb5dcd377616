"""Kueue's ProvisioningRequests: a gang's flex-start nodes are asked for all together, and the job starts with them.

Kueue first reserves the quota, then asks GKE, and admits the job when all its nodes are there; until then it costs
nothing. Source of every field: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2, provisioningrequestconfig_types.go,
admissioncheck_types.go and clusterqueue_types.go.
"""

from collections.abc import Iterable

from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import Flavor

API_GROUP = "kueue.x-k8s.io"
API = f"{API_GROUP}/v1beta2"
CONTROLLER = "kueue.x-k8s.io/provisioning-request"

# Source: GoogleCloudPlatform/cluster-toolkit@1047080 examples/gke-consumption-options/
# dws-flex-start-queued-provisioning/dws-queues.yaml.tftpl.
PROVISIONING_CLASS = "queued-provisioning.gke.io"

# Of the check and of what it is told; one of each serves all queues.
NAME = "queued-provisioning"


def provisioning(flavors: Iterable[Flavor]) -> list[Manifest]:
    """Return the AdmissionCheck and its configuration; none where no flavor's nodes are queued."""
    resources = sorted({flavor.resource for flavor in flavors if flavor.is_queued})
    return [_configuration(resources), _check()] if resources else []


def admission_checks(flavors: Iterable[Flavor]) -> Manifest:
    """Return what the spec of a ClusterQueue gets: the check on its queued flavors, and on no other."""
    queued = [flavor.name for flavor in flavors if flavor.is_queued]
    if not queued:
        return {}
    return {"admissionChecksStrategy": {"admissionChecks": [{"name": NAME, "onFlavors": queued}]}}


def _configuration(resources: list[str]) -> Manifest:
    """Return what GKE is asked for: nodes for pods with GPUs; others of a job find room by themselves.

    Pods that are scheduled alike are asked for as one set, as GKE did not always take several.
    Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/provisioningrequests/reconciler/
    feature_guard_reconciler.go.
    """
    body = manifest(API, "ProvisioningRequestConfig", NAME)
    body["spec"] = {
        "provisioningClassName": PROVISIONING_CLASS,
        "managedResources": resources,
        "podSetMergePolicy": "IdenticalWorkloadSchedulingRequirements",
    }
    return body


def _check() -> Manifest:
    body = manifest(API, "AdmissionCheck", NAME)
    body["spec"] = {
        "controllerName": CONTROLLER,
        "parameters": {"apiGroup": API_GROUP, "kind": "ProvisioningRequestConfig", "name": NAME},
    }
    return body
