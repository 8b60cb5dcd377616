"""What kube-state-metrics and DCGM's exporter tell of nodes and pods, as their versions that we use write it."""

from collections.abc import Mapping
from typing import Any

from mizan import keys
from mizan.metrics.selector import label_of, resource_of
from mizan.plan import Offer, Plan
from tests.promtool import series

KSM = {"instance": "10.0.0.1:8080", "job": "kube-state-metrics"}
Series = dict[str, str]


def offer_of(plan: Plan, name: str) -> Offer:
    return next(offer for offer in plan.offers if offer.name == name)


def a_node(
    offer: Offer, name: str = "n1", values: str = "1x24", *, machine: str | None = None, **ksm: str
) -> list[Series]:
    """A node as kube-state-metrics tells it, with what its GPUs are offered as; without `machine` of its offer's."""
    by = KSM | ksm
    own = {keys.INSTANCE_TYPE: offer.machine.name if machine is None else machine}
    labels = {label_of(key): value for key, value in (offer.labels | own).items() if value}
    offered = [
        series(
            "kube_node_status_allocatable",
            scaled(values, amount),
            node=name,
            resource=resource_of(resource),
            unit="integer",
            **by,
        )
        for resource, amount in offer.resources.items()
    ]
    return [series("kube_node_labels", values, node=name, **labels, **by), *offered]


def a_gpu_pod(
    name: str = "p1",
    node: str = "n1",
    units: float = 1,
    *,
    resource: str = keys.NVIDIA_GPU,
    namespace: str = "team-a",
    values: str = "1x24",
    labels: Mapping[str, str] | None = None,
    phase: str = "Running",
    uid: str | None = None,
    init: float | None = None,
    **ksm: str,
) -> list[Series]:
    """A pod that asks for units of one resource; `labels` None is one whose labels nobody tells."""
    by = KSM | ksm
    pod = {"namespace": namespace, "pod": name, "uid": uid or f"uid-{namespace}-{name}"}
    asked = {"node": node, "resource": resource_of(resource), "unit": "integer"}
    found = [
        series("kube_pod_container_resource_requests", scaled(values, units), container="main", **pod, **asked, **by),
        series("kube_pod_info", values, node=node, priority_class="", **pod, **by),
        *(
            series("kube_pod_status_phase", scaled(values, float(each == phase)), phase=each, **pod, **by)
            for each in ("Pending", "Running", "Succeeded", "Failed", "Unknown")
        ),
    ]
    if init is not None:
        found.append(
            series(
                "kube_pod_init_container_resource_requests",
                scaled(values, init),
                container="setup",
                **pod,
                **asked,
                **by,
            )
        )
    if labels is not None:
        told = {label_of(key): value for key, value in labels.items()}
        found.append(series("kube_pod_labels", values, **pod, **told, **by))
    return found


def a_namespace(name: str = "team-a", values: str = "1x24", /, **labels: str) -> list[Series]:
    """A namespace with the labels of its costs."""
    given = {"team": name, "cost-center": "ml", "project": "llm"} | labels
    told = {label_of(key): value for key, value in given.items()}
    return [series("kube_namespace_labels", values, namespace=name, **told, **KSM)]


def a_placeholder(node: str, values: str = "1x24") -> list[Series]:
    pod = {"namespace": keys.OWN_NAMESPACE, "pod": f"placeholder-{node}", "uid": f"placeholder-{node}"}
    return [series("kube_pod_info", values, node=node, priority_class=keys.PLACEHOLDER_PRIORITY, **pod, **KSM)]


def dcgm(
    field: str, values: str, *, node: str = "n1", uuid: str = "GPU-0", counts: str = "gpu", **labels: Any
) -> list[Series]:
    """One field of one device, as Prometheus has it after our relabelling."""
    told = {"UUID": uuid, "gpu": "0", "hostname": node, "Hostname": node, "job": "dcgm-exporter"}
    return [series(f"DCGM_FI_{field}", values, **told, mizan_series=counts, **labels)]


def scaled(values: str, by: float) -> str:
    """Values of 1 as values of another number; gaps and ends stay where they are."""
    return " ".join(_scaled(each, by) for each in values.split())


def _scaled(item: str, by: float) -> str:
    if item.startswith(("_", "stale")):
        return item
    value, repeated, times = item.partition("x")
    return f"{float(value) * by:g}{repeated}{times}"
