"""What pods hold of GPUs, and who they are charged to.

Each input is first reduced to one series for each object, by `max`: two kube-state-metrics, or one that was restarted
under another name, tell everything twice for a while. Where two still differ, as in a label that has just changed, one
of them is taken: a join that finds two would fail, and with it the cost of everybody.
"""

from collections.abc import Iterator

from mizan import keys
from mizan.metrics import kube_state, names
from mizan.metrics.prices import CLAIMED, GPU_RESOURCES
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Matcher, Source, differs, equals, matches
from mizan.plan import Plan
from mizan.sharing import WHOLE, SharingMode

_POD = "namespace, pod, uid"
_REQUEST = f"{_POD}, node, resource"

OF_EVERY_DEVICE = "DCGM_FI_DEV_FB_USED"
"""The field that DCGM has of every device, a GPU and a MIG instance alike."""


def pod_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield the rules of what pods hold, and of whose they are."""
    yield RecordingRule(series=names.POD_UNITS, expr=f"{_asked(source)} > 0 unless on ({_POD}) {ended(source)}")
    if has_claims(plan):
        yield RecordingRule(series=names.POD_UNITS, expr=f"{_claimed(source)} unless on ({_POD}) {ended(source)}")
    units, of_a_unit = source.own(names.POD_UNITS), f"max by (node, resource) ({source.own(names.UNIT_GPUS)})"
    yield RecordingRule(
        series=names.POD_GPUS,
        expr=f"sum by ({_POD}, node) ({units} * on (node, resource) group_left () {of_a_unit})",
    )
    yield RecordingRule(series=names.POD_OWNER, expr=_owner(source))


def has_claims(plan: Plan) -> bool:
    """Return whether pods claim GPUs as devices."""
    return any(pool.sharing.mode is SharingMode.DRA for pool in plan.pools)


def ended(source: Source, *matchers: Matcher) -> str:
    """Return the pods that hold nothing any more, though their objects are still there.

    They are few of many: the condition is asked before anything else is done with them.
    """
    phase = source.metric("kube_pod_status_phase", matches("phase", "Succeeded|Failed"), *matchers)
    return f"(max by ({_POD}) ({phase} == 1))"


def claimed_devices(source: Source, *matchers: Matcher) -> str:
    """Return DCGM's series of devices that pods have claimed."""
    return source.metric(OF_EVERY_DEVICE, differs("dra_device_name", ""), differs("pod", ""), *matchers)


def on_node(series: str) -> str:
    """Return DCGM's series with the node's name as kube-state-metrics' have it."""
    return f'label_join({series}, "node", "", "hostname")'


def _asked(source: Source) -> str:
    """Return what pods ask for, as the scheduler counts it.

    Sidecars, which are init containers that go on running, count with the containers.
    Source: https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/, read 2026-11-22.
    """
    asks = (differs("node", ""), matches("resource", GPU_RESOURCES))
    containers = source.metric("kube_pod_container_resource_requests", *asks)
    init = source.metric("kube_pod_init_container_resource_requests", *asks)
    goes_on = source.metric("kube_pod_init_container_info", equals("restart_policy", "Always"))
    running = (
        f"sum by ({_REQUEST}) (max by ({_REQUEST}, container) ({containers})"
        f" or max by ({_REQUEST}, container) ({init} and on ({_POD}, container) {goes_on}))"
    )
    starting = f'label_replace(max by ({_REQUEST}) ({init}), "kind", "init", "", "")'
    return f"max without (kind) ({running} or {starting})"


def _claimed(source: Source) -> str:
    """Return the devices that pods have claimed, as DCGM tells them; pods that claim one together share it.

    DCGM tells no pod's UID.
    """
    device = "namespace, pod, node, resource, UUID, GPU_I_ID"
    whole = claimed_devices(source, equals("GPU_I_PROFILE", ""))
    cut = claimed_devices(source, differs("GPU_I_PROFILE", ""))
    named = (
        f'label_replace({whole}, "resource", "{CLAIMED}{WHOLE}", "", "")',
        f'label_replace({cut}, "resource", "{CLAIMED}$1", "GPU_I_PROFILE", "(.+)")',
    )
    held = f"({' or '.join(f'group by ({device}) ({on_node(each)})' for each in named)})"
    pods = f"topk by (namespace, pod, node) (1, group by ({_POD}, node) ({source.metric('kube_pod_info')}))"
    sharing = f"count by (node, UUID, GPU_I_ID) ({held})"
    each = f"{held} / on (node, UUID, GPU_I_ID) group_left () {sharing}"
    return f"sum by (namespace, pod, node, resource) ({each}) * on (namespace, pod, node) group_left (uid) {pods}"


def _owner(source: Source) -> str:
    """Return each pod with the labels that its dollars are found by; a pod or a namespace without any stays.

    Each step is taken for every pod that has a part of a GPU, so there is none that the last one does not need.
    """
    units = source.own(names.POD_UNITS)
    told = f"{kube_state.COST_CENTER}, {kube_state.WORKLOAD_TYPE}, {kube_state.LOCAL_QUEUE}, {kube_state.QUEUE}"
    of_pods = (
        f"topk by ({_POD}) (1, group by ({_POD}, {told}) ({source.metric('kube_pod_labels')} and on ({_POD}) {units}))"
    )
    named_pods = _renamed(
        f"({of_pods} or on ({_POD}) group by ({_POD}) ({units}))",
        {"workload_type": kube_state.WORKLOAD_TYPE, "queue": kube_state.LOCAL_QUEUE},
    )
    of_one = f"{kube_state.TEAM}, {kube_state.PROJECT}, {kube_state.COST_CENTER}"
    of_namespaces = (
        f"topk by (namespace) (1, group by (namespace, {of_one}) ({source.metric('kube_namespace_labels')}))"
    )
    named_namespaces = _renamed(
        f"({of_namespaces} or on (namespace) group by (namespace) ({units}))",
        {"team": kube_state.TEAM, "project": kube_state.PROJECT, "cost_center": kube_state.COST_CENTER},
    )
    joined = (
        f"{_preferring(named_pods, 'queue', kube_state.QUEUE)}"
        f" * on (namespace) group_left (team, project, cost_center) {named_namespaces}"
    )
    own_first = _preferring(joined, "cost_center", kube_state.COST_CENTER)
    return f"group by (pod, uid, {', '.join(names.OWNER)}) ({own_first})"


def _preferring(expr: str, label: str, other: str) -> str:
    """Return an expression with another label's value in place of a label's, where there is one."""
    return f'label_replace({expr}, "{label}", "$1", "{other}", "(.+)")'


def _renamed(expr: str, labels: dict[str, str]) -> str:
    """Return an expression with labels copied under other names, whatever stands in them."""
    for new, old in labels.items():
        expr = f'label_join({expr}, "{new}", "", "{old}")'
    return expr


def kept_nodes(source: Source) -> str:
    """Return the nodes that a placeholder keeps."""
    ours = equals("namespace", keys.OWN_NAMESPACE)
    kind = equals("priority_class", keys.PLACEHOLDER_PRIORITY)
    placeholders = source.metric("kube_pod_info", ours, kind, differs("node", ""))
    return f"group by (node) ({placeholders} unless on ({_POD}) {ended(source, ours)})"
