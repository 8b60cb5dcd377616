"""What sharing makes of a GPU: parts, their resources, and their shares of its price."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.catalogue import GpuModel, gpu_models
from mizan.sharing import (
    MOST_REPLICAS,
    GpuSharing,
    Manager,
    SharingMode,
    layout_of,
    legal_layouts,
    sharing_of,
    unfit_layout,
)
from mizan.sharing.mig import config_name, spelt

A100 = gpu_models()["a100-40gb"]
T4 = gpu_models()["t4"]
CUT = [(gpu, layout) for gpu in gpu_models().values() for layout in legal_layouts(gpu)]
MIXED = {"1g.5gb": 1, "3g.20gb": 1, "2g.10gb": 1}

layouts = st.sampled_from(CUT)


def cut(layout: dict[str, int], gpu: GpuModel = A100, mode: SharingMode = SharingMode.MIG, **settings) -> GpuSharing:
    return sharing_of(gpu, mode, layout=layout, **settings)


def total_share(sharing: GpuSharing) -> Fraction:
    return sum((part.share * part.per_gpu for part in sharing.parts), Fraction(0))


def test_a_gpu_that_nobody_shares_is_one_part_of_all_its_memory_and_price():
    (part,) = sharing_of(A100).parts
    assert (part.name, part.resource, part.per_gpu, part.memory_gib, part.share) == ("gpu", "nvidia.com/gpu", 1, 40, 1)


@pytest.mark.parametrize("profile", [profile.name for profile in A100.mig_profiles])
def test_one_profile_cuts_a_gpu_into_as_many_as_it_holds(profile):
    most = {"1g.5gb": 7, "1g.10gb": 4, "2g.10gb": 3, "3g.20gb": 2, "4g.20gb": 1, "7g.40gb": 1}
    sharing = cut(layout_of(A100, profile))
    assert sharing.amounts == {f"nvidia.com/mig-{profile}": 1}
    assert sharing.units_per_gpu == most[profile]
    assert sharing.parts[0].share == Fraction(1, most[profile]), "one that is left over is borne by the others"


def test_unlike_parts_pay_by_their_memory_and_a_unit_is_the_gpu_with_all_of_them():
    sharing = cut(MIXED)
    assert {part.name: part.share for part in sharing.parts} == {
        "3g.20gb": Fraction(4, 7),
        "2g.10gb": Fraction(2, 7),
        "1g.5gb": Fraction(1, 7),
    }, "one of the eight memory slices is left over"
    assert [part.name for part in sharing.parts] == ["3g.20gb", "2g.10gb", "1g.5gb"], "from the largest"
    assert (sharing.units_per_gpu, sharing.unit_name, sharing.counts_gpus) == (1, "GPU", True)
    assert sharing.amounts == {
        "nvidia.com/mig-3g.20gb": 1,
        "nvidia.com/mig-2g.10gb": 1,
        "nvidia.com/mig-1g.5gb": 1,
    }


def test_parts_that_are_alike_are_units_however_few_a_layout_has_of_them():
    sharing = cut({"1g.5gb": 3})
    assert (sharing.units_per_gpu, sharing.unit_name, sharing.counts_gpus) == (3, "1g.5gb", False)
    assert sharing.parts[0].share == Fraction(1, 3)


@pytest.mark.parametrize("mode", [SharingMode.TIME_SLICING, SharingMode.MPS])
def test_replicas_share_time_memory_and_price_alike(mode):
    (part,) = sharing_of(T4, mode, replicas=4).parts
    assert (part.name, part.resource, part.per_gpu) == ("1/4", "nvidia.com/gpu.shared", 4)
    assert (part.memory_gib, part.share) == (4, Fraction(1, 4))


@pytest.mark.parametrize(
    "settings", [{"layout": {"1g.5gb": 7}, "mode": SharingMode.MIG}, {"replicas": 7, "mode": SharingMode.TIME_SLICING}]
)
def test_gke_calls_every_part_a_gpu(settings):
    sharing = sharing_of(A100, manager=Manager.GKE, **settings)
    assert (sharing.amounts, sharing.units_per_gpu) == ({"nvidia.com/gpu": 1}, 7)
    assert sharing.mig_config is None
    assert not sharing.is_made_by_operator


def test_the_operator_s_resources_are_unknown_to_an_autoscaler():
    assert cut({"1g.5gb": 7}).is_made_by_operator
    assert sharing_of(T4, SharingMode.TIME_SLICING, replicas=4).is_made_by_operator
    assert not sharing_of(T4).is_made_by_operator


def test_claims_are_counted_by_names_of_ours_and_come_from_classes_of_ours():
    whole, parts = sharing_of(A100, SharingMode.DRA), cut({"1g.5gb": 7}, mode=SharingMode.DRA)
    assert whole.amounts == {"deviceclass.resource.kubernetes.io/a100-40gb.mizan.dev": 1}
    assert whole.device_class == {"gpu": "a100-40gb.mizan.dev"}
    assert parts.amounts == {"deviceclass.resource.kubernetes.io/a100-40gb-1g.5gb.mizan.dev": 1}
    assert parts.device_class == {"1g.5gb": "a100-40gb-1g.5gb.mizan.dev"}
    assert parts.mig_config is None, "the operator's MIG manager does not run beside its DRA driver"


@given(layouts, st.sampled_from(SharingMode), st.sampled_from(Manager))
def test_all_parts_of_a_gpu_pay_for_all_of_it(cut_gpu, mode, manager):
    gpu, layout = cut_gpu
    sharing = sharing_of(gpu, mode, manager, layout=layout)
    assert total_share(sharing) == 1
    assert sharing.unit_share * sharing.units_per_gpu == 1
    assert sharing.parts_per_gpu == sum(layout.values())
    assert sum(part.memory_gib * part.per_gpu for part in sharing.parts) <= gpu.memory_gib


@given(st.sampled_from(list(gpu_models().values())), st.integers(1, MOST_REPLICAS), st.sampled_from(Manager))
def test_all_replicas_of_a_gpu_pay_for_all_of_it(gpu, replicas, manager):
    for mode in (SharingMode.TIME_SLICING, SharingMode.MPS):
        sharing = sharing_of(gpu, mode, manager, replicas=replicas)
        assert total_share(sharing) == 1
        assert sharing.parts[0].memory_gib * replicas == gpu.memory_gib


def fitting_places(gpu: GpuModel, layout: dict[str, int]) -> bool:
    """Search places for all instances, as NVIDIA's driver does.

    Where an instance may begin, in memory slices.
    Source: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/getting-started-with-mig.html, read 2026-11-22,
    `nvidia-smi mig -lgipp`.
    """
    starts = {1: range(gpu.mig_compute_slices), 2: range(0, gpu.mig_memory_slices, 2), 4: (0, 4), 8: (0,)}
    sizes = {profile.name: profile for profile in gpu.mig_profiles}

    def places(name: str) -> list[int]:
        profile = sizes[name]
        # Four slices of compute lie at the begin, two of compute with two of memory not at the end.
        most = {(4, 4): 0, (2, 2): 2 * gpu.mig_compute_slices // 2 - 2}.get(
            (profile.compute_slices, profile.memory_slices), gpu.mig_memory_slices
        )
        last = gpu.mig_memory_slices - profile.memory_slices
        return [start for start in starts[profile.memory_slices] if start <= min(most, last)]

    def place(rest: list[str], taken: int) -> bool:
        if not rest:
            return True
        size = sizes[rest[0]].memory_slices
        masks = ((1 << size) - 1 << start for start in places(rest[0]))
        return any(not taken & mask and place(rest[1:], taken | mask) for mask in masks)

    instances = sorted(
        (name for name, count in layout.items() for _ in range(count)), key=lambda name: -sizes[name].memory_slices
    )
    return sum(sizes[name].compute_slices for name in instances) <= gpu.mig_compute_slices and place(instances, 0)


@pytest.mark.parametrize("gpu", [gpu for gpu in gpu_models().values() if gpu.has_mig], ids=lambda gpu: gpu.name)
def test_a_layout_is_legal_exactly_when_all_its_instances_find_a_place(gpu):
    known = list(gpu.mig_profiles)

    def every(rest, layout):
        if not rest:
            yield layout
            return
        for count in range(rest[0].max_instances + 2):
            yield from every(rest[1:], layout | ({rest[0].name: count} if count else {}))

    for layout in every(known, {}):
        if layout:
            assert (unfit_layout(gpu, layout) is None) == fitting_places(gpu, layout), spelt(layout)


def test_all_legal_layouts_are_listed(matches_golden):
    lines = []
    for gpu in gpu_models().values():
        found = sorted(map(spelt, legal_layouts(gpu)))
        if found:
            lines += [f"{gpu.name}: {len(found)}", *(f"  {line}" for line in found)]
    matches_golden("mig-layouts.txt", "\n".join(lines) + "\n")


@given(layouts)
def test_a_layout_s_name_fits_a_node_label_and_no_other_layout_has_it(cut_gpu):
    gpu, layout = cut_gpu
    name = config_name(gpu, layout)
    assert len(name) <= 63
    assert name.replace("-", "").replace(".", "").isalnum()
    assert [config_name(*other) for other in CUT].count(name) == 1


@pytest.mark.parametrize(
    ("gpu", "layout", "told"),
    [
        ("t4", {"1g.5gb": 1}, "t4 (turing) cannot be cut into instances"),
        ("l4", {"1g.5gb": 1}, "l4 (ada-lovelace) cannot be cut into instances"),
        ("a100-40gb", {"1g.10gb": 4, "3g.20gb": 1}, "each slice belongs to one instance"),
        ("a100-40gb", {"1g.5gb": 8}, "each slice belongs to one instance"),
        ("a100-40gb", {"1g.12gb": 1}, "a profile's memory is a part of its GPU's, so each model has its own"),
        ("a100-80gb", {"1g.5gb": 1}, "a profile's memory is a part of its GPU's, so each model has its own"),
    ],
)
def test_a_layout_that_does_not_fit_says_why(gpu, layout, told):
    unfit = unfit_layout(gpu_models()[gpu], layout)
    assert unfit is not None
    assert unfit.because == told
