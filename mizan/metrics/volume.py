"""How many series a stack makes at its largest size, and the disk and memory that a Prometheus needs for them.

An estimate from above, of a cluster in which every pool is full and every unit of a GPU has its pod:

    GPUs        counters of DCGM x GPUs, of shared GPUs x units: each pod that shares one repeats them; where any pool
                has GPUs that pods take turns on, 2 a GPU more, which are told of the GPU and of each pod
    nodes       800 + 22 x vCPUs: node exporter, kubelet and kube-state-metrics
    pods        180 x (units + 12 a GPU node + 20 a system node): cAdvisor, kube-state-metrics and our own rules
    namespaces  60 x teams: kube-state-metrics, Kueue and our own rules
    dollars     16 x 5 x teams x offers, never more than 16 x units: our own rules
    cluster     60,000: API server, operators and the rules of the chart

    samples a second = series / seconds between two scrapes
    disk   = samples a second x 2 bytes x retention, and half as much again
    memory = series x 10 KiB + 0.5 GiB

The 2 bytes are the upper end of what Prometheus itself reckons with. Series that come and go, as pods do, stay in
memory for up to three hours; that is in the 10 KiB, of which a series that stays takes a third (docs/benchmarks.md).
Dollars are 8 series, each for GPUs and hosts, of whoever pays: a team's pods are of 5 kinds by queue, type of work and
cost center, on every offer.
Source: https://prometheus.io/docs/prometheus/latest/storage/, Operational aspects, read 2026-11-23. The counts for each
node, pod and cluster are rounded up: kube-state-metrics 2.18 tells 36 series of a node and 48 of a pod, our rules write
14 and 7; the rest is what node exporter 1.12 and cAdvisor name for one, who have no published figure.
"""

from dataclasses import dataclass
from math import ceil

from mizan.metrics.dcgm import COUNTERS
from mizan.plan import Offer, Plan
from mizan.sharing import SharingMode

_SCRAPE_SECONDS = 30
"""Between two scrapes of everything but GPUs, of which the stack may ask for another."""

_OF_A_NODE = 800
_OF_A_VCPU = 22
_OF_A_POD = 180
_OF_A_NAMESPACE = 60
_OF_DOLLARS = 16
_OWNERS_OF_A_TEAM = 5
# GPU_UTIL and FB_USED, as mizan/manifests/dcgm_monitors.py says.
_TOLD_TWICE = 2
_OF_A_CLUSTER = 60_000
# Driver, toolkit, device plugin, exporters and the like; as the quota of mizan/manifests/gpu_operator.py counts them.
_SYSTEM_PODS_OF_A_GPU_NODE = 12
_PODS_OF_A_SYSTEM_NODE = 20
# In a cluster that the stack does not make nobody says how many there are.
_SYSTEM_NODES_ELSEWHERE = 3
_VCPUS_OF_A_SYSTEM_NODE = 8

_BYTES_A_SAMPLE = 2
_DISK_RESERVE = 1.5
_LEAST_DISK_GIB = 20
_BYTES_A_SERIES = 10 * 1024
_LEAST_MEMORY_MIB = 512
_GIB = 1024**3
_MIB = 1024**2
_DAY_SECONDS = 86_400


@dataclass(frozen=True, kw_only=True)
class Volume:
    """What a Prometheus has to hold of a stack at its largest size.

    Attributes:
        gpu_series: what GPUs are measured by.
        other_series: everything else.
        gpu_interval_seconds: between two scrapes of GPUs.
    """

    gpu_series: int
    other_series: int
    gpu_interval_seconds: int = _SCRAPE_SECONDS

    @property
    def series(self) -> int:
        """Return all of them."""
        return self.gpu_series + self.other_series

    @property
    def samples_per_second(self) -> float:
        """Return how many samples are written."""
        return self.gpu_series / self.gpu_interval_seconds + self.other_series / _SCRAPE_SECONDS

    @property
    def memory_mib(self) -> int:
        """Return the memory of a Prometheus that holds them, in steps of 256 MiB."""
        return ceil((_LEAST_MEMORY_MIB + self.series * _BYTES_A_SERIES / _MIB) / 256) * 256

    def disk_gib(self, days: int) -> int:
        """Return the size of its volume when samples are kept for `days`, in steps of 10 GiB."""
        needed = self.samples_per_second * _BYTES_A_SAMPLE * days * _DAY_SECONDS * _DISK_RESERVE / _GIB
        return max(_LEAST_DISK_GIB, ceil(needed / 10) * 10)


def volume_of(plan: Plan) -> Volume:
    """Return what a Prometheus has to hold of a stack at its largest size."""
    gpu_nodes = sum(offer.max_nodes for offer in plan.offers)
    gpu_vcpus = sum(offer.max_nodes * offer.machine.vcpus for offer in plan.offers)
    system_nodes = _system_nodes(plan)
    units = sum(offer.max_units for offer in plan.offers)
    dollars = _OF_DOLLARS * min(units, _OWNERS_OF_A_TEAM * len(plan.teams) * len(plan.offers))
    pods = units + _SYSTEM_PODS_OF_A_GPU_NODE * gpu_nodes + _PODS_OF_A_SYSTEM_NODE * system_nodes
    exporter = plan.dcgm_exporter
    return Volume(
        gpu_series=len(COUNTERS) * sum(_measured(offer) for offer in plan.offers) + _told_twice(plan),
        other_series=_OF_A_CLUSTER
        + _OF_A_NODE * (gpu_nodes + system_nodes)
        + _OF_A_VCPU * (gpu_vcpus + _VCPUS_OF_A_SYSTEM_NODE * system_nodes)
        + _OF_A_POD * pods
        + _OF_A_NAMESPACE * len(plan.teams)
        + dollars,
        gpu_interval_seconds=exporter.scrape_interval_seconds if exporter else _SCRAPE_SECONDS,
    )


def _measured(offer: Offer) -> int:
    """Return how many times the counters are there for an offer's nodes."""
    gpus = offer.max_nodes * offer.machine.gpus
    return gpus if offer.sharing.mode is SharingMode.NONE else max(gpus, offer.max_units)


def _told_twice(plan: Plan) -> int:
    """Return what an exporter that looks for all pods of a GPU tells of each GPU beside what it tells of its pods."""
    has_turns = any(offer.sharing.replicas > 1 for offer in plan.offers)
    return _TOLD_TWICE * sum(offer.max_nodes * offer.machine.gpus for offer in plan.offers) if has_turns else 0


def _system_nodes(plan: Plan) -> int:
    if plan.gke is not None:
        return plan.gke.system_pool.max_nodes
    return plan.eks.system_pool.max_nodes if plan.eks is not None else _SYSTEM_NODES_ELSEWHERE
