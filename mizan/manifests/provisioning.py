"""Kueue's ProvisioningRequests: a gang's flex-start nodes are asked for all together, and the job starts with them.

Kueue first reserves the quota, then asks GKE, and admits the job when all its nodes are there; until then it costs
nothing. Source of every field: kubernetes-sigs/kueue@v0.19.2 apis/kueue/v1beta2, provisioningrequestconfig_types.go,
admissioncheck_types.go and clusterqueue_types.go.
"""

from collections.abc import Iterable

from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import Flavor, JobPlan
from mizan.plan.fallback import FLEX_START_HOURS

API_GROUP = "kueue.x-k8s.io"
API = f"{API_GROUP}/v1beta2"
CONTROLLER = "kueue.x-k8s.io/provisioning-request"

# Source: GoogleCloudPlatform/cluster-toolkit@1047080 examples/gke-consumption-options/
# dws-flex-start-queued-provisioning/dws-queues.yaml.tftpl.
PROVISIONING_CLASS = "queued-provisioning.gke.io"

# On a Job: what its ProvisioningRequests get as parameter. Kueue copies it from the Job itself, not from its pods.
# Source: kubernetes-sigs/kueue@v0.19.2 pkg/controller/jobframework/utils.go, NewWorkload;
# pkg/controller/admissionchecks/provisioning/provisioning.go, passProvReqParams.
MAX_RUN_SECONDS = "provreq.kueue.x-k8s.io/maxRunDurationSeconds"

# For less and for more Google gives no flex-start nodes. Source: GoogleCloudPlatform/cluster-autoscaler@7d25050
# pkg/autoprovisioning/injection.go, minFlexStartMRDInSeconds and maxFlexStartMRDInSeconds.
LEAST_RUN_SECONDS = 600
MOST_RUN_SECONDS = FLEX_START_HOURS * 3600

# Of the check and of what it is told; one of each serves all queues.
NAME = "queued-provisioning"


def provisioning(flavors: Iterable[Flavor]) -> list[Manifest]:
    """Return the AdmissionCheck and its configuration; none where no flavor's nodes are queued."""
    resources = sorted({name for flavor in flavors if flavor.is_queued for name in flavor.sharing.amounts})
    return [_configuration(resources), _check()] if resources else []


def admission_checks(flavors: Iterable[Flavor]) -> Manifest:
    """Return what the spec of a ClusterQueue gets: the check on its queued flavors, and on no other."""
    queued = [flavor.name for flavor in flavors if flavor.is_queued]
    if not queued:
        return {}
    return {"admissionChecksStrategy": {"admissionChecks": [{"name": NAME, "onFlavors": queued}]}}


def asked_run(job: JobPlan) -> dict[str, str]:
    """Return the annotation that says for how long a job needs its queued nodes; none where no flavor has such nodes.

    Without it every job asks for nodes for seven days.
    Source: GoogleCloudPlatform/cluster-autoscaler@7d25050 pkg/provisioningrequests/queuedwrapper/wrapper.go,
    DefaultMaxRunDuration.
    """
    if not job.may_be_queued_for_nodes:
        return {}
    return {MAX_RUN_SECONDS: str(min(max(job.max_run_seconds, LEAST_RUN_SECONDS), MOST_RUN_SECONDS))}


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
