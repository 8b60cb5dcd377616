"""What a stack alone says: who may hold, borrow and lend how much."""

from dataclasses import dataclass
from decimal import Decimal

from mizan.plan import Flavor, FlavorQuota, Plan, QueuePlan
from mizan.plan.reach import held_units
from mizan.queueing.cohorts import Lender, Stake, Tree


@dataclass(frozen=True, kw_only=True)
class PlannedQuota:
    """One flavor of one queue.

    Attributes:
        lends: the most that others get of it while it is idle.
        may_borrow: the most it gets beyond its own while everybody else is idle.
        lenders: from whom; together they may have more than it may borrow.
    """

    queue: str
    flavor: Flavor
    nominal: int
    borrowing_limit: int | None
    lending_limit: int | None
    lends: int
    may_borrow: int
    lenders: tuple[Lender, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedFlavor:
    """One flavor: all quotas of it beside what its pool can grow to."""

    flavor: Flavor
    quotas: int
    largest: int


def planned_quotas(plan: Plan) -> list[PlannedQuota]:
    """Return every queue's flavors in the order they are tried."""
    trees = {flavor.name: _tree(plan, flavor) for flavor in plan.flavors}
    return [_quota(queue, quota, trees[quota.flavor.name]) for queue in plan.queues for quota in queue.quotas]


def planned_flavors(plan: Plan) -> list[PlannedFlavor]:
    """Return every flavor with the sum of its quotas."""
    held = held_units(plan.queues, plan.cohorts)
    return [PlannedFlavor(flavor=flavor, quotas=held[flavor.name], largest=flavor.max_units) for flavor in plan.flavors]


def _tree(plan: Plan, flavor: Flavor) -> Tree:
    queues = {
        queue.name: Stake(
            parent=queue.cohort,
            nominal=Decimal(quota.nominal),
            borrowing=None if quota.borrowing is None else Decimal(quota.borrowing),
            lending=None if quota.lending is None else Decimal(quota.lending),
        )
        for queue in plan.queues
        for quota in queue.quotas
        if quota.flavor.name == flavor.name
    }
    cohorts = {
        cohort.name: Stake(
            parent=cohort.parent,
            nominal=Decimal(sum(quota.nominal for quota in cohort.quotas if quota.flavor.name == flavor.name)),
        )
        for cohort in plan.cohorts
    }
    return Tree(queues, cohorts)


def _quota(queue: QueuePlan, quota: FlavorQuota, tree: Tree) -> PlannedQuota:
    is_alone = queue.cohort is None
    return PlannedQuota(
        queue=queue.name,
        flavor=quota.flavor,
        nominal=quota.nominal,
        borrowing_limit=quota.borrowing,
        lending_limit=quota.lending,
        lends=0 if is_alone else quota.lendable,
        may_borrow=int(tree.share(queue.name).available) - quota.nominal,
        lenders=tuple(tree.could_lend_to(queue.name)),
    )
