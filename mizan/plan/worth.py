"""What an hour of useful work costs on an offer that can be taken back: Young's and Daly's arithmetic."""

from dataclasses import dataclass
from decimal import Decimal

from mizan.catalogue import Provider
from mizan.config import Cloud

SECONDS_PER_HOUR = 3600

# What a pod has from a spot notice to its end.
# AWS tells 120 s before. Karpenter gives a node 90 of them to drain (mizan/manifests/karpenter.py), and deletes a pod
# without evicting it where its own time would not end within those; 30 s are left for that.
# Google tells 30 s before, of which a pod gets 15 and the system's own pods the rest. GKE makes it 120, on nodes that
# ask for it (mizan/clouds/gcp/node_pools.py); 15 are the system's there too.
# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html, read 2026-11-22;
# https://docs.cloud.google.com/kubernetes-engine/docs/concepts/spot-vms, read 2026-11-23;
# kubernetes-sigs/karpenter@v1.14.1 pkg/controllers/node/termination/terminator/terminator.go, Drain.
NOTICE_SECONDS = {"aws": 60, "gcp": 15}
NOTICE_SECONDS_ON_GKE = 105


def notice_seconds(cloud: Cloud, provider: Provider) -> int:
    """Return what a pod has from a spot notice to its end, to save itself."""
    return NOTICE_SECONDS_ON_GKE if cloud is Cloud.GKE else NOTICE_SECONDS[provider]


@dataclass(frozen=True, kw_only=True)
class Loss:
    """What interruptions cost a workload.

    Attributes:
        share: of the time that is lost, 0 and above; from 1 on no work is done at all.
        interval_seconds: between two checkpoints.
        uptime_hours: of the whole workload, which one lost node interrupts.
    """

    share: Decimal
    interval_seconds: Decimal
    uptime_hours: Decimal

    @property
    def is_feasible(self) -> bool:
        """Return whether any work is left."""
        return self.share < 1


def best_interval(write_seconds: Decimal, uptime_hours: Decimal) -> Decimal:
    """Return the seconds between two checkpoints that lose least: sqrt(2 C M).

    Source: J. W. Young, A first order approximation to the optimum checkpoint interval, CACM 17 (1974) 530;
    J. T. Daly, A higher order estimate of the optimum checkpoint interval, FGCS 22 (2006) 303, equation 13.

    Args:
        write_seconds: C, to write one checkpoint.
        uptime_hours: M, mean time between two interruptions of the workload.
    """
    return (2 * write_seconds * uptime_hours * SECONDS_PER_HOUR).sqrt()


def loss(
    *,
    nodes: int,
    uptime_hours: Decimal,
    write_seconds: int,
    restart_seconds: int,
    notice_seconds: int,
    interval_seconds: int | None,
) -> Loss:
    """Return what interruptions cost: f = C / tau + (L + R) / M.

    L, the work since the last checkpoint, is tau / 2 on average, and nothing where a checkpoint can be written within
    the notice. Time is lost to writing (C in every tau) and, once every M, to L and to R.

    Args:
        nodes: n, of which each is interrupted on its own: M = uptime_hours / n.
        uptime_hours: mean up-time of one node.
        write_seconds: C.
        restart_seconds: R.
        notice_seconds: N, between the notice and the end.
        interval_seconds: tau; None takes the best.
    """
    together = uptime_hours / nodes
    write = Decimal(write_seconds)
    interval = best_interval(write, together) if interval_seconds is None else Decimal(interval_seconds)
    lost = Decimal(0) if write_seconds <= notice_seconds else interval / 2
    share = write / interval + (lost + restart_seconds) / (together * SECONDS_PER_HOUR)
    return Loss(share=share, interval_seconds=interval, uptime_hours=together)
