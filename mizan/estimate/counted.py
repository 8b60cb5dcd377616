"""A pool with the quotas that count it: with fewer nodes there is less to count, with less quota less to expect."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from mizan.capacity import CapacityType
from mizan.config import ExpectedUse
from mizan.estimate.running import is_feasible
from mizan.estimate.teams import holdings
from mizan.plan import CohortPlan, FlavorQuota, Offer, PoolPlan, QueuePlan
from mizan.plan.reach import claims_on

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
        least_hours: fewest hours a week with which commitments pay for the same nodes of it, and of other pools.
        kept: the capacity type without which commitments would pay for others.
        is_named: a commitment is for its machine, and so for a pool with on-demand nodes of it.
        needs: by queue the units of its largest job, where this pool has the quota that holds it.
    """

    pool: PoolPlan
    queues: tuple[QueuePlan, ...]
    cohorts: tuple[CohortPlan, ...]
    least_hours: int = 1
    kept: CapacityType | None = None
    is_named: bool = False
    needs: Mapping[str, int] = field(default_factory=dict)

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
        """Return the nodes that are paid for in advance and tried first, by capacity type."""
        return _nodes(offer for offer in self.pool.offers if offer.is_committed)

    @cached_property
    def bound_nodes(self) -> Mapping[CapacityType, int]:
        """Return by capacity type the nodes that must stay for commitments to pay for what they pay for now."""
        on_demand = CapacityType.ON_DEMAND
        part = any(offer.commitments and not offer.is_committed for offer in self.pool.offers)
        least = max(self.committed.get(on_demand, 0) + part, int(self.is_named))
        return {on_demand: least} if least else {}

    @cached_property
    def least_nodes(self) -> Mapping[CapacityType, int]:
        """Return by capacity type the fewest that `maxNodes` can be: what commitments bind, or is always there."""
        least = Counter(dict(self.bound_nodes))
        always: Counter[CapacityType] = Counter()
        for offer in self.pool.offers:
            always[offer.capacity_type] += offer.min_nodes
        return dict(least | always)

    @property
    def unit_key(self) -> str:
        """Return the key under which its quotas stand in a stack file."""
        return "gpus" if self.pool.sharing.counts_gpus else "units"

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
        """Return the fewest units that a quota can have: one, and a queue's largest quota holds its largest job."""
        return self._least[quota]

    @cached_property
    def _least(self) -> Mapping[Quota, int]:
        found = {quota: min(1, held.nominal) for quota, held in self.quotas.items()}
        for name, units in self.needs.items():
            own = [quota for quota in self.quotas if quota[0] == f"queue {name}"]
            largest = max(own, key=lambda quota: self.quotas[quota].nominal)
            if self.quotas[largest].nominal >= units:
                found[largest] = max(found[largest], units)
        return found

    def with_units(self, units: Units) -> "Counted":
        """Return the pool with other units of some quotas; what one lends stays within it."""
        key = frozenset(units.items())
        if key not in self._made:
            self._made[key] = self._with_units(units)
        return self._made[key]

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
        return replace(self, pool=replace(self.pool, claims=claims), queues=queues, cohorts=cohorts)

    def with_nodes(self, nodes: Mapping[CapacityType, int]) -> "Counted | None":
        """Return the pool with other sizes of some capacity types; None where a stack that said so would be at fault.

        A capacity type of 0 nodes goes, and its quotas with it. Where there would be more quota than nodes, and was not
        before, the largest quotas are lowered; where there was, those that alone would be more.
        """
        offers = tuple(self._offers(nodes))
        if not any(map(is_feasible, offers)) or self._is_too_cold(offers):
            return None
        gone = self.nodes.keys() - _nodes(offers).keys()
        if self.kept in gone:
            return None
        units: dict[Quota, int | None] = {quota: None for quota in self.quotas if quota[1] in gone}
        owners = Counter(owner for owner, kind in self.quotas if kind not in gone)
        if not all(owners[f"queue {queue.name}"] for queue in self.queues):
            return None
        for kind in {kind for _, kind in self.quotas} - gone:
            lowered = self._lowered(kind, offers)
            if lowered is None:
                return None
            units |= lowered
        smaller = replace(self, pool=replace(self.pool, offers=offers))
        return smaller.with_units(units) if units else smaller

    def _is_too_cold(self, offers: Iterable[Offer]) -> bool:
        """Return whether the pool keeps more nodes warm than it would have."""
        nodes = sum(offer.max_nodes for offer in offers) + self.pool.left_out_nodes
        return self.pool.warm is not None and nodes < self.pool.warm.nodes

    def _offers(self, nodes: Mapping[CapacityType, int]) -> Iterator[Offer]:
        for offer in self.pool.offers:
            kind = offer.capacity_type
            if offer.is_committed or kind not in nodes:
                yield offer
            elif nodes[kind] > self.committed.get(kind, 0):
                yield replace(offer, max_nodes=nodes[kind] - self.committed.get(kind, 0))

    def _lowered(self, kind: CapacityType | None, offers: Iterable[Offer]) -> dict[Quota, int] | None:
        """Return what the largest quotas of a capacity type become, so that other offers have room for all of them.

        Where they had none before, for each of them by itself. None where they cannot be as low as that.
        """
        sizes = {quota: self.quotas[quota].nominal for quota in self.quotas if quota[1] is kind}
        if sum(sizes.values()) > _room(self.pool.offers, kind):
            left_out = self.pool.left_out_nodes * self.pool.offers[0].units_per_node if kind is None else 0
            most = _room(offers, kind) + left_out
            over = {quota: most for quota, size in sizes.items() if size > most}
            return None if any(self.least_units(quota) > most for quota in over) else over

        def capped(most: int) -> dict[Quota, int]:
            return {quota: max(min(size, most), self.least_units(quota)) for quota, size in sizes.items()}

        limits = range(max(sizes.values(), default=0) + 1)
        # The first limit with which there are too many.
        first = bisect_right(limits, _room(offers, kind), key=lambda most: sum(capped(most).values()))
        lowered = capped(max(0, first - 1))
        if sum(lowered.values()) > _room(offers, kind):
            return None
        return {quota: units for quota, units in lowered.items() if units != sizes[quota]}


def _with_units(quotas: Iterable[FlavorQuota], owner: str, units: Units) -> Iterator[FlavorQuota]:
    for quota in quotas:
        now = units.get((owner, quota.flavor.capacity_type), quota.nominal)
        if now is not None:
            yield replace(quota, nominal=now, lending=None if quota.lending is None else min(quota.lending, now))


def _nodes(offers: Iterable[Offer]) -> dict[CapacityType, int]:
    """Return nodes by capacity type, in the order in which the last of each is tried."""
    found: dict[CapacityType, int] = {}
    for offer in offers:
        found[offer.capacity_type] = found.pop(offer.capacity_type, 0) + offer.max_nodes
    return found


def _room(offers: Iterable[Offer], kind: CapacityType | None) -> int:
    """Return the units of a capacity type that is counted apart; None is all of the pool's."""
    return sum(offer.max_units for offer in offers if kind in (None, offer.capacity_type))
