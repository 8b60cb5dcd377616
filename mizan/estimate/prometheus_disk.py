"""What the disk of a stack's Prometheus costs: the one thing of monitoring that is bought by itself.

Its kind is known where the stack makes the cluster and names no StorageClass: balanced on GKE, whose own default class
has it, and gp3 on EKS (mizan/manifests/prometheus.py). These are what rates of disks are of. What any other disk costs
nobody here knows, and it is told so: a sum that took it for 0 would be too low.
Source: https://docs.cloud.google.com/kubernetes-engine/docs/concepts/persistent-volumes, StorageClasses.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from mizan.config import Cloud
from mizan.estimate.amounts import NOTHING, ZERO, Dollars
from mizan.estimate.tariff import cents
from mizan.metrics.disk import prometheus_disk
from mizan.plan import Plan, PoolPlan
from mizan.prices.hosts import HostRate

_OF_A_KNOWN_KIND = (Cloud.GKE, Cloud.EKS)


@dataclass(frozen=True, kw_only=True)
class PrometheusDiskCost:
    """A disk and its price.

    Attributes:
        gib: its size.
        storage_class: that the stack names; None where it names none.
        usd_per_gib_month: None where its kind, and so its price, is unknown.
    """

    gib: int
    storage_class: str | None
    usd_per_gib_month: Decimal | None

    @property
    def usd_per_month(self) -> Dollars | None:
        """Return what it costs, the same at every size; None where that is unknown."""
        if self.usd_per_gib_month is None:
            return None
        usd = cents(self.gib * self.usd_per_gib_month)
        return Dollars(minimum=usd, expected=usd, maximum=usd)


def prometheus_disk_cost(plan: Plan, rate: HostRate) -> PrometheusDiskCost | None:
    """Return the disk of a stack's Prometheus with its price; None where the stack installs none.

    Args:
        plan: of the stack.
        rate: of its region.
    """
    disk = prometheus_disk(plan)
    if disk is None:
        return None
    is_known = plan.cloud in _OF_A_KNOWN_KIND and disk.storage_class is None
    return PrometheusDiskCost(
        gib=disk.gib,
        storage_class=disk.storage_class,
        usd_per_gib_month=rate.disk_usd_per_gib_month if is_known else None,
    )


def change_with(plan: Plan, rate: HostRate, changed: dict[str, PoolPlan | None]) -> Decimal:
    """Return what the disk costs more a month with other pools, as its size is computed from theirs.

    Args:
        plan: of the stack.
        rate: of its region.
        changed: pools by name; None is one that is gone.
    """
    before = _expected(plan, rate)
    if not before:
        return NOTHING
    kept = (changed.get(pool.name, pool) for pool in plan.pools)
    after = replace(plan, pools=tuple(pool for pool in kept if pool is not None))
    return _expected(after, rate) - before


def _expected(plan: Plan, rate: HostRate) -> Decimal:
    cost = prometheus_disk_cost(plan, rate)
    return ((cost.usd_per_month if cost is not None else None) or ZERO).expected
