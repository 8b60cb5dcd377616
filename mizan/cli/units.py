"""What a quota counts, in a word."""

from collections.abc import Iterable, Sequence

from mizan.plan import Flavor
from mizan.sharing import WHOLE, GpuSharing


def unit(sharing: GpuSharing) -> str:
    """Return what a unit is called: `GPU`, `1g.5gb`, or `1/4 GPU` of one that four share."""
    return of_part(WHOLE if sharing.counts_gpus else sharing.parts[0].name)


def of_part(part: str) -> str:
    """Return the same of a part of a GPU by its name."""
    if part == WHOLE:
        return "GPU"
    return f"{part} GPU" if "/" in part else part


def heading(flavors: Iterable[Flavor]) -> str:
    """Return the heading of a column of units: they are GPUs unless a flavor counts parts of them."""
    return "#GPUs" if all(flavor.sharing.counts_gpus for flavor in flavors) else "#units"


def unit_column(flavors: Iterable[Flavor]) -> list[str]:
    """Return the column that says what each unit is; none where all are GPUs."""
    return [] if heading(flavors) == "#GPUs" else ["of"]


def unit_cell(flavor: Flavor, flavors: Sequence[Flavor]) -> list[str]:
    """Return the cell of that column."""
    return [unit(flavor.sharing)] * len(unit_column(flavors))
