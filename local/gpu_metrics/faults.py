"""What is broken on a node, by its annotation.

    mizan.dev/simulated-gpu-faults: "xid=79@0 heat@1"     XID 79 on GPU 0, and GPU 1 is too hot; without @ on every GPU

`xid=N` is the last XID error, `ecc=N` so many uncorrected memory errors; `heat` and `power` hold the GPU back; `remap`
is a row of memory that waits for a reset, `remap-failure` one for which there was no spare.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_FAULT = re.compile(r"(?:(xid|ecc)=([1-9]\d{0,8})|(heat|power|remap|remap-failure))(?:@(\d{1,4}))?")


@dataclass(frozen=True, kw_only=True)
class Faults:
    """What is broken of one GPU.

    Attributes:
        xid: the last error of the driver; 0 where there was none.
        ecc_errors: of memory, uncorrected.
        is_hot: held back by heat.
        is_capped: held back by its power supply.
        is_row_pending: a row of memory is remapped at the next reset.
        has_remap_failed: no spare row was left.
    """

    xid: int = 0
    ecc_errors: int = 0
    is_hot: bool = False
    is_capped: bool = False
    is_row_pending: bool = False
    has_remap_failed: bool = False


def faults_of(annotation: str | None, gpu: int) -> Faults:
    """Return what is broken of a GPU; what is not understood breaks nothing."""
    found = Faults()
    for match in _matches(annotation):
        if match is not None and match[4] in (None, str(gpu)):
            found = _with(found, match[1] or match[3], int(match[2] or 0))
    return found


def is_understood(annotation: str | None) -> bool:
    """Return whether every part of an annotation names a fault."""
    return all(match is not None for match in _matches(annotation))


def _matches(annotation: str | None) -> Iterator[re.Match[str] | None]:
    for part in (annotation or "").replace(",", " ").split():
        yield _FAULT.fullmatch(part)


def _with(faults: Faults, kind: str, number: int) -> Faults:
    match kind:
        case "xid":
            return replace(faults, xid=number)
        case "ecc":
            return replace(faults, ecc_errors=number)
        case "heat":
            return replace(faults, is_hot=True)
        case "power":
            return replace(faults, is_capped=True)
        case "remap":
            return replace(faults, is_row_pending=True)
        case _:
            return replace(faults, has_remap_failed=True)
