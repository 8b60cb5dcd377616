"""How many GPUs queues can be admitted to at most: what is theirs, and what their cohort lends them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from mizan.config import WhenCanBorrow
from mizan.plan.claims import Claim, Claims, Share
from mizan.plan.queue_model import CohortPlan, FlavorQuota, QueuePlan


def reachable_units(
    queues: Iterable[QueuePlan], every: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]
) -> Counter[str]:
    """Return by resource the amounts that `queues` together can admit, if all other queues are idle.

    Exactly what Kueue admits. What a queue does not lend is for itself alone; all else of a tree of cohorts lies at its
    root, where every queue of the tree finds it as far as its own borrowing goes. Cohorts themselves set no limit.
    Source: kubernetes-sigs/kueue@v0.19.2 pkg/cache/scheduler/resource_node.go, available and addUsage.

    Args:
        queues: those of one team, each once.
        every: all queues of the stack.
        cohorts: all cohorts of the stack.
    """
    parents = {cohort.name: cohort.parent for cohort in cohorts}
    found: Counter[str] = Counter()
    in_trees: dict[tuple[str, str], list[FlavorQuota]] = {}
    for queue in queues:
        for quota in queue.quotas:
            if queue.cohort is None:
                found.update(_resources(quota, quota.nominal))
            else:
                in_trees.setdefault((_root(queue.cohort, parents), quota.flavor.name), []).append(quota)
    for (root, flavor), quotas in in_trees.items():
        common = _lent(root, flavor, every, cohorts, parents)
        found.update(_resources(quotas[0], _together(quotas, common)))
    return found


def _resources(quota: FlavorQuota, units: int) -> dict[str, int]:
    """Return units of a quota's flavor in Kubernetes' resources."""
    return {resource: amount * units for resource, amount in quota.flavor.sharing.amounts.items()}


def reach_of(queue: QueuePlan, quota: FlavorQuota, queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]) -> int:
    """Return the units of one flavor that one queue can admit, borrowed ones included, if all others are idle."""
    (resource, amount), *_ = quota.flavor.sharing.amounts.items()
    return reachable_units([replace(queue, quotas=(quota,))], queues, cohorts)[resource] // amount


def held_units(queues: Iterable[QueuePlan], cohorts: Iterable[CohortPlan]) -> Counter[str]:
    """Return by flavor name the sum of all quotas of it: what is admitted when everybody is busy."""
    found: Counter[str] = Counter()
    for quotas in (*(queue.quotas for queue in queues), *(cohort.quotas for cohort in cohorts)):
        for quota in quotas:
            found[quota.flavor.name] += quota.nominal
    return found


def claims(queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]) -> dict[str, Claims]:
    """Return by pool who may fill its nodes; a pool that no queue counts is not in it.

    Args:
        queues: all of the stack.
        cohorts: all of the stack.
    """
    counting: defaultdict[str, list[QueuePlan]] = defaultdict(list)
    for queue in queues:
        for pool in dict.fromkeys(quota.flavor.pool for quota in queue.quotas):
            counting[pool].append(queue)
    return {pool: _claims_on(pool, found, cohorts) for pool, found in counting.items()}


def claims_on(pool: str, queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]) -> Claims | None:
    """Return who may fill one pool's nodes; None where no queue counts it."""
    return claims([queue for queue in queues if _of_pool(queue, pool)], cohorts).get(pool)


def _claims_on(pool: str, queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]) -> Claims:
    """Return the claims of the queues that count a pool."""
    parents = {cohort.name: cohort.parent for cohort in cohorts}
    counting = [(_tree(queue, parents), queue, _of_pool(queue, pool)) for queue in queues]
    trees: defaultdict[tuple[str, str], list[FlavorQuota]] = defaultdict(list)
    for tree, _, quotas in counting:
        for quota in quotas:
            trees[tree, quota.flavor.name].append(quota)
    lending = [queue for queue in queues if queue.cohort is not None]
    lent = {(tree, flavor): _lent(tree, flavor, lending, cohorts, parents) for tree, flavor in trees}
    held = {
        (tree, quotas[0].flavor.capacity_type): _together(quotas, lent[tree, flavor])
        for (tree, flavor), quotas in trees.items()
    }
    if all(capacity_type is None for _, capacity_type in held):
        # The autoscaler chooses for all queues alike.
        return Claims.of_one(sum(held.values()))
    found: Counter[tuple[str, tuple[Share, ...], bool]] = Counter()
    for tree, queue, quotas in counting:
        shares = tuple(_share(quota, lent[tree, quota.flavor.name]) for quota in quotas)
        found[tree, shares, queue.when_can_borrow is WhenCanBorrow.BORROW] += 1
    return Claims(
        each=tuple(
            Claim(tree=tree, shares=tuple(_times(share, count) for share in shares), borrows_first=borrows_first)
            for (tree, shares, borrows_first), count in found.items()
        ),
        held=held,
    )


def _of_pool(queue: QueuePlan, pool: str) -> list[FlavorQuota]:
    """Return a queue's quotas of one pool; without a cohort there is nobody to lend to or to borrow from."""
    quotas = [quota for quota in queue.quotas if quota.flavor.pool == pool]
    return quotas if queue.cohort else [replace(quota, borrowing=0, lending=0) for quota in quotas]


def _tree(queue: QueuePlan, parents: Mapping[str, str | None]) -> str:
    """Return the root of a queue's cohorts; one without a cohort stands alone, under a name that no cohort can have."""
    return f"queue {queue.name}" if queue.cohort is None else _root(queue.cohort, parents)


def _share(quota: FlavorQuota, lent: int) -> Share:
    """Return what a queue may fill of one flavor, of which its tree holds so much in common."""
    reach = _together([quota], lent)
    return Share(capacity_type=quota.flavor.capacity_type, own=quota.nominal, borrowable=reach - quota.nominal)


def _times(share: Share, count: int) -> Share:
    return replace(share, own=share.own * count, borrowable=share.borrowable * count)


def _together(quotas: Sequence[FlavorQuota], common: int) -> int:
    """Return what queues of one tree can admit of one flavor, of which `common` lies at the root."""
    for_itself = sum(quota.nominal - quota.lendable for quota in quotas)
    if any(quota.borrowing is None for quota in quotas):
        return for_itself + common
    return for_itself + min(sum(quota.lendable + (quota.borrowing or 0) for quota in quotas), common)


def _lent(
    root: str,
    flavor: str,
    every: Iterable[QueuePlan],
    cohorts: Iterable[CohortPlan],
    parents: Mapping[str, str | None],
) -> int:
    """Return what the whole tree of a root holds in common of one flavor."""
    by_queues = sum(
        quota.lendable
        for queue in every
        if queue.cohort is not None and _root(queue.cohort, parents) == root
        for quota in queue.quotas
        if quota.flavor.name == flavor
    )
    by_cohorts = sum(
        quota.nominal
        for cohort in cohorts
        if _root(cohort.name, parents) == root
        for quota in cohort.quotas
        if quota.flavor.name == flavor
    )
    return by_queues + by_cohorts


def _root(cohort: str, parents: Mapping[str, str | None]) -> str:
    parent = parents.get(cohort)
    return cohort if parent is None else _root(parent, parents)
