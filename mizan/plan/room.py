"""How much CPU and memory a pod may ask for beside its GPUs, so that a full node has room for the system's own pods."""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from types import MappingProxyType

from mizan.catalogue import Machine, Provider

# Device plugin, DCGM exporter, log and network agents of a GPU node: what their charts ask for, rounded up.
AGENT_CPUS = 1.0
AGENT_MEMORY_GIB = 2.0

# What the kubelet keeps for itself, by size: (up to this many, share of that part). GKE's figures; EKS has the same for
# CPU and less memory, 255 MiB and 11 MiB for each pod that its network interfaces can serve.
# Source: https://cloud.google.com/kubernetes-engine/docs/concepts/plan-node-sizes, read 2026-11-22;
# aws/karpenter-provider-aws@v1.14.1 pkg/providers/instancetype/types.go, kubeReservedResources.
RESERVED_CPUS = ((1, 0.06), (2, 0.01), (4, 0.005), (float("inf"), 0.0025))
RESERVED_MEMORY_GIB = ((4, 0.25), (8, 0.20), (16, 0.10), (128, 0.06), (float("inf"), 0.02))
EVICTION_MEMORY_GIB = 0.1

# What a node's kernel never sees of the memory that a cloud's list names: (share, GiB on top). On AWS it is what
# Karpenter takes off before the first node of a kind has said how much it has; a pod that asks for more never gets one.
# Source: aws/karpenter-provider-aws@v1.14.1 pkg/operator/options/options.go, VM_MEMORY_OVERHEAD_PERCENT;
# kubernetes/autoscaler cluster-autoscaler/cloudprovider/gce/reserved.go, CalculateKernelReserved: a 64th, 80 MiB, and
# up to 252 MiB of correction.
UNSEEN_MEMORY: Mapping[Provider, tuple[float, float]] = MappingProxyType({"aws": (0.075, 0.0), "gcp": (1 / 64, 0.33)})

# Below a whole CPU and a whole GiB nothing trains.
LEAST = 1

MILLIS = 1000
MIB = 1024
# Shares of a CPU are told in hundredths.
MILLIS_STEP = 10


def pod_room(machines: Iterable[tuple[Machine, Fraction]], units: int) -> tuple[int, int]:
    """Return (thousandths of a CPU, memory in MiB) that a pod may ask for with so many GPUs, or with a part of one.

    What is left of the smallest share of the machines that it may land on, so that nothing of a full node is left
    without CPU or memory for it. With whole GPUs they are whole CPUs and GiB, and machines with fewer GPUs do not
    count; a part of a GPU comes with the same part of what is there for the GPU. Raises ValueError where there is no
    machine.

    Args:
        machines: each with the share of one of its GPUs that a unit is.
        units: GPUs of the pod, or 1 part of one.
    """
    rooms = [_share(machine, share) for machine, share in machines if machine.gpus >= units]
    return min(millis for millis, _ in rooms) * units, min(mib for _, mib in rooms) * units


def _share(machine: Machine, share: Fraction) -> tuple[int, int]:
    """Return (thousandths of a CPU, memory in MiB) of a node for a share of one of its GPUs."""
    cpus, memory_gib = (room / machine.gpus for room in _room(machine))
    if share == 1:
        return max(int(cpus), LEAST) * MILLIS, max(int(memory_gib), LEAST) * MIB
    return int(cpus * share * MILLIS // MILLIS_STEP) * MILLIS_STEP, int(memory_gib * share * MIB)


def _room(machine: Machine) -> tuple[float, float]:
    """Return (CPUs, memory in GiB) of a node, less what its kernel, the kubelet and the agents need."""
    share, fixed = UNSEEN_MEMORY[machine.provider]
    unseen_gib = machine.memory_gib * share + fixed
    kept_gib = _stepwise(machine.memory_gib, RESERVED_MEMORY_GIB) + EVICTION_MEMORY_GIB
    return (
        machine.vcpus - _stepwise(machine.vcpus, RESERVED_CPUS) - AGENT_CPUS,
        machine.memory_gib - unseen_gib - kept_gib - AGENT_MEMORY_GIB,
    )


def _stepwise(size: float, steps: Iterable[tuple[float, float]]) -> float:
    kept, below = 0.0, 0.0
    for upto, share in steps:
        kept += max(min(size, upto) - below, 0.0) * share
        below = upto
    return kept
