"""`mizan layouts`: into which MIG instances a GPU can be cut, and what each cut leaves over."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from mizan.catalogue import GpuModel, gpu_models
from mizan.cli.queues import Output
from mizan.cli.tables import add, print_whole, table
from mizan.config.faults import shown
from mizan.errors import PlatformError
from mizan.sharing import SharingMode, legal_layouts, sharing_of
from mizan.sharing.mig import Layout, compute_slices, memory_slices, spelt


@dataclass(frozen=True, kw_only=True)
class Cut:
    """One layout of a GPU.

    Attributes:
        layout: instances by profile, from the largest.
        memory_left_gib: that no instance has; its price is borne by those that are there.
        compute_left: slices that no instance has.
        shares: of the GPU's price, of one instance of each profile.
    """

    layout: Layout
    memory_left_gib: Fraction
    compute_left: int
    shares: Sequence[Fraction]


def cuts_of(gpu: GpuModel) -> list[Cut]:
    """Return every layout of a GPU, those that leave least first; none where it has no MIG."""
    return sorted(
        (_cut(gpu, layout) for layout in legal_layouts(gpu)), key=lambda cut: (cut.memory_left_gib, cut.compute_left)
    )


def layouts(
    gpu: Annotated[str, typer.Argument(help="GPU model, such as a100-40gb.")],
    output: Annotated[
        Output, typer.Option("--output", "-o", "--format", help="For a person, or for a program.")
    ] = Output.TABLE,
) -> None:
    """Show every MIG layout of a GPU: what stays unused of it, and each instance's share of its price."""
    model = _model(gpu)
    cuts = cuts_of(model)
    if output is Output.JSON:
        json.dump({"gpu": model.name, "layouts": [_json(cut) for cut in cuts]}, sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    console = Console()
    if not cuts:
        console.print(
            Text(f"{model.name} ({model.architecture}) has no MIG; `time-slicing` shares it."), soft_wrap=True
        )
        return
    shown = table(f"Layouts of {model.name}", "layout", "#GiB unused", "#slices unused", "each pays")
    for cut in cuts:
        add(shown, spelt(cut.layout), f"{float(cut.memory_left_gib):g}", cut.compute_left, _paid(cut))
    print_whole(console, shown)


def _model(name: str) -> GpuModel:
    found = gpu_models().get(name)
    if found is None:
        raise PlatformError(
            "mizan layouts",
            shown(name),
            needs=f"a GPU model: {', '.join(gpu_models())}",
            because="the catalogue has its MIG profiles",
            fix="Take a name from mizan/catalogue/gpus.csv",
        )
    return found


def _cut(gpu: GpuModel, layout: Layout) -> Cut:
    sharing = sharing_of(gpu, SharingMode.MIG, layout=layout)
    left = gpu.mig_memory_slices - memory_slices(gpu, layout)
    return Cut(
        layout=sharing.layout,
        memory_left_gib=Fraction(left * gpu.memory_gib, gpu.mig_memory_slices),
        compute_left=gpu.mig_compute_slices - compute_slices(gpu, layout),
        shares=[part.share for part in sharing.parts],
    )


def _paid(cut: Cut) -> str:
    """Return each profile's share of the GPU's price, in the order of the layout."""
    return ", ".join(str(share) for share in cut.shares)


def _json(cut: Cut) -> dict[str, Any]:
    return {
        "layout": dict(cut.layout),
        "memoryUnusedGib": float(cut.memory_left_gib),
        "computeSlicesUnused": cut.compute_left,
        "shares": {name: str(share) for name, share in zip(cut.layout, cut.shares, strict=True)},
    }
