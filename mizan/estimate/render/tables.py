"""The tables of an estimate as a whole; each adds up to the same totals."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

from mizan.estimate.amounts import ZERO
from mizan.estimate.budget import BudgetVerdict
from mizan.estimate.commitment_model import CommitmentUse
from mizan.estimate.model import CapacityTypeCost, Estimate, TeamCost, TeamKind
from mizan.estimate.render.pool_tables import unknown_disks
from mizan.estimate.render.table import SIZES, Row, RowKind, Table, at_sizes, columns, sums
from mizan.estimate.render.words import (
    BASELINE,
    MONTH,
    PROMETHEUS_DISK,
    STEPS,
    advice,
    commitment,
    count,
    difference,
    dollars,
    place,
    share,
    whose,
)

COVERAGE = (
    "Coverage: the share of the on-demand dollars it fits that it covers. Utilisation: the share of what is paid that "
    "is used."
)
NOBODYS = {TeamKind.UNASSIGNED: "held by no team", TeamKind.SHARED: "shared by all"}


def by_part(estimate: Estimate) -> Table:
    """Return what the dollars are paid for.

    GPU and host part may be derived where their sum, the price, is not.
    """
    parts, derived = estimate.parts, estimate.parts.derived
    is_known = parts.prometheus_disk != ZERO
    rows = (
        ("GPU", parts.gpu, derived.gpu),
        ("host", parts.host, derived.host),
        ("disk", parts.disk, derived.disk),
        ("control plane", parts.control_plane, derived.control_plane),
        ("unused commitments", parts.unused_commitments, derived.unused_commitments),
        *(((PROMETHEUS_DISK, parts.prometheus_disk, derived.prometheus_disk),) if is_known else ()),
    )
    return Table(
        caption=f"By part, {MONTH}",
        columns=columns("part", *SIZES),
        rows=(
            *(
                Row(name=name, cells=at_sizes(amount), is_derived=is_derived and amount != ZERO)
                for name, amount, is_derived in rows
            ),
            *unknown_disks(estimate),
            *sums(estimate.total, is_derived=estimate.is_derived),
        ),
    )


def by_capacity_type(estimate: Estimate) -> Table:
    """Return the dollars by how nodes are bought."""
    return Table(
        caption=f"By capacity type, {MONTH}",
        columns=columns("capacity type", "#nodes", *SIZES),
        rows=(
            *(
                Row(name=cost.kind, cells=(_nodes(cost), *at_sizes(cost.total)), is_derived=cost.is_derived)
                for cost in estimate.capacity_types
                if cost.max_nodes or cost.total != ZERO
            ),
            *sums(estimate.total, "", is_derived=estimate.is_derived),
        ),
    )


def by_team(estimate: Estimate) -> Table:
    """Return what each team pays, and of which pools."""
    return Table(
        caption=f"By team, {MONTH}",
        columns=columns("team", *SIZES),
        rows=(
            *(row for team in estimate.teams for row in _team(estimate, team)),
            *sums(estimate.total, is_derived=estimate.is_derived),
        ),
        below=("A pool is shared as the teams' queues hold nominal quota in it.",),
    )


def savings(estimate: Estimate, *, has_idle_steps: bool = True) -> Table:
    """Return the way from all on-demand down to what is expected, step by step.

    Args:
        estimate: of one stack or several.
        has_idle_steps: show the steps that change nothing, too.
    """
    way, left = estimate.savings, estimate.savings.baseline
    rows = [Row(name=BASELINE, cells=("", dollars(left)), is_derived=way.is_baseline_derived)]
    for line in way.lines:
        left += line.usd_per_month
        if line.usd_per_month or has_idle_steps:
            rows.append(
                Row(
                    name=STEPS[line.kind],
                    cells=(difference(line.usd_per_month), dollars(left)),
                    is_derived=line.is_derived or line.is_left_derived,
                )
            )
    saved = Row(
        name="expected",
        cells=(difference(-way.saved), dollars(way.expected)),
        kind=RowKind.TOTAL,
        is_derived=way.is_saved_derived or way.is_expected_derived,
    )
    return Table(
        caption=f"Savings, {MONTH} at expected size",
        columns=columns("step", "#change", "#left"),
        rows=(*rows, saved),
    )


def commitments(estimate: Estimate) -> Table:
    """Return how far what is paid in advance is used."""
    rows: list[Row] = []
    for cost in estimate.commitments:
        name = place(estimate, cost.stack, cost.name)
        for size, use in (("expected", cost.expected), ("maximum", cost.maximum)):
            row = Row(
                name=name, cells=(size, dollars(cost.paid), *_use(use)), is_derived=cost.is_derived or use.is_derived
            )
            rows.append(row)
            name = ""
    return Table(
        caption=f"Commitments, {MONTH}",
        columns=columns("commitment", "size", "#paid", "#unused", "#node hours", "#coverage", "#utilisation"),
        rows=tuple(rows),
        below=(
            *(commitment(estimate, cost) for cost in estimate.commitments),
            COVERAGE,
        ),
    )


def budgets(verdicts: Sequence[BudgetVerdict], *, is_alone: bool) -> Table:
    """Return how every budget stands, and what would keep those that are not kept.

    Args:
        verdicts: at least one.
        is_alone: all of them belong to one stack.
    """
    return Table(
        caption=f"Budgets, {MONTH}",
        columns=columns("budget", "of size", "#spent", "#budget", "#used", "stands"),
        rows=tuple(
            Row(
                name=whose(verdict, is_alone=is_alone),
                cells=(
                    verdict.on,
                    dollars(verdict.spent),
                    dollars(verdict.budget),
                    verdict.percent_told,
                    verdict.level,
                ),
                is_derived=verdict.is_derived,
            )
            for verdict in verdicts
        ),
        below=tuple(f"{whose(verdict, is_alone=is_alone)}: {line}" for verdict in verdicts for line in advice(verdict)),
    )


def _nodes(cost: CapacityTypeCost) -> str:
    return f"{count(cost.expected_nodes)} of {cost.max_nodes:,}" if cost.max_nodes else ""


def _team(estimate: Estimate, team: TeamCost) -> Iterator[Row]:
    if team.kind is not TeamKind.TEAM and team.total == ZERO:
        return
    yield Row(name=NOBODYS.get(team.kind, team.name), cells=at_sizes(team.total), is_derived=team.is_derived)
    for pool in team.pools:
        if pool.total != ZERO:
            yield Row(
                name=place(estimate, pool.stack, pool.pool),
                cells=at_sizes(pool.total),
                kind=RowKind.DETAIL,
                is_derived=pool.is_derived,
            )


def _use(use: CommitmentUse) -> tuple[str, ...]:
    hours = f"{use.node_hours.quantize(Decimal(1)):,}"
    return dollars(use.unused), hours, share(use.coverage), share(use.utilisation)
