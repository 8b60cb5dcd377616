"""What would bring a team back into its budget: less quota of one of its queues, or less use of one of its pools."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from mizan.estimate.amounts import NOTHING, Parts, Size
from mizan.estimate.budget_model import Change
from mizan.estimate.cash import Sharing
from mizan.estimate.change_words import changes_between
from mizan.estimate.changed_plans import KeepsJobs, keeps_jobs
from mizan.estimate.counted import Counted, Quota
from mizan.estimate.counted_pools import counted_pools
from mizan.estimate.pool_costs import parts_of
from mizan.estimate.smaller import less_use, most_that_fits, used
from mizan.estimate.stack_changes import MOST_POOLS, Changes, shrunk_together, smallest
from mizan.estimate.teams import Weights, share_at, weights
from mizan.plan import Plan, PoolPlan, TeamPlan


@dataclass(frozen=True, kw_only=True)
class Splitting:
    """How a stack's pools are split among its teams, and what they cost."""

    sharing: Sharing

    @property
    def plan(self) -> Plan:
        """Return the stack."""
        return self.sharing.plan

    @cached_property
    def teams_of(self) -> Mapping[str, Sequence[str]]:
        """Return by queue the teams that may use it."""
        return {queue.name: queue.namespaces for queue in self.plan.queues}

    @cached_property
    def pools_of(self) -> Mapping[str, Sequence[Counted]]:
        """Return by queue the pools that it counts."""
        found: dict[str, list[Counted]] = {queue.name: [] for queue in self.plan.queues}
        for counted in self.counted.values():
            for queue in counted.queues:
                found[queue.name].append(counted)
        return found

    @cached_property
    def keeps(self) -> KeepsJobs:
        """Return what tells whether every job can run as before."""
        return keeps_jobs(self.plan)

    @cached_property
    def counted(self) -> Mapping[str, Counted]:
        """Return by name the pools as they are."""
        return {counted.pool.name: counted for counted in counted_pools(self.plan)}

    def parts(self, changed: Sequence[Counted]) -> Mapping[str, Parts]:
        """Return by name what pools cost of which something may be changed, and all that cost something else then.

        The next team may ask for the same.
        """
        shared = tuple(counted for counted in changed if counted.pool.name in self.sharing.pools)
        alone = [(counted,) for counted in changed if counted.pool.name not in self.sharing.pools]
        found: dict[str, Parts] = {}
        for together in (shared, *alone) if shared else alone:
            if together not in self._parts:
                self._parts[together] = self._parts_of([counted.pool for counted in together])
            found |= self._parts[together]
        return found

    def before(self, name: str) -> Parts:
        """Return what a pool costs as it is that shares a commitment."""
        if name not in self._before:
            expected, maximum = (self.sharing.before(size)[name] for size in (Size.EXPECTED, Size.MAXIMUM))
            self._before[name] = parts_of(self.sharing.pools[name], expected, maximum, self.sharing.tariff)
        return self._before[name]

    @cached_property
    def _before(self) -> dict[str, Parts]:
        return {}

    def _parts_of(self, changed: Sequence[PoolPlan]) -> Mapping[str, Parts]:
        sharing = self.sharing
        pools = {**sharing.pools, **{pool.name: pool for pool in changed}}
        expected = sharing.touched(changed, Size.EXPECTED)
        maximum = sharing.touched(changed, Size.MAXIMUM)
        return {
            name: parts_of(
                pools[name],
                expected.get(name) or sharing.before(Size.EXPECTED)[name],
                maximum.get(name) or sharing.before(Size.MAXIMUM)[name],
                sharing.tariff,
            )
            for name in {**expected, **maximum}
        }

    def weighing(self, counted: Counted) -> Weights:
        """Return how a pool is shared of which something may be changed."""
        if counted not in self._weights:
            self._weights[counted] = weights(counted.pool, counted.held, self.teams_of)
        return self._weights[counted]

    @cached_property
    def _weights(self) -> dict[Counted, Weights]:
        return {}

    @cached_property
    def _parts(self) -> dict[tuple[Counted, ...], Mapping[str, Parts]]:
        return {}


@dataclass(frozen=True, kw_only=True)
class TeamBill:
    """What one team pays at one size."""

    splitting: Splitting
    team: TeamPlan
    size: Size

    @property
    def pools(self) -> Sequence[Counted]:
        """Return the pools that the team's queues count, each once."""
        pools_of = self.splitting.pools_of
        return list({counted.pool.name: counted for queue in self.team.queues for counted in pools_of[queue]}.values())

    def quotas(self, counted: Counted) -> Sequence[Quota]:
        """Return the quotas of a pool that the team's queues have."""
        own = {f"queue {queue}" for queue in self.team.queues}
        return [quota for quota in counted.quotas if quota[0] in own]

    @property
    def keeps(self) -> KeepsJobs:
        """Return what tells whether every job can run as before."""
        return self.splitting.keeps

    def share(self, counted: Counted) -> Decimal:
        """Return what the team pays of a pool, or would pay of one of which something is changed; see `cost`."""
        return self.cost([counted])

    def cost(self, changed: Sequence[Counted]) -> Decimal:
        """Return what the team pays with some pools changed, less what it pays of the others as they are."""
        parts = self.splitting.parts(changed)
        told = {counted.pool.name: counted for counted in changed}
        paid = NOTHING
        for name, each in parts.items():
            if name in told:
                paid += self._share(told[name], each)
            else:
                counted = self.splitting.counted[name]
                paid += self._share(counted, each) - self._share(counted, self.splitting.before(name))
        return paid

    def _share(self, counted: Counted, parts: Parts) -> Decimal:
        weighing = self.splitting.weighing(counted)
        if self.team.namespace not in weighing.teams:
            return NOTHING
        return share_at(self.size, self.team.namespace, parts, weighing)

    def scaled(self, counted: Counted, percent: int) -> Counted:
        """Return a pool with so much of each of the team's quotas, rounded down, as far as each can go."""
        sizes = {quota: counted.quotas[quota].nominal for quota in self.quotas(counted)}
        return counted.with_units(
            {quota: max(counted.least_units(quota), units * percent // 100) for quota, units in sizes.items()}
        )


def changes_of_team(bill: TeamBill, spent: Decimal, budget: Decimal) -> Changes:
    """Return what would keep a team's budget.

    Args:
        bill: of the team.
        spent: at its size, more than `budget`.
        budget: US dollars a month.
    """
    shares = {counted.pool.name: bill.share(counted) for counted in bill.pools}
    costliest = sorted(bill.pools, key=lambda counted: -shares[counted.pool.name])
    found: list[Change] = []
    for counted in costliest[:MOST_POOLS]:
        rest = spent - shares[counted.pool.name]
        # What a pool leaves of a commitment can be worth more to the team's others than all that it pays of this one.
        if rest <= budget or counted.pool.name in bill.splitting.sharing.pools:
            less_quota = (smaller for smaller in _less_quota(bill, counted, budget - rest) if bill.keeps([smaller]))
            for smaller in (*less_quota, *_less_use(bill, counted, budget - rest)):
                text = f"pool {counted.pool.name}: {changes_between(counted, smaller)}"
                found.append(Change(text=text, usd_per_month=rest + bill.share(smaller)))
    if found:
        return Changes(alone=smallest(found))
    steps = shrunk_together(costliest, bill.scaled, bill, spent, budget)
    if not steps and bill.size is Size.EXPECTED:
        steps = shrunk_together(costliest, used, bill, spent, budget)
    return Changes.of_steps(steps)


def _less_quota(bill: TeamBill, counted: Counted, most: Decimal) -> Iterator[Counted]:
    now = bill.share(counted)
    for quota in bill.quotas(counted):

        def with_units(units: int, quota: Quota = quota) -> Counted:
            return counted.with_units({quota: units})

        held = counted.quotas[quota].nominal
        units = most_that_fits(
            lambda units: bill.share(with_units(units)) <= most,
            range(counted.least_units(quota), held),
            near=int(held * most / now) if now else 0,
        )
        if units is not None:
            yield with_units(units)


def _less_use(bill: TeamBill, counted: Counted, most: Decimal) -> Iterator[Counted]:
    if bill.size is Size.EXPECTED:
        yield from less_use(counted, bill.share, most)
