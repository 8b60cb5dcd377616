"""What a stack pays for its pools when some of them are changed.

A committed use or a savings plan pays for whatever runs, so a pool that runs less leaves more of it to others. What a
changed pool costs is what all pools cost then, less what the others cost as they are: told beside these it is exact.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from mizan.estimate.amounts import NOTHING, Size
from mizan.estimate.bills import bills_of, in_cash
from mizan.estimate.coverage import Settled, covered_by, is_shared
from mizan.estimate.running import Running, as_expected, at_maximum
from mizan.estimate.tariff import Tariff
from mizan.plan import Plan, PoolPlan


@dataclass(frozen=True, kw_only=True)
class Sharing:
    """The pools of a stack of which what one pays can depend on what the others run, and all others."""

    plan: Plan
    tariff: Tariff

    @cached_property
    def pools(self) -> Mapping[str, PoolPlan]:
        """Return by name those that depend on each other, in the stack's order."""
        return {pool.name: pool for pool in self.plan.pools if is_shared(pool, self.tariff)}

    def touched(self, changed: Sequence[PoolPlan], size: Size, gone: Collection[str] = ()) -> dict[str, Settled]:
        """Return by name how changed pools are paid for, and all that pay something else for it.

        Args:
            changed: each in its place.
            size: at which all run.
            gone: names of pools that are there no more.
        """
        pools = {pool.name: pool for pool in changed}
        if not gone and pools.keys().isdisjoint(self.pools):
            return self._settled(changed, size)
        before = self.before(size)
        if size is Size.MAXIMUM and not gone and all(self._has_same_offers(pool) for pool in changed):
            return {name: before[name] for name in pools}
        every = {**self.pools, **pools}
        found = self._settled([pool for name, pool in every.items() if name not in gone], size)
        return {name: each for name, each in found.items() if name in pools or before[name] != each}

    def _has_same_offers(self, pool: PoolPlan) -> bool:
        """Return whether a changed pool has the nodes that it had, so that as many run at the maximum."""
        return pool.name in self.pools and self.pools[pool.name].offers is pool.offers

    def before(self, size: Size) -> Mapping[str, Settled]:
        """Return by name how the pools that depend on each other are paid for as they are."""
        if size not in self._before:
            self._before[size] = self._settled(list(self.pools.values()), size)
        return self._before[size]

    @cached_property
    def _before(self) -> dict[Size, Mapping[str, Settled]]:
        return {}

    def _settled(self, pools: Sequence[PoolPlan], size: Size) -> dict[str, Settled]:
        running = [
            self._as_is(pool.name, size) if self.pools.get(pool.name) is pool else at_size(pool, size) for pool in pools
        ]
        found = covered_by(pools, running, self.tariff)
        return {pool.name: settled for pool, settled in zip(pools, found.pools, strict=True)}

    def _as_is(self, name: str, size: Size) -> Running:
        if (name, size) not in self._running:
            self._running[name, size] = at_size(self.pools[name], size)
        return self._running[name, size]

    @cached_property
    def _running(self) -> dict[tuple[str, Size], Running]:
        return {}


def at_size(pool: PoolPlan, size: Size) -> Running:
    """Return what runs of a pool as expected or at the maximum."""
    return as_expected(pool) if size is Size.EXPECTED else at_maximum(pool)


@dataclass(frozen=True, kw_only=True)
class Cash:
    """What a stack pays at one size beside what is paid in advance anyway, US dollars a month."""

    sharing: Sharing
    size: Size

    def of(self, changed: Sequence[PoolPlan], gone: Collection[str] = ()) -> Decimal:
        """Return what all pools cost with some of them changed, less what the others cost as they are.

        Args:
            changed: pools, each in its place.
            gone: names of pools that are there no more.
        """
        sharing = self.sharing
        own = {pool.name: pool for pool in changed}
        cash = NOTHING
        for name, settled in sharing.touched(changed, self.size, gone).items():
            if name in own:
                cash += self._cash(own[name], settled)
            else:
                pool = sharing.pools[name]
                cash += self._cash(pool, settled) - self._cash(pool, sharing.before(self.size)[name])
        return cash

    def _cash(self, pool: PoolPlan, settled: Settled) -> Decimal:
        return in_cash(bills_of(pool, settled, self.sharing.tariff))
