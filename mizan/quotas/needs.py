"""The quotas that a plan needs at its largest size. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from mizan.capacity import CapacityType
from mizan.catalogue import Machine
from mizan.config import CommitmentKind
from mizan.plan import CommitmentPlan, Plan
from mizan.quotas.model import GLOBAL, Purchase, QuotaNeed, QuotaRow, Unit
from mizan.quotas.table import rows_for

# Capacity that the cloud holds for its buyer counts from the day it is held, unused machines too.
# Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/capacity-reservations-concepts.html and
# https://docs.cloud.google.com/compute/docs/troubleshooting/troubleshooting-reservation-creation, read 2026-11-22.
HELD = frozenset({CommitmentKind.RESERVATION, CommitmentKind.CAPACITY_BLOCK, CommitmentKind.DWS_CALENDAR})


@dataclass(frozen=True, kw_only=True)
class Use:
    """Nodes of one machine, bought in one way, for one offer or commitment."""

    name: str
    machine: Machine
    nodes: int
    purchase: Purchase


def needs(plan: Plan) -> tuple[QuotaNeed, ...]:
    """Return every quota that the plan needs, in the order of its pools, those of all regions last.

    Each pool counts with `maxNodes` of all its capacity types: the autoscaler may have them at the same time.
    """
    found: dict[tuple[object, ...], QuotaNeed] = {}
    for use in _uses(plan):
        for need in _needs_of(use, plan.region):
            key = (need.provider, need.region, need.name, need.unit)
            found[key] = _sum(found[key], need) if key in found else need
    return tuple(sorted(found.values(), key=lambda need: need.region == GLOBAL))


def _uses(plan: Plan) -> Iterator[Use]:
    commitments = {commitment.name: commitment for commitment in plan.commitments}
    for offer in plan.offers:
        if not offer.is_committed:
            purchase = Purchase.ON_DEMAND if offer.capacity_type is CapacityType.ON_DEMAND else Purchase.SPOT
            yield Use(name=offer.name, machine=offer.machine, nodes=offer.max_nodes, purchase=purchase)
            continue
        # What only makes nodes cheaper leaves them on-demand; what holds them is counted whole below.
        held = sum(int(count) for name, count in offer.commitments.items() if commitments[name].kind in HELD)
        nodes = offer.max_nodes - held
        if nodes:
            yield Use(name=offer.name, machine=offer.machine, nodes=nodes, purchase=Purchase.ON_DEMAND)
    for commitment in plan.commitments:
        yield from _held(commitment)


def _held(commitment: CommitmentPlan) -> Iterator[Use]:
    """Yield the machines that a commitment holds, if they count against a quota."""
    if commitment.kind not in HELD or commitment.machine is None or commitment.nodes is None:
        return
    purchase = Purchase.ON_DEMAND
    if commitment.kind is CommitmentKind.CAPACITY_BLOCK and commitment.provider == "aws":
        # Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-capacity-blocks.html, read 2026-11-22:
        # they do not count against on-demand limits, but have a quota of their own.
        purchase = Purchase.CAPACITY_BLOCK
    elif commitment.kind is CommitmentKind.DWS_CALENDAR and commitment.provider == "gcp":
        # Source: https://docs.cloud.google.com/ai-hypercomputer/docs/consumption-models, read 2026-11-22:
        # "No quota is consumed."
        return
    yield Use(
        name=f"{commitment.kind} {commitment.name}",
        machine=commitment.machine,
        nodes=commitment.nodes,
        purchase=purchase,
    )


def _needs_of(use: Use, region: str) -> Iterator[QuotaNeed]:
    rows = rows_for(use.machine, use.purchase)
    for row in rows:
        yield _need(use, GLOBAL if row.is_global else region, row.unit, row)
    if all(row.is_global for row in rows):
        yield _need(use, region, Unit.VCPUS if use.machine.provider == "aws" else Unit.GPUS, None)


def _need(use: Use, region: str, unit: Unit, row: QuotaRow | None) -> QuotaNeed:
    return QuotaNeed(
        provider=use.machine.provider,
        region=region,
        row=row,
        unit=unit,
        amount=use.nodes * (use.machine.vcpus if unit is Unit.VCPUS else use.machine.gpus),
        purchases=(use.purchase,),
        users=(use.name,),
        machines=(use.machine.name,),
        standard=_standard(use, row),
    )


def _standard(use: Use, row: QuotaRow | None) -> str | None:
    """Return the quota that counts where Google has granted no preemptible one; AWS counts spot apart always."""
    if row is None or row.is_global or row.provider != "gcp" or row.purchase is not Purchase.SPOT:
        return None
    found = (each for each in rows_for(use.machine, Purchase.ON_DEMAND) if not each.is_global)
    return next((each.quota for each in found if each.unit is row.unit), None)


def _sum(one: QuotaNeed, other: QuotaNeed) -> QuotaNeed:
    return replace(
        one,
        amount=one.amount + other.amount,
        purchases=tuple(dict.fromkeys(one.purchases + other.purchases)),
        users=tuple(dict.fromkeys(one.users + other.users)),
        machines=tuple(dict.fromkeys(one.machines + other.machines)),
    )
