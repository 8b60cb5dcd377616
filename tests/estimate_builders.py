"""Stacks at round prices, so that an estimate can be worked out by hand.

A node of a2-highgpu-4g (4 GPUs, 48 vCPUs, 340 GiB) costs 10 dollars an hour on-demand, 4 as spot, 6 with flex-start.
Its host costs 48 x 0.02 + 340 x 0.002 = 0.96 + 0.68 = 1.64, so the GPU part is 1 - 1.64 / 10 = 83.6 %. A disk of
100 GiB costs 10 dollars a month, the control plane 0.10 x 730 = 73.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from mizan.capacity import CapacityType
from mizan.config import parse
from mizan.estimate import Estimate, estimate
from mizan.plan import Plan, build_plan
from mizan.prices import Basis, Price, PriceBook
from mizan.prices.hosts import HostRate
from tests.builders import TODAY, a_pool, a_queue, a_stack

AS_OF = date(2026, 11, 1)
MACHINE = "a2-highgpu-4g"
AWS_MACHINE = "g5.12xlarge"
PRICES = {
    CapacityType.ON_DEMAND: Decimal(10),
    CapacityType.SPOT: Decimal(4),
    CapacityType.FLEX_START: Decimal(6),
}
RATE = HostRate(
    provider="gcp",
    region="us-central1",
    usd_per_vcpu_hour=Decimal("0.02"),
    usd_per_gib_hour=Decimal("0.002"),
    disk_usd_per_gib_month=Decimal("0.10"),
    control_plane_usd_per_hour=Decimal("0.10"),
    as_of=AS_OF,
    basis=Basis.LISTED,
    source="test",
)
# f = 15 / 75 + 0 = 0.2: writing 15 s in every 75 s, within Google's notice of 15 s, so that no work is lost.
FIFTH_LOST = {"checkpointWriteSeconds": 15, "checkpointIntervalSeconds": 75, "restartSeconds": 0}


def a_price(kind: CapacityType, usd: Decimal | None = None, machine: str = MACHINE, **changes: Any) -> Price:
    row = Price(
        provider="gcp",
        region="us-central1",
        zone="",
        machine=machine,
        capacity_type=kind,
        usd_per_hour=PRICES[kind] if usd is None else usd,
        as_of=AS_OF,
        basis=Basis.LISTED,
        source="test",
        file="test.csv",
        line=2,
    )
    return replace(row, **changes)


def on_aws(price: Price) -> Price:
    return replace(price, provider="aws", region="us-east-1", machine=AWS_MACHINE)


def a_book(*rows: Price) -> PriceBook:
    """The rows; without any the round prices, of Google and of AWS."""
    own = [a_price(kind) for kind in PRICES]
    aws = [on_aws(price) for price in own if price.capacity_type is not CapacityType.FLEX_START]
    return PriceBook(rows or [*own, *aws])


def capacity(**nodes: int) -> list[dict[str, Any]]:
    """`capacity(spot=2, on_demand=1)` as a stack file has it."""
    return [{"type": kind.replace("_", "-"), "maxNodes": count} for kind, count in nodes.items()]


def use(hours: int = 168, percent: int = 50) -> dict[str, int]:
    return {"hoursPerWeek": hours, "utilisationPercent": percent}


def a_whole_queue(gpus: int = 12) -> dict[str, Any]:
    """A queue that leaves the capacity type to the autoscaler; spot loses a fifth of its time."""
    return a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": gpus}], workload=FIFTH_LOST)


def round_stack(**changes: Any) -> dict[str, Any]:
    """Two spot nodes and one on-demand, 12 GPUs, all in one queue; spot loses a fifth of its time."""
    return (
        a_stack(
            pools=[a_pool(meanUptimeHours=1000)],
            queues=[a_whole_queue()],
            jobs=[],
        )
        | changes
    )


def round_plan(values: dict[str, Any] | None = None, book: PriceBook | None = None, stack: str = "test") -> Plan:
    config = parse(round_stack() if values is None else values, TODAY, prices=book or a_book())
    return build_plan(stack, config)


def round_estimate(
    values: dict[str, Any] | None = None, book: PriceBook | None = None, stack: str = "test"
) -> Estimate:
    return estimate(round_plan(values, book, stack), RATE)


def one_pool(*, use: dict[str, int], stack: dict[str, Any] | None = None, **nodes: int) -> dict[str, Any]:
    """The round stack with other sizes, quota for all of it, and another use."""
    pool = a_pool(meanUptimeHours=1000, capacity=capacity(**nodes), expectedUse=use)
    return round_stack(pools=[pool], queues=[a_whole_queue(4 * sum(nodes.values()))], **(stack or {}))
