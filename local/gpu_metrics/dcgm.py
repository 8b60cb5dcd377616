"""The series of DCGM's exporter, with the pods that it finds for each.

**One pod for each GPU.** The pod's name and its labels, those that the allow-list names, are written into the series.

**Pods that share GPUs.** Told to look for all pods of a GPU, the exporter does so on every node: GPU_UTIL and FB_USED
are there once for the GPU and once for each container that has it, with its pod's part; every other field is there
once for each container, with the GPU's value each time. Labels of pods it does not write then.

**Claimed devices.** A series for each container that has the GPU, with the claim and without labels of the pod. An
instance is not found: the claim leads to the UUID of its GPU, and the series is looked for by the instance's number.
Nor is anything that was claimed where the exporter looks for sharing pods.

Source: NVIDIA/dcgm-exporter@4.5.3-4.8.2 internal/pkg/transformation/kubernetes.go and process_metrics.go,
internal/pkg/collector/gpu_collector.go, internal/pkg/rendermetrics/render_metrics.go. The label `hostname` is of the
next version, https://github.com/NVIDIA/dcgm-exporter/pull/655.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from local.gpu_metrics.counters import Counters
from local.gpu_metrics.exposition import Family, Sample
from local.gpu_metrics.fleet import Fleet
from local.gpu_metrics.gpus import Gpu, Part, User
from local.gpu_metrics.objects import Pod
from local.gpu_metrics.readings import measured, percent
from mizan import keys
from mizan.metrics.dcgm import COUNTERS

_XID = "DCGM_FI_DEV_XID_ERRORS"
_UTIL = "DCGM_FI_DEV_GPU_UTIL"
_PER_PROCESS = frozenset({_UTIL, "DCGM_FI_DEV_FB_USED"})

# Source: NVIDIA/dcgm-exporter@4.5.3-4.8.2 internal/pkg/collector/xid_errors.go, those that are injected most.
_XID_TEXT: Mapping[int, str] = MappingProxyType(
    {
        0: "No Error",
        13: "Graphics Engine Exception",
        31: "GPU memory page fault",
        48: "Double Bit ECC Error",
        63: "ECC page retirement or row remapping recording event",
        79: "GPU has fallen off the bus",
        94: "Contained ECC error",
        95: "Uncontained ECC error",
    }
)
_UNKNOWN_XID = "Unknown Error"

# Where the first GPU is on the PCI bus of a simulated node.
_FIRST_BUS = 4

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")

Labels = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Series:
    """What DCGM tells before anybody looks for pods: one field of one part of a GPU."""

    field: str
    part: Part
    labels: Labels
    value: float

    def of(self, labels: Labels, value: float | None = None) -> Sample:
        """Return it with labels more, which win, and perhaps another value."""
        return Sample(labels={**self.labels, **labels}, value=self.value if value is None else value)


def dcgm_families(gpus: Sequence[Gpu], counters: Counters, fleet: Fleet) -> Iterator[Family]:
    """Yield a family for each of our counters, as the exporters of all nodes tell it."""
    allowed = tuple(re.compile(pattern) for pattern in fleet.pod_labels)
    found = [
        (gpu, part, _labels(gpu, part), {**measured(gpu, part), **counters.values[gpu.uuid]})
        for gpu in gpus
        for part in gpu.parts
    ]
    for counter in COUNTERS:
        series = (
            _Series(
                field=counter.field,
                part=part,
                labels={**labels, **_xid(counter.field, gpu)},
                value=values[counter.field],
            )
            for gpu, part, labels, values in found
            if counter.field in values
        )
        samples = tuple(
            sample
            for one in series
            for sample in (_of_sharing_pods(one) if fleet.finds_sharing_pods else _of_one_pod(one, allowed))
        )
        yield Family(name=counter.field, type=counter.type.value, help=counter.help, samples=samples)


def _of_one_pod(series: _Series, allowed: Sequence[re.Pattern[str]]) -> Iterator[Sample]:
    """Yield a series with the pod that has the GPU, the last where there are several, or with each that claimed it."""
    users = [user for user in series.part.users if user.claim is None]
    claiming = [user for user in series.part.users if user.claim is not None and series.part.profile is None]
    if users:
        yield series.of({**_pod_labels(users[-1].pod, allowed), **_pod(users[-1], has_uid=True)})
        return
    for user in claiming:
        yield series.of({**_pod(user, has_uid=False), **_claim(user)})
    if not claiming:
        yield series.of({})


def _of_sharing_pods(series: _Series) -> Iterator[Sample]:
    """Yield a series once for each container that has a part, with the pod's own value where it is told by process."""
    users = [user for user in series.part.users if user.claim is None]
    is_per_process = series.field in _PER_PROCESS
    if is_per_process or not users:
        yield series.of({})
    for user in users:
        labels = {**_pod(user, has_uid=True), **({} if user.copy is None else {"vgpu": str(user.copy)})}
        yield series.of(labels, _of_process(series, user.pod) if is_per_process else None)


def _of_process(series: _Series, pod: Pod) -> float:
    part = series.part
    return percent(part.compute_of(pod.uid)) if series.field == _UTIL else part.memory_of(pod.uid)


def _labels(gpu: Gpu, part: Part) -> Labels:
    is_cut = part.profile is not None
    return {
        "gpu": str(gpu.index),
        "UUID": gpu.uuid,
        "pci_bus_id": f"00000000:{_FIRST_BUS + gpu.index:02X}:00.0",
        "device": f"nvidia{gpu.index}",
        # The node's label has dashes for blanks, of which the first is sure to be one.
        "modelName": gpu.node.labels.get(keys.GPU_PRODUCT, "").replace("-", " ", 1),
        **({"GPU_I_PROFILE": str(part.profile), "GPU_I_ID": str(part.instance)} if is_cut else {}),
        "hostname": gpu.node.name,
    }


def _xid(field: str, gpu: Gpu) -> Labels:
    """Return what the exporter writes beside the number of an XID error, and beside no other field."""
    if field != _XID:
        return {}
    number = gpu.faults.xid
    return {"err_code": str(number), "err_msg": _XID_TEXT.get(number, _UNKNOWN_XID)}


def _pod(user: User, *, has_uid: bool) -> Labels:
    pod = user.pod
    uid = {"pod_uid": pod.uid} if has_uid else {}
    return {"pod": pod.name, "namespace": pod.namespace, "container": user.container, **uid}


def _pod_labels(pod: Pod, allowed: Sequence[re.Pattern[str]]) -> Labels:
    """Return the labels of a pod that are allowed, none under a name of the series' own."""
    named = ((name, value) for name, value in pod.labels.items() if any(each.search(name) for each in allowed))
    return {_NOT_IN_NAMES.sub("_", name): value for name, value in named}


def _claim(user: User) -> Labels:
    claim = user.claim
    if claim is None:
        return {}
    return {
        "dra_claim_name": claim.name,
        "dra_claim_namespace": claim.namespace,
        "dra_driver_name": keys.NVIDIA_DRA_DRIVER,
        "dra_pool_name": user.pod.node,
        "dra_device_name": claim.device,
    }
