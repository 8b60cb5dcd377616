"""What a pod's spec says of its GPUs: amounts, nodes, claims, and how much of a shared GPU's memory is its own."""

from fractions import Fraction
from math import floor

from mizan.manifests.manifest import Manifest, is_in
from mizan.plan import PodRequest
from mizan.plan.room import MIB, MILLIS
from mizan.sharing import SharingMode

# What a pod calls its one claim of devices, and what its container names.
CLAIM = "gpu"

# For programs: how much of the GPU's memory is theirs. With MIG it is what the profile's name says.
GPU_MEMORY = "MIZAN_GPU_MEMORY_GIB"

# JAX takes three quarters of a GPU's memory at its first operation, whoever else is there; of its own part it is to
# take as much. The limit of MPS does not change that: a program still sees the memory of the whole GPU. JAX refuses to
# start where the variable's old name, XLA_PYTHON_CLIENT_MEM_FRACTION, is set as well.
# Source: https://docs.jax.dev/en/latest/201/gpu-memory.html, read 2026-11-23.
JAX_MEMORY = "XLA_CLIENT_MEM_FRACTION"
JAX_TAKES = Fraction(3, 4)

# TensorFlow takes all memory that is free unless it is told to grow.
# Source: https://www.tensorflow.org/guide/gpu, Limiting GPU memory growth, quoted 2026-11-23.
TENSORFLOW_GROWS = "TF_FORCE_GPU_ALLOW_GROWTH"

# In these a program sees the whole GPU. In a MIG instance, and with a GPU to itself, it sees what it has.
# PyTorch grows by itself; no variable that all its versions know limits it, only
# torch.cuda.set_per_process_memory_fraction.
_SEES_ALL = (SharingMode.TIME_SLICING, SharingMode.MPS)


def amounts(request: PodRequest) -> dict[str, str]:
    """Return what a container asks for and is limited to; GPUs that it claims as devices are not among it."""
    found = {"cpu": _cpus(request.cpu_millis), "memory": _memory(request.memory_mib)}
    return found if request.claim else {**found, request.resource: str(request.units)}


def container_resources(request: PodRequest) -> Manifest:
    """Return the `resources` of the container that computes."""
    claims = {"claims": [{"name": CLAIM}]} if request.claim else {}
    return {"requests": amounts(request), "limits": amounts(request), **claims}


def pod_claims(request: PodRequest) -> Manifest:
    """Return what the pod's spec gets where its GPUs are claimed: a copy of the template for each pod."""
    if request.claim is None:
        return {}
    return {"resourceClaims": [{"name": CLAIM, "resourceClaimTemplateName": request.claim}]}


def node_affinity(request: PodRequest) -> Manifest:
    """Return what a pod's affinity gets: the nodes that it must have; nothing where its queue sees to all of it.

    One term with all of it: Kueue takes several as alternatives.
    """
    if not request.node_labels:
        return {}
    terms = [{"matchExpressions": [is_in(key, *values) for key, values in request.node_labels.items()]}]
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}


def memory_guidance(request: PodRequest) -> dict[str, str]:
    """Return the variables by which a program keeps to its part of a shared GPU's memory; none where it has it whole.

    With time-slicing nothing else holds it to that. With MPS the device plugin sets the limit itself, and whoever asks
    for more runs out of memory: CUDA_MPS_PINNED_DEVICE_MEM_LIMIT on GKE, a default of the daemon elsewhere.
    Source: GoogleCloudPlatform/container-engine-accelerators@992db81 pkg/gpu/nvidia/manager.go, Envs;
    NVIDIA/k8s-device-plugin@v0.20.0 cmd/mps-control-daemon/mps/daemon.go.
    """
    if not request.is_part:
        return {}
    found = {GPU_MEMORY: _decimal(request.gpu_memory_gib, 2)}
    if request.mode in _SEES_ALL:
        found |= {JAX_MEMORY: _decimal(JAX_TAKES / request.replicas, 3), TENSORFLOW_GROWS: "true"}
    return found


def _cpus(millis: int) -> str:
    """Return an amount of CPU as Kubernetes writes it back."""
    return str(millis // MILLIS) if millis % MILLIS == 0 else f"{millis}m"


def _memory(mib: int) -> str:
    return f"{mib // MIB}Gi" if mib % MIB == 0 else f"{mib}Mi"


def _decimal(value: Fraction, digits: int) -> str:
    """Return a number rounded down, without zeros at its end."""
    scaled = floor(value * 10**digits)
    whole, rest = divmod(scaled, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0").rstrip(".")
