"""MIG: into which instances a GPU can be cut at once.

An instance has compute slices and memory slices. NVIDIA allows a set of instances where each finds a place; on every
model of the catalogue that is so exactly when neither kind of slice is used up twice (a test compares both).
Source: https://docs.nvidia.com/datacenter/tesla/mig-user-guide/supported-mig-profiles.html, read 2026-11-22.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mizan.catalogue import GpuModel, MigProfile

# Instances of one GPU by profile.
Layout = Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class UnfitLayout:
    """Why a GPU cannot be cut so.

    Attributes:
        profile: that is to blame; None where it is all of them together.
        observed: what was asked for.
        needs: what the GPU has.
        because: why.
    """

    profile: str | None
    observed: str
    needs: str
    because: str


def profiles(gpu: GpuModel) -> dict[str, MigProfile]:
    """Return a GPU's profiles by name, the smallest first."""
    return {profile.name: profile for profile in gpu.mig_profiles}


def layout_of(gpu: GpuModel, profile: str) -> dict[str, int]:
    """Return the layout of a GPU that is cut into as many instances of one profile as it holds.

    Raises:
        KeyError: the GPU has no such profile.
    """
    return {profile: profiles(gpu)[profile].max_instances}


def memory_slices(gpu: GpuModel, layout: Layout) -> int:
    """Return the memory slices that the instances of a layout have together."""
    known = profiles(gpu)
    return sum(known[name].memory_slices * count for name, count in layout.items())


def compute_slices(gpu: GpuModel, layout: Layout) -> int:
    """Return the compute slices that the instances of a layout have together."""
    known = profiles(gpu)
    return sum(known[name].compute_slices * count for name, count in layout.items())


def unfit_layout(gpu: GpuModel, layout: Layout) -> UnfitLayout | None:
    """Return why a GPU cannot be cut so, None where it can.

    Args:
        gpu: any, without MIG too.
        layout: instances by profile, each at least one; at least one profile.
    """
    if not gpu.has_mig:
        return UnfitLayout(
            profile=None,
            observed=gpu.name,
            needs="a GPU with MIG",
            because=f"{gpu.name} ({gpu.architecture}) cannot be cut into instances",
        )
    known = profiles(gpu)
    for name in layout:
        if name not in known:
            return UnfitLayout(
                profile=name,
                observed=name,
                needs=f"a profile of {gpu.name}: {', '.join(known)}",
                because="a profile's memory is a part of its GPU's, so each model has its own",
            )
    compute, memory = compute_slices(gpu, layout), memory_slices(gpu, layout)
    if compute > gpu.mig_compute_slices or memory > gpu.mig_memory_slices:
        return UnfitLayout(
            profile=None,
            observed=f"{spelt(layout)}: {compute} compute and {memory} memory slices",
            needs=f"at most {gpu.mig_compute_slices} compute and {gpu.mig_memory_slices} memory slices",
            because="each slice belongs to one instance",
        )
    return None


def legal_layouts(gpu: GpuModel) -> Iterator[dict[str, int]]:
    """Yield every layout that a GPU can be cut into, slices left over or not; none where it has no MIG."""

    def extended(rest: list[str], layout: dict[str, int]) -> Iterator[dict[str, int]]:
        if not rest:
            if layout:
                yield layout
            return
        first, *others = rest
        for count in range(profiles(gpu)[first].max_instances + 1):
            wider = layout | ({first: count} if count else {})
            if wider and unfit_layout(gpu, wider) is not None:
                return
            yield from extended(others, wider)

    if gpu.has_mig:
        yield from extended(list(profiles(gpu)), {})


def spelt(layout: Layout) -> str:
    """Return a layout in words, such as `3g.20gb + 2 x 1g.5gb`."""
    return " + ".join(name if count == 1 else f"{count} x {name}" for name, count in layout.items())


def config_name(gpu: GpuModel, layout: Layout) -> str:
    """Return the name under which the MIG manager knows a layout, such as `a100-40gb-3g.20gb-1x-1g.5gb-2x`.

    A node label holds it. The model is part of it: one profile fits two models of other sizes, and not as often.
    """
    order = list(profiles(gpu))
    parts = (f"{name}-{layout[name]}x" for name in sorted(layout, key=order.index, reverse=True))
    return "-".join((gpu.name, *parts))
