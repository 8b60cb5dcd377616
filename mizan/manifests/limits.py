"""What a container gets that names nothing, and how much of GPUs a namespace may hold."""

from collections.abc import Iterable

from mizan import keys
from mizan.catalogue import Machine
from mizan.manifests.manifest import Manifest, manifest
from mizan.plan import TeamPlan

DEFAULTS = "container-defaults"
GPU_QUOTA = "gpu-quota"

# A container that names nothing is a side-car or a small tool: enough for one to start, and little of a GPU machine,
# the smallest of which has 4 CPUs and 16 GiB.
DEFAULT_CPU = "250m"
DEFAULT_MEMORY = "512Mi"


def limit_range(team: TeamPlan, machines: Iterable[Machine]) -> Manifest:
    """Return the LimitRange; GPUs have no default, so that nobody pays for one that was not asked for.

    The default limit is the largest machine. A lower one would also meet a container that names a request alone, as
    most training manifests do, and refuse its pods wherever the request is the higher of the two. What a container
    without a request takes beyond the default is the first thing the kubelet takes back when memory runs out.
    Source: k8s.io/kubernetes@v1.36.3 plugin/pkg/admission/limitranger/admission.go, mergeContainerResources.

    Args:
        team: whose namespace it is.
        machines: all of the stack, at least one.
    """
    every = list(machines)
    body = manifest("v1", "LimitRange", DEFAULTS, namespace=team.namespace)
    largest = {
        "cpu": str(max(machine.vcpus for machine in every)),
        "memory": f"{max(machine.memory_gib for machine in every)}Gi",
    }
    requests = {"cpu": DEFAULT_CPU, "memory": DEFAULT_MEMORY}
    body["spec"] = {"limits": [{"type": "Container", "defaultRequest": requests, "default": largest}]}
    return body


def resource_quota(team: TeamPlan) -> Manifest:
    """Return the ResourceQuota: of each resource all that the team's queues can admit, and none beyond it.

    Kubernetes counts a resource outside its own by requests only, and devices that pods claim by their class. It knows
    no pool: where pools offer whole GPUs and parts of GPUs by one name, as GKE's own sharing does, the quota holds
    their sum and cannot keep the one from being taken for the other. Kueue does for the jobs that it admits; a plan
    warns of the rest (mizan/plan/tenant_warnings.py).
    Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/, read 2026-11-22;
    k8s.io/kubernetes@v1.36.3 pkg/quota/v1/evaluator/core/resource_claims.go, V1ResourceByDeviceClass.
    """
    body = manifest("v1", "ResourceQuota", GPU_QUOTA, namespace=team.namespace)
    body["spec"] = {"hard": {_counted(name): str(units) for name, units in sorted(team.gpu_quota.items())}}
    return body


def _counted(resource: str) -> str:
    """Return the name by which a quota counts a resource."""
    device = keys.claimed_device(resource)
    if device is None:
        return f"requests.{resource}"
    return f"{keys.device_class(device)}.deviceclass.resource.k8s.io/devices"
