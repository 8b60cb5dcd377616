"""Numbers, times and resources as a person says them."""

from decimal import Decimal

from mizan import keys

_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def plain(value: Decimal) -> str:
    """Return 4 as "4" and 1.50 as "1.5", however it was written."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def short(resource: str) -> str:
    """Return a resource in a word: `1g.5gb` for a MIG instance, `gpu.shared` for a share, `cpu` as it is."""
    return keys.claimed_device(resource) or resource.removeprefix(keys.NVIDIA_MIG).rpartition("/")[-1]


def duration(seconds: float) -> str:
    """Return `seconds` as a person says them, no finer than anybody needs to know."""
    for unit_seconds, unit in _UNITS:
        if seconds >= unit_seconds:
            return f"{seconds // unit_seconds:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
