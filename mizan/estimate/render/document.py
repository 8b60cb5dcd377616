"""An estimate for programs: plain values under keys that stay. docs/reference/estimate-json.md names them all.

Money is text with its cents, so that no reader rounds it. No day of reading is in it: as long as stack and prices stay
and no price passes 90 days, the document stays.
"""

from mizan.estimate.amounts import Size
from mizan.estimate.budget import BudgetVerdict, Change
from mizan.estimate.commitment_model import CommitmentCost, CommitmentUse
from mizan.estimate.model import (
    CapacityTypeCost,
    Estimate,
    Note,
    NoteKind,
    StackCost,
    TeamCost,
    TeamKind,
)
from mizan.estimate.pool_model import OfferCost, PoolCost
from mizan.estimate.render import values
from mizan.estimate.render.comparison import Against
from mizan.estimate.render.values import Json
from mizan.prices import HOURS_PER_MONTH

# Raised when a key goes or changes its meaning; a new key leaves it.
VERSION = 2


def document(estimate: Estimate, verdicts: tuple[BudgetVerdict, ...] = (), against: Against | None = None) -> Json:
    """Return everything as values that JSON holds.

    Args:
        estimate: of one stack or several.
        verdicts: of all its budgets.
        against: what it is compared with; None leaves the key `comparison` null.
    """
    return {
        "version": VERSION,
        "currency": "USD",
        "hoursPerMonth": HOURS_PER_MONTH,
        "usdPerMonth": values.dollars(estimate.total),
        "usdPerHour": {size.value: str(estimate.total.per_hour(size)) for size in Size},
        "isDerived": estimate.is_derived,
        "isSplitDerived": estimate.is_split_derived,
        "derivedParts": values.derived_parts(estimate.parts.derived),
        "oldestPrice": estimate.oldest.isoformat(),
        "newestPrice": estimate.newest.isoformat(),
        "isStale": estimate.is_stale,
        "parts": values.parts(estimate.parts),
        "savings": values.savings(estimate.savings),
        "stacks": [_stack(stack) for stack in estimate.stacks],
        "pools": [_pool(pool) for pool in estimate.pools],
        "teams": [_team(team) for team in estimate.teams],
        "capacityTypes": [_capacity_type(cost) for cost in estimate.capacity_types],
        "commitments": [_commitment(cost) for cost in estimate.commitments],
        "budgets": [_verdict(verdict) for verdict in verdicts],
        # Each offer says whether its price is stale; the note counts to the day of reading.
        "notes": [_note(note) for note in estimate.notes if note.kind is not NoteKind.STALE],
        "comparison": None if against is None else _comparison(against),
    }


def summary(estimate: Estimate) -> Json:
    """Return the totals alone, under the same keys: few enough lines for a stack's outputs, which Pulumi prints."""
    teams = [team for team in estimate.teams if team.kind is TeamKind.TEAM]
    return {
        "version": VERSION,
        "currency": "USD",
        "hoursPerMonth": HOURS_PER_MONTH,
        "usdPerMonth": values.dollars(estimate.total),
        "usdPerHour": {size.value: str(estimate.total.per_hour(size)) for size in Size},
        "isDerived": estimate.is_derived,
        "oldestPrice": estimate.oldest.isoformat(),
        "newestPrice": estimate.newest.isoformat(),
        "pools": {pool.name: values.dollars(pool.total) for pool in estimate.pools},
        "derivedPools": [pool.name for pool in estimate.pools if pool.is_derived],
        "teams": {team.name: values.dollars(team.total) for team in teams},
        "derivedTeams": [team.name for team in teams if team.is_derived],
        "saved": values.money(estimate.savings.saved),
        "isSavedDerived": estimate.savings.is_saved_derived,
    }


def _stack(stack: StackCost) -> Json:
    return {
        "name": stack.name,
        "cloud": stack.cloud.value,
        "cluster": stack.cluster,
        "provider": stack.provider,
        "region": stack.region,
        "controlPlane": values.dollars(stack.control_plane),
        "isControlPlaneDerived": stack.is_control_plane_derived,
        "prometheusDisk": _prometheus_disk(stack),
        "rates": {
            "usdPerVcpuHour": values.exact(stack.rate.usd_per_vcpu_hour),
            "usdPerGibHour": values.exact(stack.rate.usd_per_gib_hour),
            "diskUsdPerGibMonth": values.exact(stack.rate.disk_usd_per_gib_month),
            "controlPlaneUsdPerHour": values.exact(stack.rate.control_plane_usd_per_hour),
            "asOf": stack.rate.as_of.isoformat(),
            "isStale": stack.is_rate_stale,
            "basis": stack.rate.basis.value,
            "borrowedFrom": stack.rate.borrowed_from,
            "source": stack.rate.source,
        },
        "oldestPrice": stack.oldest.isoformat(),
        "newestPrice": stack.newest.isoformat(),
    }


def _prometheus_disk(stack: StackCost) -> Json | None:
    disk = stack.prometheus_disk
    if disk is None:
        return None
    price = disk.usd_per_gib_month
    return {
        "gib": disk.gib,
        "storageClass": disk.storage_class,
        "usdPerGibMonth": None if price is None else values.exact(price),
        "usdPerMonth": values.dollars_or_none(disk.usd_per_month),
        "isDerived": stack.is_prometheus_disk_derived,
    }


def _pool(pool: PoolCost) -> Json:
    return {
        "stack": pool.stack,
        "name": pool.name,
        "machine": pool.machine,
        "gpu": pool.gpu,
        "gpusPerNode": pool.gpus_per_node,
        "maxNodes": pool.max_nodes,
        "expectedNodes": values.number(pool.expected_nodes),
        "undoneNodes": values.number(pool.undone_nodes),
        "hoursPerWeek": pool.hours_per_week,
        "utilisationPercent": pool.utilisation_percent,
        "diskGib": pool.disk_gib,
        "usdPerMonth": values.dollars(pool.total),
        "parts": values.node_parts(pool.parts),
        "isDerived": pool.is_derived,
        "isSplitDerived": pool.is_split_derived,
        "derivedParts": values.derived_parts(pool.parts.derived),
        "isStale": pool.is_stale,
        "onDemand": None if pool.on_demand is None else values.price(pool.on_demand),
        "savings": values.savings(pool.savings),
        "offers": [_offer(offer) for offer in pool.offers],
        "leftOut": [{"capacityType": each.capacity_type.value, "reason": each.reason} for each in pool.left_out],
    }


def _offer(offer: OfferCost) -> Json:
    return {
        "name": offer.name,
        "capacityType": offer.capacity_type.value,
        "minNodes": offer.min_nodes,
        "maxNodes": offer.max_nodes,
        "expectedNodes": values.number(offer.expected_nodes),
        "lostShare": values.number(offer.lost_share),
        "isFeasible": offer.is_feasible,
        "commitments": {name: values.number(nodes) for name, nodes in offer.commitments.items()},
        "price": values.price(offer.price),
        "usdPerMonth": values.dollars(offer.total),
        "parts": values.node_parts(offer.parts),
        "isDerived": offer.is_derived,
        "isSplitDerived": offer.is_split_derived,
        "derivedParts": values.derived_parts(offer.parts.derived),
        "isStale": offer.is_stale,
    }


def _team(team: TeamCost) -> Json:
    return {
        "kind": team.kind.value,
        "name": team.name,
        "usdPerMonth": values.dollars(team.total),
        "parts": values.parts(team.parts),
        "pools": [
            {
                "stack": pool.stack,
                "pool": pool.pool,
                "usdPerMonth": values.dollars(pool.total),
                "isDerived": pool.is_derived,
            }
            for pool in team.pools
        ],
        "isDerived": team.is_derived,
        "derivedParts": values.derived_parts(team.parts.derived),
    }


def _capacity_type(cost: CapacityTypeCost) -> Json:
    return {
        "capacityType": cost.kind.value,
        "maxNodes": cost.max_nodes,
        "expectedNodes": values.number(cost.expected_nodes),
        "usdPerMonth": values.dollars(cost.total),
        "parts": values.parts(cost.parts),
        "isDerived": cost.is_derived,
        "derivedParts": values.derived_parts(cost.parts.derived),
    }


def _commitment(cost: CommitmentCost) -> Json:
    return {
        "stack": cost.stack,
        "name": cost.name,
        "kind": cost.kind.value,
        "machine": cost.machine,
        "nodes": cost.nodes,
        "usdPerHour": values.exact(cost.usd_per_hour),
        "discount": None if cost.discount is None else values.number(cost.discount),
        "source": cost.source,
        "asOf": None if cost.as_of is None else cost.as_of.isoformat(),
        "basis": None if cost.basis is None else cost.basis.value,
        "isStale": cost.is_stale,
        "until": None if cost.until is None else cost.until.isoformat(),
        "paid": values.money(cost.paid),
        "isDerived": cost.is_derived,
        "expected": _use(cost.expected),
        "maximum": _use(cost.maximum),
    }


def _use(use: CommitmentUse) -> Json:
    return {
        "nodes": values.number(use.nodes),
        "nodeHours": values.number(use.node_hours),
        "used": values.money(use.used),
        "isUsedDerived": use.is_used_derived,
        "unused": values.money(use.unused),
        "isUnusedDerived": use.is_unused_derived,
        "onDemand": values.money(use.on_demand),
        "isOnDemandDerived": use.is_on_demand_derived,
        "coverage": None if use.coverage is None else values.number(use.coverage),
        "utilisation": values.number(use.utilisation),
    }


def _verdict(verdict: BudgetVerdict) -> Json:
    return {
        "subject": verdict.subject.value,
        "stack": verdict.stack,
        "name": verdict.name,
        "level": verdict.level.value,
        "on": verdict.on.value,
        "budget": values.money(verdict.budget),
        "advisoryPercent": verdict.advisory_percent,
        "spent": values.money(verdict.spent),
        "isDerived": verdict.is_derived,
        "costliest": [
            {"pool": pool.pool, "usdPerMonth": values.money(pool.usd_per_month), "isDerived": pool.is_derived}
            for pool in verdict.costliest
        ],
        "changes": [_change(change, verdict) for change in verdict.changes],
        "together": [_change(change, verdict) for change in verdict.together],
    }


def _change(change: Change, verdict: BudgetVerdict) -> Json:
    return {
        "text": change.text,
        "usdPerMonth": values.money(change.usd_per_month),
        "isDerived": verdict.is_derived,
    }


def _note(note: Note) -> Json:
    return {"kind": note.kind.value, "stack": note.stack, "about": note.about, "text": note.text}


def _comparison(against: Against) -> Json:
    comparison = against.comparison
    return {
        "with": against.name,
        "before": values.dollars_or_none(comparison.before),
        "after": values.dollars(comparison.after),
        "difference": values.dollars(comparison.difference),
        "isDerived": any(line.is_derived for line in comparison.lines),
        "lines": [
            {
                "kind": line.kind.value,
                "stack": line.stack,
                "name": line.name,
                "before": values.dollars_or_none(line.before),
                "after": values.dollars_or_none(line.after),
                "difference": values.dollars(line.difference),
                "isDerived": line.is_derived,
                "reasons": list(line.reasons),
            }
            for line in comparison.lines
        ],
        "notes": list(against.notes),
    }
