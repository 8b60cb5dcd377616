"""What every queue holds, borrows and lends of every flavor now."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from mizan.queueing.cohorts import ZERO, Lender, Stake, Tree
from mizan.queueing.objects import Object, QueueObjects, is_gpu, items, part, value
from mizan.queueing.quantity import quantity

Kind = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class QuotaRow:
    """Units of one resource of one flavor of one queue: GPUs, or parts of them.

    A quota may be a fraction of one, though no job can use that.

    Attributes:
        cohort: where it borrows and lends; None where it does neither.
        nominal: its own quota.
        borrowing_limit: the most it may borrow; None is no limit.
        lending_limit: the most of its own that it lends; None is all of it.
        used: what jobs hold that Kueue has given quota to, `own` and `borrowed` together.
        own: of its own quota.
        borrowed: beyond its own quota.
        lenders: who may have lent what it borrowed; one alone has lent it all.
        lent_at_least: what others hold of its quota, whoever lent the rest.
        lent_at_most: the same, if it was asked before every other lender.
        free: what it is given at once, borrowed included and nobody preempted.
    """

    queue: str
    flavor: str
    resource: str
    cohort: str | None
    nominal: Decimal
    borrowing_limit: Decimal | None
    lending_limit: Decimal | None
    used: Decimal
    own: Decimal
    borrowed: Decimal
    lenders: tuple[Lender, ...]
    lent_at_least: Decimal
    lent_at_most: Decimal
    free: Decimal


@dataclass(frozen=True, kw_only=True)
class ReserveRow:
    """Units of one resource of one flavor that belong to a cohort itself, and what its queues have borrowed of them."""

    cohort: str
    flavor: str
    resource: str
    nominal: Decimal
    lent_at_least: Decimal
    lent_at_most: Decimal


@dataclass(frozen=True, kw_only=True)
class OverRow:
    """Units in use beyond every quota of a queue without cohort, or of a whole tree of cohorts."""

    root: str
    flavor: str
    resource: str
    over: Decimal


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """Every queue, every cohort's own quota, and what is over.

    Attributes:
        parents: the cohort above each cohort; None for a root.
    """

    queues: tuple[QuotaRow, ...]
    reserves: tuple[ReserveRow, ...]
    over: tuple[OverRow, ...]
    parents: Mapping[str, str | None]


def holdings(objects: QueueObjects) -> Holdings:
    """Return who holds, borrows and lends what; queues in the cluster's order, flavors in the order they are tried."""
    queues: dict[Kind, dict[str, Stake]] = defaultdict(dict)
    for queue in objects.cluster_queues:
        used = _used(queue)
        for kind, quota in _quotas(queue):
            queues[kind][_name(queue)] = _stake(quota, _parent(queue, "cohortName"), used.get(kind, ZERO))
    # A quota that no queue counts has a tree as well: of cohorts alone.
    kinds = dict.fromkeys((*queues, *(kind for cohort in objects.cohorts for kind, _ in _quotas(cohort))))
    trees = {kind: Tree(queues[kind], _cohorts(objects, kind)) for kind in kinds}
    rows = [
        _row(_name(queue), kind, queues[kind][_name(queue)], trees[kind])
        for queue in objects.cluster_queues
        for kind in dict(_quotas(queue))
    ]
    reserves = [
        _reserve(_name(cohort), kind, quantity(value(quota, "nominalQuota", "0")), trees[kind])
        for cohort in objects.cohorts
        for kind, quota in _quotas(cohort)
    ]
    over = [
        OverRow(root=root, flavor=flavor, resource=resource, over=amount)
        for (flavor, resource), tree in trees.items()
        for root, amount in tree.over().items()
    ]
    parents = {_name(cohort): _parent(cohort, "parentName") for cohort in objects.cohorts}
    return Holdings(queues=tuple(rows), reserves=tuple(reserves), over=tuple(over), parents=parents)


def _name(of: Object) -> str:
    name: str = of["metadata"]["name"]
    return name


def _parent(of: Object, key: str) -> str | None:
    return part(of, "spec").get(key) or None


def _quotas(of: Object) -> Iterator[tuple[Kind, Object]]:
    """Yield flavor and resource with its quota, of a ClusterQueue or a Cohort."""
    for group in items(of, "spec", "resourceGroups"):
        for flavor in items(group, "flavors"):
            for resource in items(flavor, "resources"):
                if is_gpu(resource["name"]):
                    yield (flavor["name"], resource["name"]), resource


def _used(queue: Object) -> dict[Kind, Decimal]:
    """Return what jobs hold: quota is taken when it is reserved, which may be before the job is admitted."""
    status = part(queue, "status")
    usage = items(status, "flavorsReservation") or items(status, "flavorsUsage")
    return {
        (flavor["name"], resource["name"]): quantity(value(resource, "total", "0"))
        for flavor in usage
        for resource in items(flavor, "resources")
    }


def _stake(quota: Object, parent: str | None, used: Decimal) -> Stake:
    borrowing, lending = quota.get("borrowingLimit"), quota.get("lendingLimit")
    return Stake(
        parent=parent,
        nominal=quantity(value(quota, "nominalQuota", "0")),
        borrowing=None if borrowing is None else quantity(borrowing),
        lending=None if lending is None else quantity(lending),
        used=used,
    )


def _cohorts(objects: QueueObjects, kind: Kind) -> dict[str, Stake]:
    return {
        _name(cohort): _stake(dict(_quotas(cohort)).get(kind, {}), _parent(cohort, "parentName"), ZERO)
        for cohort in objects.cohorts
    }


def _row(queue: str, kind: Kind, stake: Stake, tree: Tree) -> QuotaRow:
    share = tree.share(queue)
    return QuotaRow(
        queue=queue,
        flavor=kind[0],
        resource=kind[1],
        cohort=stake.parent,
        nominal=stake.nominal,
        borrowing_limit=stake.borrowing,
        lending_limit=stake.lending,
        used=stake.used,
        own=share.own,
        borrowed=share.borrowed,
        lenders=share.lenders,
        lent_at_least=share.lent_at_least,
        lent_at_most=share.lent_at_most,
        free=share.available,
    )


def _reserve(cohort: str, kind: Kind, nominal: Decimal, tree: Tree) -> ReserveRow:
    least, most = tree.reserve_lent(cohort)
    return ReserveRow(
        cohort=cohort, flavor=kind[0], resource=kind[1], nominal=nominal, lent_at_least=least, lent_at_most=most
    )
