"""What each team pays: of a pool as much as its queues hold of the pool's GPUs, or of the parts that they yield.

A pool is shared by the nominal quotas of its queues, whatever capacity types they count, so a GPU hour of one pool
costs all its teams the same. A queue's share goes in equal parts to the teams that may use it. GPUs that no team's
queue holds are `unassigned`: a cohort's own quota, a queue without teams, and, at the maximum, GPUs for which there is
no quota; nobody is expected to use those. Control planes and unused commitments are `shared`: no team causes them by
running a job.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import lcm

from mizan.estimate.amounts import NOTHING, ZERO, Dollars, Parts, Size
from mizan.estimate.derived import NOT_DERIVED
from mizan.estimate.model import PoolShare, TeamCost, TeamKind
from mizan.estimate.pool_model import PoolCost
from mizan.plan import Plan, PoolPlan, QueuePlan

# By pool, then by queue: units of nominal quota.
Holdings = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How a pool is shared: whole numbers in proportion to what is held.

    Attributes:
        teams: by name.
        unassigned: quota that no team holds.
        spare: GPUs for which there is no quota.
    """

    teams: Mapping[str, int]
    unassigned: int
    spare: int

    def at(self, size: Size) -> list[int]:
        """Return the parts of a pool at one size: each team's, and last what no team holds."""
        # Where nobody holds quota no job is expected, but nodes may be kept warm.
        is_held = bool(self.unassigned or any(self.teams.values()))
        spare = self.spare if size is Size.MAXIMUM or not is_held else 0
        return [*self.teams.values(), self.unassigned + spare]


def holdings(queues: Iterable[QueuePlan]) -> dict[str, dict[str, int]]:
    """Return by pool and queue the units that its quotas hold."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for queue in queues:
        for quota in queue.quotas:
            units = found[quota.flavor.pool]
            units[queue.name] = units.get(queue.name, 0) + quota.nominal
    return dict(found)


def weights(pool: PoolPlan, held: Mapping[str, int], teams_of: Mapping[str, Sequence[str]]) -> Weights:
    """Return how a pool is shared.

    Args:
        pool: with its offers.
        held: units of it by queue.
        teams_of: by queue, the teams that may use it.
    """
    scale = lcm(*(len(teams_of[queue]) or 1 for queue in held))
    teams: defaultdict[str, int] = defaultdict(int)
    for queue, units in held.items():
        for team in teams_of[queue]:
            teams[team] += units * scale // len(teams_of[queue])
    gpus = sum(offer.max_units for offer in pool.offers)
    quota = gpus if pool.claims is None else max(pool.claims.all_units, sum(held.values()))
    return Weights(
        teams={team: weight for team, weight in teams.items() if weight},
        unassigned=quota * scale - sum(teams.values()),
        # More quota than GPUs is allowed: then all of it is held, and each share is the smaller for it.
        spare=max(0, gpus - quota) * scale,
    )


def split(amount: Decimal, parts: Sequence[int]) -> Iterator[Decimal]:
    """Yield an amount cut in proportion to whole numbers, in whole cents that add up to it.

    Each part is within a cent of its exact share: what is rounded away from one goes to the next.
    """
    whole, cents = sum(parts), int(amount * 100)
    passed = given = 0
    for part in parts:
        passed += part
        until = (2 * cents * passed + whole) // (2 * whole) if whole else 0
        yield Decimal(until - given).scaleb(-2)
        given = until


def shares_of(parts: Parts, weighing: Weights) -> dict[str | None, Parts]:
    """Return what each team pays of a pool; None is what no team holds."""
    names: list[str | None] = [*weighing.teams, None]
    cut = {
        name: [
            Dollars(minimum=minimum, expected=expected, maximum=maximum)
            for minimum, expected, maximum in zip(*(_cut(amounts, weighing, size) for size in Size), strict=True)
        ]
        for name, amounts in (("gpu", parts.gpu), ("host", parts.host), ("disk", parts.disk))
    }
    return {
        # Who pays nothing of a pool pays nothing that is derived.
        name: Parts(
            gpu=gpu, host=host, disk=disk, derived=NOT_DERIVED if gpu == host == disk == ZERO else parts.derived
        )
        for name, gpu, host, disk in zip(names, cut["gpu"], cut["host"], cut["disk"], strict=True)
    }


def share_at(size: Size, team: str, parts: Parts, weighing: Weights) -> Decimal:
    """Return what one team pays of a pool at one size, to the cent as `shares_of` does."""
    if team not in weighing.teams:
        return NOTHING
    names = list(weighing.teams)
    before = sum(weighing.teams[name] for name in names[: names.index(team)])
    own = weighing.teams[team]
    behind = sum(weighing.teams.values()) - before - own
    # What comes before is one part, what comes behind another: the roundings are the same.
    three = Weights(teams={"before": before, "own": own}, unassigned=behind + weighing.unassigned, spare=weighing.spare)
    return sum((_cut(part, three, size)[1] for part in (parts.gpu, parts.host, parts.disk)), NOTHING)


def _cut(amounts: Dollars, weighing: Weights, size: Size) -> list[Decimal]:
    """Return an amount at one size, cut as `Weights.at` says.

    Work fills a pool in an order that need not begin with the cheapest offer, and quota that ends within a node counts
    as all of it. So GPUs with quota can cost more as expected than the mean of all at the maximum; teams then pay at
    the maximum what they pay as expected.
    """
    expected, maximum = weighing.at(Size.EXPECTED), weighing.at(Size.MAXIMUM)
    if size is not Size.MAXIMUM:
        return list(split(amounts.at(size), expected))
    if amounts.expected * sum(maximum) > amounts.maximum * sum(expected):
        # What idle nodes of a pool cost can be less at the maximum, where a commitment pays for them.
        *teams, _ = split(min(amounts.expected, amounts.maximum), expected)
        return [*teams, amounts.maximum - sum(teams, NOTHING)]
    return list(split(amounts.maximum, maximum))


def team_costs(plan: Plan, pools: Sequence[PoolCost], shared: Parts) -> tuple[TeamCost, ...]:
    """Return the row of every team, then `unassigned` and `shared`.

    Args:
        plan: whose queues hold the pools.
        pools: priced, in the plan's order.
        shared: control plane and unused commitments.
    """
    held = holdings(plan.queues)
    teams_of = {queue.name: queue.namespaces for queue in plan.queues}
    rows: dict[str | None, list[tuple[PoolCost, Parts]]] = {team.namespace: [] for team in plan.teams} | {None: []}
    for pool, cost in zip(plan.pools, pools, strict=True):
        for name, parts in shares_of(cost.parts, weights(pool, held.get(pool.name, {}), teams_of)).items():
            rows[name].append((cost, parts))
    return (
        *(_row(TeamKind.TEAM, team.namespace, rows[team.namespace]) for team in plan.teams),
        _row(TeamKind.UNASSIGNED, TeamKind.UNASSIGNED.value, rows[None]),
        TeamCost(kind=TeamKind.SHARED, name=TeamKind.SHARED.value, parts=shared, pools=()),
    )


def merged_teams(estimates: Iterable[Sequence[TeamCost]]) -> tuple[TeamCost, ...]:
    """Return the rows of several stacks as one list; teams of the same name are one, `unassigned` and `shared` last."""
    found: dict[tuple[TeamKind, str], list[TeamCost]] = {}
    for teams in estimates:
        for team in teams:
            found.setdefault((team.kind, team.name), []).append(team)
    order = list(TeamKind)
    return tuple(
        TeamCost(
            kind=kind,
            name=name,
            parts=sum((row.parts for row in rows), Parts()),
            pools=tuple(share for row in rows for share in row.pools),
        )
        for (kind, name), rows in sorted(found.items(), key=lambda item: order.index(item[0][0]))
    )


def _row(kind: TeamKind, name: str, shares: Sequence[tuple[PoolCost, Parts]]) -> TeamCost:
    return TeamCost(
        kind=kind,
        name=name,
        parts=sum((parts for _, parts in shares), Parts()),
        pools=tuple(
            PoolShare(stack=pool.stack, pool=pool.name, total=parts.total, is_derived=parts.derived.total)
            for pool, parts in shares
        ),
    )
