"""How busy pods keep what they hold, and what of their cost is useful.

What a series of DCGM counts stands in its label SERIES, which our ServiceMonitors write. A pod that shares a GPU is
measured by what its own processes use of it, against its share: four pods that use a quarter each are all fully busy.
The copies that DCGM makes of other fields for each of them are never added up. A MIG instance has no GPU_UTIL.

Where nobody measures a pod, its utilisation is unknown: it is in no useful dollar and in none that these are compared
with. Cost does not need any of it.
"""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.cost import by_owner, in_dollars
from mizan.metrics.pods import on_node
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source, differs, equals

SERIES = "mizan_series"
"""The label that says what a series of DCGM counts: `gpu`, `copy` or PROCESS (mizan/manifests/dcgm_monitors.py)."""
PROCESS = "process"

BUSY = "DCGM_FI_DEV_GPU_UTIL"
BUSY_INSTANCE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"

_POD = "namespace, pod, node"


def usage_rules(source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of utilisation, and of known and useful dollars."""
    yield RecordingRule(series=names.UTILISATION, expr=_utilisation(source))
    pods, busy = source.own(names.POD_GPUS), source.own(names.UTILISATION)
    yield RecordingRule(series=names.KNOWN_GPUS, expr=by_owner(f"({pods} and on ({_POD}) {busy})", source))
    yield RecordingRule(series=names.USEFUL_GPUS, expr=by_owner(f"({pods} * on ({_POD}) group_left () {busy})", source))
    yield from in_dollars(names.KNOWN_COST, names.KNOWN_GPUS, source)
    yield from in_dollars(names.USEFUL_COST, names.USEFUL_GPUS, source)


def _utilisation(source: Source) -> str:
    has_pod, is_whole = differs("pod", ""), equals("GPU_I_ID", "")
    whole = _measured(source.metric(BUSY, has_pod, is_whole, differs(SERIES, PROCESS)), "UUID")
    cut = _measured(source.metric(BUSY_INSTANCE, has_pod, differs("GPU_I_ID", "")), "UUID, GPU_I_ID")
    processes = _measured(source.metric(BUSY, has_pod, is_whole, equals(SERIES, PROCESS)), "UUID, container, vgpu")
    held = f"clamp_max(sum by ({_POD}) ({source.own(names.POD_GPUS)}), 1)"
    own = f"avg by ({_POD}) (sum by ({_POD}, UUID) ({processes})) / 100 / on ({_POD}) {held}"
    found = f"avg by ({_POD}) ({cut}) or {own} or avg by ({_POD}) ({whole}) / 100"
    return f"clamp_max({found}, 1)"


def _measured(series: str, device: str) -> str:
    """Return one series for each device of a pod, without those that are no number."""
    return f"max by ({_POD}, {device}) ({on_node(series)} >= 0)"
