"""What a pod may ask for beside its GPUs: a full node has room left for the system, whichever machine it is."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mizan import keys
from mizan.capacity import CapacityType
from mizan.catalogue import machines
from mizan.manifests.kwok_nodes import instance_types
from mizan.manifests.training_jobs import spot_training_job
from mizan.plan.room import pod_room
from mizan.prices import shipped
from mizan.sharing import MOST_REPLICAS, SharingMode, legal_layouts, sharing_of
from tests.builders import a_job, a_plan, a_pool, a_queue, a_stack

MACHINES = sorted(machines().values(), key=lambda machine: machine.name)
LAYOUTS = {machine.gpu.name: list(legal_layouts(machine.gpu)) for machine in MACHINES if machine.gpu.has_mig}
PRICED = {row.machine: (row.region, row.capacity_type) for row in shipped()}

# Another way to the same figures: what each cloud leaves to pods, less one system pod of 1 CPU and 2 GiB.
SYSTEM_CPUS, SYSTEM_GIB = 1, 2
# Taken off every machine by Karpenter's kwok provider. Source: sigs.k8s.io/karpenter@v1.14.1
# kwok/cloudprovider/helpers.go, newInstanceType.
SIMULATED_CPUS, SIMULATED_GIB = 0.1, 10 / 1024
# Source: awslabs/amazon-eks-ami nodeadm/internal/kubelet/eni-max-pods.txt, the largest number there.
MOST_PODS = 737


def gke_allocatable(vcpus, memory_gib):
    """Source: kubernetes/autoscaler cluster-autoscaler/cloudprovider/gce/reserved.go for what the kernel takes."""
    cpus = vcpus - 0.06 - 0.01 - 0.005 * 2 - 0.0025 * (vcpus - 4)
    kernel = memory_gib / 64 + (16 + 64 + 252) / 1024
    kubelet = 4 * 0.25 + 4 * 0.2 + 8 * 0.1 + (min(memory_gib, 128) - 16) * 0.06 + max(memory_gib - 128, 0) * 0.02
    return cpus, memory_gib - kernel - kubelet - 100 / 1024


def karpenter_allocatable(vcpus, memory_gib, pods):
    """Source: aws/karpenter-provider-aws@v1.14.1 pkg/providers/instancetype/types.go."""
    cpus, _ = gke_allocatable(vcpus, memory_gib)
    return cpus, memory_gib * (1 - 0.075) - (255 + 11 * pods + 100) / 1024


def share_per_gpu(machines):
    """CPUs and GiB of a pod of one GPU."""
    millis, mib = pod_room([(machine, Fraction(1)) for machine in machines], 1)
    assert (millis % 1000, mib % 1024) == (0, 0), "whole ones"
    return millis // 1000, mib // 1024


def allocatable(machine):
    if machine.provider == "gcp":
        return gke_allocatable(machine.vcpus, machine.memory_gib)
    # A small machine has few network interfaces: at most 58 pods on 4 or 8 CPUs, 234 on 16.
    pods = next((most for upto, most in ((8, 58), (16, 234)) if machine.vcpus <= upto), MOST_PODS)
    return karpenter_allocatable(machine.vcpus, machine.memory_gib, pods)


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_a_node_full_of_gpu_pods_has_room_for_the_system_s_own(machine):
    cpus, memory_gib = share_per_gpu([machine])
    free_cpus, free_gib = allocatable(machine)
    assert cpus >= 1
    assert memory_gib >= 1
    assert cpus * machine.gpus + SYSTEM_CPUS <= free_cpus
    assert memory_gib * machine.gpus + SYSTEM_GIB <= free_gib


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)
def test_most_of_a_machine_is_there_for_its_gpus(machine):
    cpus, memory_gib = share_per_gpu([machine])
    assert cpus * machine.gpus >= machine.vcpus / 2
    assert memory_gib * machine.gpus >= machine.memory_gib * 0.6


@pytest.mark.parametrize("name", sorted(PRICED))
def test_a_plan_s_job_of_all_gpus_fits_the_simulated_machine_beside_a_system_pod(name):
    machine, (region, capacity_type) = machines()[name], PRICED[name]
    pool = a_pool(machine=name, gpu=machine.gpu.name, capacity=[{"type": capacity_type.value, "maxNodes": 1}])
    queue = a_queue(quotas=[{"pool": "a100", "capacity": capacity_type.value, "gpus": machine.gpus}])
    job = a_job(gpus=machine.gpus, spotEligible=capacity_type is CapacityType.SPOT)
    plan = a_plan(a_stack(region=region, pools=[pool], queues=[queue], jobs=[job]))
    (container,) = spot_training_job(plan.jobs[0])["spec"]["template"]["spec"]["containers"]
    asked = container["resources"]["requests"]
    (held,) = [found["resources"] for found in instance_types(plan)]
    assert asked[keys.NVIDIA_GPU] == held[keys.NVIDIA_GPU]
    assert int(asked["cpu"]) + SYSTEM_CPUS + SIMULATED_CPUS <= int(held["cpu"])
    asked_gib, held_gib = (int(amounts["memory"].removesuffix("Gi")) for amounts in (asked, held))
    assert asked_gib + SYSTEM_GIB + SIMULATED_GIB <= held_gib


@given(st.lists(st.sampled_from(MACHINES), min_size=1, max_size=5))
def test_a_pod_that_may_land_on_several_machines_asks_for_what_the_smallest_share_gives(some):
    alone = [share_per_gpu([machine]) for machine in some]
    assert share_per_gpu(some) == tuple(min(share) for share in zip(*alone, strict=True))
    assert share_per_gpu(some) == share_per_gpu(reversed(some))


def test_a_share_of_no_machine_is_refused():
    with pytest.raises(ValueError, match="empty"):
        share_per_gpu([])


@st.composite
def shared_gpus(draw):
    """A machine, and how its GPUs are shared: in any legal layout, or by any number of pods that take turns."""
    machine = draw(st.sampled_from(MACHINES))
    if machine.gpu.has_mig and draw(st.booleans()):
        layout = draw(st.sampled_from(LAYOUTS[machine.gpu.name]))
        return machine, sharing_of(machine.gpu, SharingMode.MIG, layout=layout)
    return machine, sharing_of(machine.gpu, SharingMode.TIME_SLICING, replicas=draw(st.integers(2, MOST_REPLICAS)))


@settings(max_examples=300)
@given(shared_gpus())
def test_a_node_full_of_parts_has_room_for_the_system_s_own(shared):
    machine, sharing = shared
    asked = [(part.per_gpu * machine.gpus, *pod_room([(machine, part.share)], 1)) for part in sharing.parts]
    free_cpus, free_gib = allocatable(machine)
    assert all(millis > 0 and mib > 0 for _, millis, mib in asked)
    assert sum(pods * millis for pods, millis, _ in asked) / 1000 + SYSTEM_CPUS <= free_cpus + 1e-9
    assert sum(pods * mib for pods, _, mib in asked) / 1024 + SYSTEM_GIB <= free_gib + 1e-9


@given(st.sampled_from([machine for machine in MACHINES if machine.gpu.has_mig]))
def test_a_part_comes_with_its_part_of_what_there_is_for_the_gpu(machine):
    sharing = sharing_of(machine.gpu, SharingMode.MIG, layout=LAYOUTS[machine.gpu.name][-1])
    cpus, memory_gib = share_per_gpu([machine])
    for part in sharing.parts:
        millis, mib = pod_room([(machine, part.share)], 1)
        assert cpus * 1000 * part.share - 10 <= millis <= (cpus + 1) * 1000 * part.share
        assert memory_gib * 1024 * part.share - 1 <= mib <= (memory_gib + 1) * 1024 * part.share


def test_a_pod_of_several_gpus_has_as_much_of_each_and_does_not_look_at_machines_with_fewer():
    one, four = (machines()[name] for name in ("a2-highgpu-1g", "a2-highgpu-4g"))
    millis, mib = pod_room([(one, Fraction(1)), (four, Fraction(1))], 4)
    assert (millis // 4000, mib // 4096) == share_per_gpu([four])
