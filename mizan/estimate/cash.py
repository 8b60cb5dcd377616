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

    def settled(self, changed: Sequence[PoolPlan], size: Size, gone: Collection[str] = ()) -> dict[str, Settled]:
        """Return by name how changed pools are paid for, and all on which that has an effect.

        Args:
            changed: each in its place.
            size: at which all run.
            gone: names of pools that are there no more.
        """
        pools = {pool.name: pool for pool in changed}
        if gone or not pools.keys().isdisjoint(self.pools):
            pools = {**self.pools, **pools}
        left = [pool for name, pool in pools.items() if name not in gone]
        running = [
            self._as_is(pool.name, size) if self.pools.get(pool.name) is pool else at_size(pool, size) for pool in left
        ]
        found = covered_by(left, running, self.tariff)
        return {pool.name: settled for pool, settled in zip(left, found.pools, strict=True)}

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
        settled = sharing.settled(changed, self.size, gone)
        pools = {**sharing.pools, **{pool.name: pool for pool in changed}}
        told = {pool.name for pool in changed} | set(gone)
        cash = sum((self._cash(pools[name], each) for name, each in settled.items()), NOTHING)
        return cash - sum((self._as_they_are[name] for name in settled if name not in told), NOTHING)

    def _cash(self, pool: PoolPlan, settled: Settled) -> Decimal:
        return in_cash(bills_of(pool, settled, self.sharing.tariff))

    @cached_property
    def _as_they_are(self) -> dict[str, Decimal]:
        settled = self.sharing.settled(list(self.sharing.pools.values()), self.size)
        return {name: self._cash(self.sharing.pools[name], each) for name, each in settled.items()}
