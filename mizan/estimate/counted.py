"""A pool with the quotas that count it: with fewer nodes there is less to count, with less quota less to expect."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from mizan.capacity import CapacityType
from mizan.config import ExpectedUse
from mizan.estimate.running import is_feasible
from mizan.estimate.teams import holdings
from mizan.plan import CohortPlan, FlavorQuota, Offer, Plan, PoolPlan, QueuePlan
from mizan.plan.reach import claims_on

# More quotas than these, all lowered to the same, are told as one limit.
MOST_TOLD = 3

# Whose it is, such as `queue training` or `cohort research`, and the capacity type that it counts apart.
Quota = tuple[str, CapacityType | None]
# What a quota becomes: so many units, or None where it goes.
Units = Mapping[Quota, int | None]


# One is told from another by identity: what is made of the same one in the same way is the same, and is priced once.
@dataclass(frozen=True, kw_only=True, eq=False)
class Counted:
    """A pool and who counts it.

    Attributes:
        queues: that count it, each with its quotas of this pool alone.
        cohorts: all of the stack, each with its quotas of this pool alone.
    """

    pool: PoolPlan
    queues: tuple[QueuePlan, ...]
    cohorts: tuple[CohortPlan, ...]

    @cached_property
    def quotas(self) -> Mapping[Quota, FlavorQuota]:
        """Return all its quotas."""
        owners = (
            *((f"queue {queue.name}", queue.quotas) for queue in self.queues),
            *((f"cohort {cohort.name}", cohort.quotas) for cohort in self.cohorts),
        )
        return {(owner, quota.flavor.capacity_type): quota for owner, quotas in owners for quota in quotas}

    @cached_property
    def held(self) -> Mapping[str, int]:
        """Return the units that each queue holds."""
        return holdings(self.queues).get(self.pool.name, {})

    @cached_property
    def nodes(self) -> Mapping[CapacityType, int]:
        """Return its largest size by capacity type, with the nodes that are paid for in advance."""
        return _nodes(self.pool.offers)

    @cached_property
    def committed(self) -> Mapping[CapacityType, int]:
        """Return the nodes that are paid for in advance, by capacity type; fewer of them would save nothing."""
        return _nodes(offer for offer in self.pool.offers if offer.is_committed)

    @property
    def use(self) -> ExpectedUse:
        """Return how much of it is expected to run."""
        return self.pool.expected_use

    def with_use(self, **changes: int) -> "Counted":
        """Return the pool with another `hours_per_week` or `utilisation_percent`."""
        key = frozenset(changes.items())
        if key not in self._made:
            self._made[key] = replace(self, pool=replace(self.pool, expected_use=self.use.model_copy(update=changes)))
        return self._made[key]

    def least_units(self, quota: Quota) -> int:
        """Return the fewest units that a quota can have: where queues borrow from each other, a lender must stay."""
        return 0 if quota[0] in self._alone else min(1, self.quotas[quota].nominal)

    def with_units(self, units: Units) -> "Counted":
        """Return the pool with other units of some quotas; what one lends stays within it."""
        key = frozenset(units.items())
        if key not in self._made:
            self._made[key] = self._with_units(units)
        return self._made[key]

    @cached_property
    def _alone(self) -> frozenset[str]:
        """Return the queues that neither lend nor borrow."""
        return frozenset(f"queue {queue.name}" for queue in self.queues if queue.cohort is None)

    @cached_property
    def _made(self) -> dict[object, "Counted"]:
        return {}

    def _with_units(self, units: Units) -> "Counted":
        touched = {owner for owner, _ in units}
        queues = tuple(
            replace(queue, quotas=tuple(_with_units(queue.quotas, f"queue {queue.name}", units)))
            if f"queue {queue.name}" in touched
            else queue
            for queue in self.queues
        )
        cohorts = tuple(
            replace(cohort, quotas=tuple(_with_units(cohort.quotas, f"cohort {cohort.name}", units)))
            if f"cohort {cohort.name}" in touched
            else cohort
            for cohort in self.cohorts
        )
        claims = claims_on(self.pool.name, queues, cohorts)
        return Counted(pool=replace(self.pool, claims=claims), queues=queues, cohorts=cohorts)

    def with_nodes(self, nodes: Mapping[CapacityType, int]) -> "Counted | None":
        """Return the pool with other sizes of some capacity types; None where a stack that said so would be at fault.

        A capacity type of 0 nodes goes, and its quotas with it. Where there would be more quota than nodes, and was not
        before, the largest quotas are lowered.
        """
        offers = tuple(self._offers(nodes))
        if not any(map(is_feasible, offers)):
            return None
        gone = self.nodes.keys() - _nodes(offers).keys()
        units: dict[Quota, int | None] = {quota: None for quota in self.quotas if quota[1] in gone}
        owners = Counter(owner for owner, kind in self.quotas if kind not in gone)
        if not all(owners[f"queue {queue.name}"] for queue in self.queues):
            return None
        for kind in {kind for _, kind in self.quotas} - gone:
            units |= self._lowered(kind, offers)
        smaller = replace(self, pool=replace(self.pool, offers=offers))
        return smaller.with_units(units) if units else smaller

    def _offers(self, nodes: Mapping[CapacityType, int]) -> Iterator[Offer]:
        for offer in self.pool.offers:
            kind = offer.capacity_type
            if offer.is_committed or kind not in nodes:
                yield offer
            elif nodes[kind] > self.committed.get(kind, 0):
                yield replace(offer, max_nodes=nodes[kind] - self.committed.get(kind, 0))

    def _lowered(self, kind: CapacityType | None, offers: Iterable[Offer]) -> dict[Quota, int]:
        """Return what the largest quotas of a capacity type become, so that other offers have room for all of them."""
        sizes = {quota: self.quotas[quota].nominal for quota in self.quotas if quota[1] is kind}
        if sum(sizes.values()) > _room(self.pool.offers, kind):
            return {}

        def capped(most: int) -> dict[Quota, int]:
            return {quota: max(min(size, most), self.least_units(quota)) for quota, size in sizes.items()}

        limits = range(max(sizes.values(), default=0) + 1)
        # The first limit with which there are too many.
        first = bisect_right(limits, _room(offers, kind), key=lambda most: sum(capped(most).values()))
        lowered = capped(max(0, first - 1))
        return {quota: units for quota, units in lowered.items() if units != sizes[quota]}


def counted_pools(plan: Plan) -> tuple[Counted, ...]:
    """Return the pools of a stack, in its order."""
    queues: defaultdict[str, list[QueuePlan]] = defaultdict(list)
    for queue in plan.queues:
        for pool, quotas in _by_pool(queue.quotas).items():
            queues[pool].append(replace(queue, quotas=quotas))
    bare = [replace(cohort, quotas=()) for cohort in plan.cohorts]
    own = [_by_pool(cohort.quotas) for cohort in plan.cohorts]
    return tuple(
        Counted(
            pool=pool,
            queues=tuple(queues[pool.name]),
            cohorts=tuple(
                replace(cohort, quotas=quotas[pool.name]) if pool.name in quotas else cohort
                for cohort, quotas in zip(bare, own, strict=True)
            ),
        )
        for pool in plan.pools
    )


def changes_between(before: Counted, after: Counted) -> str:
    """Return what to change in the stack file to make one pool the other, such as `maxNodes of spot 4 -> 2`."""
    return "; ".join(
        [*_nodes_changed(before, after), *_quotas_changed(before, after), *_use_changed(before.use, after.use)]
    )


def changes_of_removal(counted: Counted) -> str:
    """Return what to change in the stack file to be without a pool."""
    return "; ".join(["remove it", *(_removal(quota) for quota in counted.quotas)])


def _nodes_changed(before: Counted, after: Counted) -> Iterator[str]:
    for kind, was in before.nodes.items():
        now = after.nodes.get(kind, 0)
        if not now:
            yield f"remove {kind} from its capacity"
        elif now != was:
            yield f"maxNodes of {kind} {was} -> {now}"


def _quotas_changed(before: Counted, after: Counted) -> Iterator[str]:
    for kind in dict.fromkeys(kind for _, kind in before.quotas):
        changed = [
            quota
            for quota, was in before.quotas.items()
            if quota[1] is kind and (quota not in after.quotas or after.quotas[quota].nominal != was.nominal)
        ]
        most = {after.quotas[quota].nominal for quota in changed if quota in after.quotas}
        if len(changed) > MOST_TOLD and len(most) == 1:
            yield _limit(before, after, kind, *most)
        else:
            for quota in changed:
                yield from _quota_changed(quota, before.quotas[quota], after.quotas.get(quota))


def _limit(before: Counted, after: Counted, kind: CapacityType | None, most: int) -> str:
    """Return in a few words what many quotas become that were larger."""
    owners = [owner for owner, counted in before.quotas if counted is kind]
    whose = "every queue and cohort" if any(owner.startswith("cohort ") for owner in owners) else "every queue"
    lends = any(after.quotas[quota].lending != was.lending for quota, was in before.quotas.items() if quota[1] is kind)
    return f"{_own(kind)}gpus{' and lend' if lends else ''} of {whose} to {most} at most"


def _quota_changed(quota: Quota, was: FlavorQuota, now: FlavorQuota | None) -> Iterator[str]:
    owner, kind = quota
    if now is None:
        yield _removal(quota)
        return
    yield f"{_own(kind)}gpus of {owner} {was.nominal} -> {now.nominal}"
    if now.lending != was.lending:
        yield f"{_own(kind)}lend of {owner} {was.lending} -> {now.lending}"


def _own(kind: CapacityType | None) -> str:
    """Return a capacity type where it is counted apart."""
    return f"{kind} " if kind else ""


def _use_changed(before: ExpectedUse, after: ExpectedUse) -> Iterator[str]:
    """Yield what changes of the expected use; with the other key, as a pool that states one has not the stack's."""
    hours, percent = before.hours_per_week, before.utilisation_percent
    if after.utilisation_percent != percent:
        yield f"utilisationPercent {percent} -> {after.utilisation_percent} with hoursPerWeek {hours}"
    if after.hours_per_week != hours:
        yield f"hoursPerWeek {hours} -> {after.hours_per_week} with utilisationPercent {percent}"


def _removal(quota: Quota) -> str:
    owner, kind = quota
    return f"remove the {_own(kind)}quota of {owner}"


def _by_pool(quotas: Iterable[FlavorQuota]) -> dict[str, tuple[FlavorQuota, ...]]:
    found: dict[str, tuple[FlavorQuota, ...]] = {}
    for quota in quotas:
        found[quota.flavor.pool] = (*found.get(quota.flavor.pool, ()), quota)
    return found


def _with_units(quotas: Iterable[FlavorQuota], owner: str, units: Units) -> Iterator[FlavorQuota]:
    for quota in quotas:
        now = units.get((owner, quota.flavor.capacity_type), quota.nominal)
        if now is not None:
            yield replace(quota, nominal=now, lending=None if quota.lending is None else min(quota.lending, now))


def _nodes(offers: Iterable[Offer]) -> dict[CapacityType, int]:
    found: dict[CapacityType, int] = {}
    for offer in offers:
        found[offer.capacity_type] = found.get(offer.capacity_type, 0) + offer.max_nodes
    return found


def _room(offers: Iterable[Offer], kind: CapacityType | None) -> int:
    """Return the GPUs of a capacity type that is counted apart; None is all of the pool's."""
    return sum(offer.max_units for offer in offers if kind in (None, offer.capacity_type))
