"""An estimate for programs: plain values under keys that stay. docs/reference/estimate-json.md names them all.

Money is text with its cents, so that no reader rounds it. No day of reading is in it: as long as stack and prices stay
and no price passes 90 days, the document stays.
"""

from decimal import Decimal
from pathlib import PurePath
from typing import Any

from mizan.estimate.amounts import Dollars, Parts, Savings, Size
from mizan.estimate.budget import BudgetVerdict, Change
from mizan.estimate.model import (
    CapacityTypeCost,
    CommitmentCost,
    CommitmentUse,
    Estimate,
    Note,
    NoteKind,
    StackCost,
    TeamCost,
    TeamKind,
)
from mizan.estimate.pool_model import OfferCost, PoolCost
from mizan.estimate.render.comparison import Against
from mizan.prices import HOURS_PER_MONTH, Price

Json = dict[str, Any]

# Raised when a key goes or changes its meaning; a new key leaves it.
VERSION = 1


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
        "usdPerMonth": _dollars(estimate.total),
        "usdPerHour": {size.value: str(estimate.total.per_hour(size)) for size in Size},
        "isDerived": estimate.is_derived,
        "isSplitDerived": estimate.is_split_derived,
        "oldestPrice": estimate.oldest.isoformat(),
        "newestPrice": estimate.newest.isoformat(),
        "parts": _parts(estimate.parts),
        "savings": _savings(estimate.savings),
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
    return {
        "version": VERSION,
        "currency": "USD",
        "hoursPerMonth": HOURS_PER_MONTH,
        "usdPerMonth": _dollars(estimate.total),
        "usdPerHour": {size.value: str(estimate.total.per_hour(size)) for size in Size},
        "isDerived": estimate.is_derived,
        "oldestPrice": estimate.oldest.isoformat(),
        "newestPrice": estimate.newest.isoformat(),
        "pools": {pool.name: _dollars(pool.total) for pool in estimate.pools},
        "teams": {team.name: _dollars(team.total) for team in estimate.teams if team.kind is TeamKind.TEAM},
        "saved": _money(estimate.savings.saved),
    }


def _dollars(amount: Dollars) -> Json:
    return {size.value: _money(amount.at(size)) for size in Size}


def _money(amount: Decimal) -> str:
    return f"{amount + 0:.2f}"


def _exact(amount: Decimal) -> str:
    """Return a rate with every digit that it has."""
    return f"{amount:f}"


def _number(of: Decimal) -> int | float:
    """Return a mean number of nodes, or a share of 0 to 1, to four places."""
    rounded = round(of, 4)
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)


def _parts(parts: Parts) -> Json:
    return {
        "gpu": _dollars(parts.gpu),
        "host": _dollars(parts.host),
        "disk": _dollars(parts.disk),
        "controlPlane": _dollars(parts.control_plane),
        "unusedCommitments": _dollars(parts.unused_commitments),
    }


def _savings(savings: Savings) -> Json:
    return {
        "baseline": _money(savings.baseline),
        "steps": [{"step": line.kind.value, "usdPerMonth": _money(line.usd_per_month)} for line in savings.lines],
        "expected": _money(savings.expected),
        "saved": _money(savings.saved),
    }


def _stack(stack: StackCost) -> Json:
    return {
        "name": stack.name,
        "cloud": stack.cloud.value,
        "cluster": stack.cluster,
        "provider": stack.provider,
        "region": stack.region,
        "controlPlane": _dollars(stack.control_plane),
        "rates": {
            "usdPerVcpuHour": _exact(stack.rate.usd_per_vcpu_hour),
            "usdPerGibHour": _exact(stack.rate.usd_per_gib_hour),
            "diskUsdPerGibMonth": _exact(stack.rate.disk_usd_per_gib_month),
            "controlPlaneUsdPerHour": _exact(stack.rate.control_plane_usd_per_hour),
            "asOf": stack.rate.as_of.isoformat(),
            "basis": stack.rate.basis.value,
            "source": stack.rate.source,
        },
        "oldestPrice": stack.oldest.isoformat(),
        "newestPrice": stack.newest.isoformat(),
    }


def _pool(pool: PoolCost) -> Json:
    return {
        "stack": pool.stack,
        "name": pool.name,
        "machine": pool.machine,
        "gpu": pool.gpu,
        "gpusPerNode": pool.gpus_per_node,
        "maxNodes": pool.max_nodes,
        "expectedNodes": _number(pool.expected_nodes),
        "undoneNodes": _number(pool.undone_nodes),
        "hoursPerWeek": pool.hours_per_week,
        "utilisationPercent": pool.utilisation_percent,
        "diskGib": pool.disk_gib,
        "usdPerMonth": _dollars(pool.total),
        "parts": _node_parts(pool.parts),
        "isDerived": pool.is_derived,
        "isSplitDerived": pool.is_split_derived,
        "isStale": pool.is_stale,
        "savings": _savings(pool.savings),
        "offers": [_offer(offer) for offer in pool.offers],
        "leftOut": [{"capacityType": each.capacity_type.value, "reason": each.reason} for each in pool.left_out],
    }


def _node_parts(parts: Parts) -> Json:
    """Return the parts that nodes have; the other two are nobody's alone."""
    return {"gpu": _dollars(parts.gpu), "host": _dollars(parts.host), "disk": _dollars(parts.disk)}


def _offer(offer: OfferCost) -> Json:
    return {
        "name": offer.name,
        "capacityType": offer.capacity_type.value,
        "maxNodes": offer.max_nodes,
        "expectedNodes": _number(offer.expected_nodes),
        "lostShare": _number(offer.lost_share),
        "isFeasible": offer.is_feasible,
        "commitments": dict(offer.commitments),
        "price": _price(offer.price),
        "usdPerMonth": _dollars(offer.total),
        "parts": _node_parts(offer.parts),
        "isDerived": offer.is_derived,
        "isSplitDerived": offer.is_split_derived,
        "isStale": offer.is_stale,
    }


def _price(price: Price) -> Json:
    return {
        "usdPerHour": _exact(price.usd_per_hour),
        "asOf": price.as_of.isoformat(),
        "basis": price.basis.value,
        "source": price.source,
        # A path of one machine would make the document another on each.
        "file": PurePath(price.file).name if PurePath(price.file).is_absolute() else price.file,
        "line": price.line,
    }


def _team(team: TeamCost) -> Json:
    return {
        "kind": team.kind.value,
        "name": team.name,
        "usdPerMonth": _dollars(team.total),
        "parts": _parts(team.parts),
        "pools": [{"stack": pool.stack, "pool": pool.pool, "usdPerMonth": _dollars(pool.total)} for pool in team.pools],
        "isDerived": team.is_derived,
    }


def _capacity_type(cost: CapacityTypeCost) -> Json:
    return {
        "capacityType": cost.kind.value,
        "maxNodes": cost.max_nodes,
        "expectedNodes": _number(cost.expected_nodes),
        "usdPerMonth": _dollars(cost.total),
        "parts": _parts(cost.parts),
        "isDerived": cost.is_derived,
    }


def _commitment(cost: CommitmentCost) -> Json:
    return {
        "stack": cost.stack,
        "name": cost.name,
        "kind": cost.kind.value,
        "machine": cost.machine,
        "nodes": cost.nodes,
        "usdPerHour": _exact(cost.usd_per_hour),
        "discount": None if cost.discount is None else _number(cost.discount),
        "source": cost.source,
        "paid": _money(cost.paid),
        "expected": _use(cost.expected),
        "maximum": _use(cost.maximum),
    }


def _use(use: CommitmentUse) -> Json:
    return {
        "nodes": _number(use.nodes),
        "nodeHours": _number(use.node_hours),
        "used": _money(use.used),
        "unused": _money(use.unused),
        "onDemand": _money(use.on_demand),
        "coverage": None if use.coverage is None else _number(use.coverage),
        "utilisation": _number(use.utilisation),
    }


def _verdict(verdict: BudgetVerdict) -> Json:
    return {
        "subject": verdict.subject.value,
        "stack": verdict.stack,
        "name": verdict.name,
        "level": verdict.level.value,
        "on": verdict.on.value,
        "budget": _money(verdict.budget),
        "advisoryPercent": verdict.advisory_percent,
        "spent": _money(verdict.spent),
        "costliest": [{"pool": pool.pool, "usdPerMonth": _money(pool.usd_per_month)} for pool in verdict.costliest],
        "changes": [_change(change) for change in verdict.changes],
        "together": [_change(change) for change in verdict.together],
    }


def _change(change: Change) -> Json:
    return {"text": change.text, "usdPerMonth": _money(change.usd_per_month)}


def _note(note: Note) -> Json:
    return {"kind": note.kind.value, "stack": note.stack, "about": note.about, "text": note.text}


def _comparison(against: Against) -> Json:
    comparison = against.comparison
    return {
        "with": against.name,
        "before": _dollars_or_none(comparison.before),
        "after": _dollars(comparison.after),
        "difference": _dollars(comparison.difference),
        "lines": [
            {
                "kind": line.kind.value,
                "stack": line.stack,
                "name": line.name,
                "before": _dollars_or_none(line.before),
                "after": _dollars_or_none(line.after),
                "difference": _dollars(line.difference),
                "reasons": list(line.reasons),
            }
            for line in comparison.lines
        ],
        "notes": list(against.notes),
    }


def _dollars_or_none(amount: Dollars | None) -> Json | None:
    return None if amount is None else _dollars(amount)
