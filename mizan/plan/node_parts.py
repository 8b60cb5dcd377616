"""Which part of a node's price is paid for its GPUs.

The host part of a machine is what its vCPUs and memory cost in a machine without GPU of the same provider and region;
the GPU part is the rest of its on-demand price. Spot, flex-start and committed nodes are cut in the same proportion,
since no list tells the two apart there. Where no on-demand price is known the offer's own price stands in; where the
host would cost more than the machine the GPU part is 0.
"""

from decimal import Decimal

from mizan.catalogue import Machine
from mizan.plan.model import Offer, PoolPlan
from mizan.prices import HostRate, Price


def host_usd_per_hour(machine: Machine, rate: HostRate) -> Decimal:
    """Return what a machine of the same size costs without GPU."""
    return machine.vcpus * rate.usd_per_vcpu_hour + machine.memory_gib * rate.usd_per_gib_hour


def gpu_share(pool: PoolPlan, offer: Offer, rate: HostRate) -> Decimal:
    """Return the share of a node's price that is paid for its GPUs, 0 to 1."""
    return gpu_share_of(offer.machine, on_demand_price(pool, offer), rate)


def gpu_share_of(machine: Machine, on_demand: Price, rate: HostRate) -> Decimal:
    """Return the same of any machine.

    Args:
        machine: with GPUs.
        on_demand: what it costs on-demand; where that is unknown, any other price of it.
        rate: of hosts of the same provider and region.
    """
    return max(Decimal(0), 1 - host_usd_per_hour(machine, rate) / on_demand.usd_per_hour)


def on_demand_price(pool: PoolPlan, offer: Offer) -> Price:
    """Return what an offer's machine costs on-demand; its own price where that is unknown."""
    return pool.on_demand or offer.price
