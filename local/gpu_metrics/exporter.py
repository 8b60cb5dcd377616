"""One step of the exporter: from what the cluster holds to what Prometheus reads."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from local.gpu_metrics.counters import Counters
from local.gpu_metrics.dcgm import dcgm_families
from local.gpu_metrics.exposition import Family
from local.gpu_metrics.faults import is_understood
from local.gpu_metrics.fleet import Fleet
from local.gpu_metrics.gpus import gpus_of
from local.gpu_metrics.holdings import Holdings, held
from local.gpu_metrics.objects import Cluster
from local.gpu_metrics.opencost import opencost_families
from local.gpu_metrics.profiles import behaviour
from mizan import keys


@dataclass(frozen=True, kw_only=True)
class Memory:
    """What an exporter knows from before."""

    holdings: Holdings = field(default_factory=dict)
    counters: Counters = field(default_factory=Counters)


@dataclass(frozen=True, kw_only=True)
class Told:
    """What Prometheus reads, by the exporter that would tell it of real nodes."""

    dcgm: tuple[Family, ...]
    opencost: tuple[Family, ...]


def step(memory: Memory, cluster: Cluster, fleet: Fleet, now: float) -> tuple[Memory, Told]:
    """Return what is known and what is told at an instant.

    Args:
        memory: of the step before.
        cluster: as it is now.
        fleet: what its nodes have and cost.
        now: unix seconds.
    """
    holdings = held(memory.holdings, cluster, fleet)
    gpus = tuple(gpus_of(cluster, fleet, holdings, now))
    counters = memory.counters.advanced(gpus, now)
    told = Told(dcgm=tuple(dcgm_families(gpus, counters, fleet)), opencost=tuple(opencost_families(cluster, fleet)))
    return Memory(holdings=holdings, counters=counters), told


def not_understood(cluster: Cluster) -> Iterator[str]:
    """Yield a sentence for each annotation that says nothing to the exporter."""
    for pod in cluster.pods:
        if behaviour(asked := pod.annotations.get(keys.SIMULATED_GPU_PROFILE)) is None:
            yield _sentence(f"pod {pod.namespace}/{pod.name}", keys.SIMULATED_GPU_PROFILE, asked, "counts as busy")
    for node in cluster.nodes:
        if not is_understood(asked := node.annotations.get(keys.SIMULATED_GPU_FAULTS)):
            yield _sentence(
                f"node {node.name}", keys.SIMULATED_GPU_FAULTS, asked, "is left out as far as it is unknown"
            )


def _sentence(where: str, key: str, value: str | None, does: str) -> str:
    return f"{where}: {key} {value!r} {does}; see local/gpu_metrics"
