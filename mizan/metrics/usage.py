"""How busy pods keep what they hold, and what of their cost is useful.

What a series of DCGM counts stands in its label SERIES, which our ServiceMonitors write. A pod that shares a GPU is
measured by what its own processes use of it, against its share: four pods that use a quarter each are all fully busy.
The copies that DCGM makes of other fields for each of them are never added up. A MIG instance has no GPU_UTIL. Of a
pod's instances that differ each counts by what it costs.

Where nobody measures a pod, its utilisation is unknown: it is in no useful dollar and in none that these are compared
with. Cost does not need any of it.
"""

from collections.abc import Iterator

from mizan import keys
from mizan.metrics import names
from mizan.metrics.cost import by_owner, in_dollars
from mizan.metrics.pods import on_node
from mizan.metrics.prices import CLAIMED
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source, differs, equals, resource_of
from mizan.plan import Plan

SERIES = "mizan_series"
"""The label that says what a series of DCGM counts: `gpu`, `copy` or PROCESS (mizan/manifests/dcgm_monitors.py)."""
PROCESS = "process"

BUSY = "DCGM_FI_DEV_GPU_UTIL"
BUSY_INSTANCE = "DCGM_FI_PROF_GR_ENGINE_ACTIVE"

_POD = "namespace, pod, node"

# What the rules call `3g.20gb`, which DCGM calls by its profile.
_RESOURCE_OF_AN_INSTANCE = f"(?:{resource_of(keys.NVIDIA_MIG)}|{CLAIMED})([0-9]+g)[._](.+)"


def usage_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of utilisation, and of known and useful dollars."""
    yield RecordingRule(series=names.UTILISATION, expr=_utilisation(source, is_weighed=_has_unequal_instances(plan)))
    pods, busy = source.own(names.POD_GPUS), source.own(names.UTILISATION)
    yield RecordingRule(series=names.KNOWN_GPUS, expr=by_owner(f"({pods} and on ({_POD}) {busy})", source))
    yield RecordingRule(series=names.USEFUL_GPUS, expr=by_owner(f"({pods} * on ({_POD}) group_left () {busy})", source))
    yield from in_dollars(names.KNOWN_COST, names.KNOWN_GPUS, source)
    yield from in_dollars(names.USEFUL_COST, names.USEFUL_GPUS, source)


def _has_unequal_instances(plan: Plan) -> bool:
    return any(len({part.share for part in pool.sharing.parts}) > 1 for pool in plan.pools)


def _utilisation(source: Source, *, is_weighed: bool) -> str:
    has_pod, is_whole = differs("pod", ""), equals("GPU_I_ID", "")
    whole = _measured(source.metric(BUSY, has_pod, is_whole, differs(SERIES, PROCESS)), "UUID")
    instance = "UUID, GPU_I_ID, GPU_I_PROFILE" if is_weighed else "UUID, GPU_I_ID"
    instances = _measured(source.metric(BUSY_INSTANCE, has_pod, differs("GPU_I_ID", "")), instance)
    cut = f"avg by ({_POD}) ({instances})"
    processes = _measured(source.metric(BUSY, has_pod, is_whole, equals(SERIES, PROCESS)), "UUID, container, vgpu")
    held = f"sum by ({_POD}) ({source.own(names.POD_GPUS)})"
    own = f"sum by ({_POD}) ({processes}) / 100 / on ({_POD}) {held}"
    found = f"{cut} or {own} or avg by ({_POD}) ({whole}) / 100"
    if is_weighed:
        found = f"{_weighed(instances, source)} or {found}"
    return f"clamp_max({found}, 1)"


def _weighed(instances: str, source: Source) -> str:
    """Return the mean of a pod's instances, each by what it is of a GPU and so by what it costs."""
    unit = f"max by (node, resource) ({source.own(names.UNIT_GPUS)})"
    shares = f'label_replace({unit}, "GPU_I_PROFILE", "$1.$2", "resource", "{_RESOURCE_OF_AN_INSTANCE}")'
    by_share = f"* on (node, GPU_I_PROFILE) group_left () max by (node, GPU_I_PROFILE) ({shares})"
    used, told = f"{instances} {by_share}", f"({instances} >= bool 0) {by_share}"
    return f"sum by ({_POD}) ({used}) / sum by ({_POD}) ({told})"


def _measured(series: str, device: str) -> str:
    """Return one series for each device of a pod, without those that are no number.

    The node is named last: a series of DCGM has many labels, and each is written anew with a name more.
    """
    return on_node(f"max by (namespace, pod, hostname, {device}) ({series} >= 0)")
