"""The fleet of a Plan: what its nodes have, what they cost, and what its exporter writes."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from local.gpu_metrics.fleet import MIB_PER_GIB, Fleet, NodePrice, Slot
from mizan import keys
from mizan.capacity import CapacityType
from mizan.config import DcgmExporterAddon
from mizan.estimate.build import tariff_of
from mizan.estimate.tariff import Tariff
from mizan.manifests.dcgm_exporter import chart_values
from mizan.manifests.dcgm_monitors import has_sharing_pods
from mizan.manifests.simulated_devices import simulated_devices
from mizan.plan import Offer, Plan, PoolPlan
from mizan.plan.nodes import CAPACITY_LABELS
from mizan.sharing import GpuSharing, SharingMode

# The first instance's number by its compute slices. A driver has numbers of its own; each is there once on a GPU, and
# nothing else may be read out of them.
_FIRST_INSTANCE = {7: 0, 4: 1, 3: 1, 2: 3, 1: 7}


def fleet_of(plan: Plan) -> Fleet:
    """Return the fleet of a plan's nodes."""
    tariff = tariff_of(plan)
    # With or without an exporter in the stack: of the simulated one there is always one.
    measured = replace(plan, dcgm_exporter=plan.dcgm_exporter or DcgmExporterAddon())
    return Fleet(
        slots={pool.name: tuple(_slots(pool)) for pool in plan.pools},
        prices=tuple(_price(plan, pool, offer, tariff) for pool in plan.pools for offer in pool.offers),
        pod_labels=tuple(chart_values(measured)["kubernetes"]["podLabelAllowlistRegex"]),
        finds_sharing_pods=has_sharing_pods(plan.pools),
    )


def _slots(pool: PoolPlan) -> Iterator[Slot]:
    if pool.sharing.mode is SharingMode.DRA:
        yield from _claimed(pool)
        return
    for gpu in range(pool.machine.gpus):
        yield from _of_one_gpu(pool.sharing, gpu)


def _of_one_gpu(sharing: GpuSharing, gpu: int) -> Iterator[Slot]:
    numbers = _instances(sharing)
    for part in sharing.parts:
        # What a pod that shares takes, nothing holds it to; its part is what all have when each takes the same.
        memory = int(part.memory_gib * MIB_PER_GIB)
        for copy in range(part.per_gpu):
            slot = Slot(gpu=gpu, resource=part.resource, memory_mib=memory)
            if sharing.layout:
                yield replace(slot, profile=part.name, instance=next(numbers[part.name]))
            elif sharing.replicas > 1:
                yield replace(slot, copy=copy)
            else:
                yield slot


def _claimed(pool: PoolPlan) -> Iterator[Slot]:
    """Yield the devices of a pool's ResourceSlices, in the driver's order and by its names."""
    seen: Counter[int] = Counter()
    numbers: dict[str, Iterator[int]] = {}
    for device in simulated_devices([pool])[pool.name]:
        gpu = int(device["name"].split("-")[1])
        if not seen[gpu]:
            numbers = _instances(pool.sharing)
        seen[gpu] += 1
        profile = device["attributes"].get("profile", {}).get("string")
        memory = int(device["capacity"]["memory"]["value"].removesuffix("Gi")) * MIB_PER_GIB
        slot = Slot(gpu=gpu, resource="", memory_mib=memory, device=device["name"])
        yield replace(slot, profile=profile, instance=next(numbers[profile])) if profile else slot


def _instances(sharing: GpuSharing) -> dict[str, Iterator[int]]:
    """Return by MIG profile the numbers of its instances on one GPU; each is there once."""
    slices = {profile.name: profile.compute_slices for profile in sharing.gpu.mig_profiles}
    taken: set[int] = set()
    found = {}
    for name, count in sharing.layout.items():
        numbers: list[int] = []
        number = _FIRST_INSTANCE[slices[name]]
        while len(numbers) < count:
            if number not in taken:
                numbers.append(number)
                taken.add(number)
            number += 1
        found[name] = iter(numbers)
    return found


def _price(plan: Plan, pool: PoolPlan, offer: Offer, tariff: Tariff) -> NodePrice:
    """Return what a node of an offer costs; its host part is cut as the rates of vCPUs and memory are."""
    machine, usd = offer.machine, offer.price.usd_per_hour
    share = tariff.gpu_share(pool, offer)
    of_rates = usd * (1 - share) / tariff.host_usd_per_hour(machine)
    return NodePrice(
        # Whose it is and how it is bought; another label that somebody changes makes no other price.
        labels={name: offer.labels[name] for name in (keys.POOL, *CAPACITY_LABELS) if name in offer.labels},
        region=plan.region,
        is_spot=offer.capacity_type is CapacityType.SPOT,
        gpus=machine.gpus,
        vcpus=machine.vcpus,
        memory_gib=machine.memory_gib,
        usd_per_gpu=usd * share / machine.gpus,
        usd_per_vcpu=tariff.rate.usd_per_vcpu_hour * of_rates,
        usd_per_gib=tariff.rate.usd_per_gib_hour * of_rates,
        usd=usd,
    )
