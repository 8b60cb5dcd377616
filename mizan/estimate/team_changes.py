"""What would bring a team back into its budget: less quota of one of its queues, or less use of one of its pools."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from mizan.estimate.amounts import NOTHING, Parts, Size
from mizan.estimate.budget_model import Change
from mizan.estimate.pool_costs import parts_of
from mizan.estimate.smaller import less_use, most_that_fits
from mizan.estimate.stack_changes import MOST_POOLS, smallest
from mizan.estimate.tariff import Tariff
from mizan.estimate.teams import share_at, weights
from mizan.plan import PoolPlan, TeamPlan


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """How a stack's pools are shared, and what they cost.

    Attributes:
        pools: in the plan's order.
        parts: what each pool costs, by its name.
        held: by pool, then by queue: units of nominal quota.
        teams_of: by queue, the teams that may use it.
    """

    tariff: Tariff
    pools: Sequence[PoolPlan]
    parts: Mapping[str, Parts]
    held: Mapping[str, Mapping[str, int]]
    teams_of: Mapping[str, Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class TeamBill:
    """What one team pays at one size."""

    sharing: Sharing
    team: TeamPlan
    size: Size

    def quotas(self, pool: PoolPlan) -> dict[str, int]:
        """Return the units of a pool that the team's queues hold, by queue."""
        held = self.sharing.held.get(pool.name, {})
        return {queue: units for queue, units in held.items() if queue in self.team.queues}

    def share(self, pool: PoolPlan, changed: Mapping[str, int] | None = None) -> Decimal:
        """Return what the team pays of a pool, some queues' units changed."""
        held = {**self.sharing.held[pool.name], **(changed or {})}
        return self._share(self.sharing.parts[pool.name], pool, held)

    def share_of_other(self, pool: PoolPlan) -> Decimal:
        """Return what the team would pay of a pool of another size or use."""
        return self._share(parts_of(pool, self.sharing.tariff), pool, self.sharing.held[pool.name])

    def scaled(self, pools: Sequence[PoolPlan], percent: int) -> Decimal:
        """Return what the team would pay with so much of each of its queues' quotas, rounded down."""
        return sum(
            (
                self.share(pool, {queue: units * percent // 100 for queue, units in self.quotas(pool).items()})
                for pool in pools
            ),
            NOTHING,
        )

    def _share(self, parts: Parts, pool: PoolPlan, held: Mapping[str, int]) -> Decimal:
        return share_at(self.size, self.team.namespace, parts, weights(pool, held, self.sharing.teams_of))


def changes_of_team(bill: TeamBill, spent: Decimal, budget: Decimal) -> tuple[tuple[Change, ...], tuple[Change, ...]]:
    """Return the changes that are enough by themselves, and where there is none what all its quotas must do together.

    Args:
        bill: of the team.
        spent: at its size, more than `budget`.
        budget: US dollars a month.
    """
    shares = {pool.name: bill.share(pool) for pool in bill.sharing.pools if bill.quotas(pool)}
    own = sorted((pool for pool in bill.sharing.pools if pool.name in shares), key=lambda pool: -shares[pool.name])
    found = []
    for pool in own[:MOST_POOLS]:
        rest = spent - shares[pool.name]
        if rest <= budget:
            for text, share in (*_less_quota(bill, pool, budget - rest), *_less_use(bill, pool, budget - rest)):
                found.append(Change(text=text, usd_per_month=rest + share))
    if found:
        return smallest(found), ()
    percent = most_that_fits(lambda percent: bill.scaled(own, percent) <= budget, range(100))
    if percent is None:
        return (), ()
    text = f"every quota of its queues to {percent} % of it, rounded down"
    return (), (Change(text=text, usd_per_month=bill.scaled(own, percent)),)


def _less_quota(bill: TeamBill, pool: PoolPlan, most: Decimal) -> Iterator[tuple[str, Decimal]]:
    for queue, units in bill.quotas(pool).items():
        fitting = most_that_fits(partial(_fits, bill, pool, most, queue), range(units))
        if fitting is not None:
            yield (
                f"queue {queue}: gpus of pool {pool.name} {units} -> {fitting}",
                bill.share(pool, {queue: fitting}),
            )


def _fits(bill: TeamBill, pool: PoolPlan, most: Decimal, queue: str, units: int) -> bool:
    return bill.share(pool, {queue: units}) <= most


def _less_use(bill: TeamBill, pool: PoolPlan, most: Decimal) -> Iterator[tuple[str, Decimal]]:
    if bill.size is Size.EXPECTED:
        for smaller in less_use(pool, lambda changed: bill.share_of_other(changed) <= most):
            yield f"pool {pool.name}: {smaller.change}", bill.share_of_other(smaller.pool)
