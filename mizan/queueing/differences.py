"""Where the cluster is not what the stack says: there other quotas are held, lent and borrowed than the plan tells."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from mizan import keys
from mizan.plan import FlavorQuota, Plan
from mizan.queueing.holdings import Holdings
from mizan.queueing.words import plain

# What a queue or a cohort has, by what it is called.
Facts = dict[str, str]

_NONE = "none"
# No flavor has a space in its name.
_COHORT, _PARENT = "its cohort", "its parent"


def differences(plan: Plan, held: Holdings) -> Iterator[str]:
    """Yield each difference in a quota, in its limits, or in which cohort is above, as a sentence."""
    found = _in_cluster(held)
    for owner, facts in _in_stack(plan).items():
        if owner not in found:
            yield f"{owner}: in the stack, not in the cluster. Run `pulumi up`."
            continue
        there = found[owner]
        for name in {**facts, **there}:
            planned, seen = facts.get(name, _NONE), there.get(name, _NONE)
            if planned != seen:
                yield f"{owner}, {name}: {planned} in the stack, {seen} in the cluster. Run `pulumi up`."


def _in_stack(plan: Plan) -> Mapping[str, Facts]:
    queues = {f"queue {queue.name}": _facts(_COHORT, queue.cohort, queue.quotas) for queue in plan.queues}
    cohorts = {f"cohort {cohort.name}": _facts(_PARENT, cohort.parent, cohort.quotas) for cohort in plan.cohorts}
    return queues | cohorts


def _facts(key: str, above: str | None, quotas: tuple[FlavorQuota, ...]) -> Facts:
    limits = {
        _flavor(quota.flavor.name, resource): _quota(
            quota.nominal * amount, _times(quota.borrowing, amount), _times(quota.lending, amount)
        )
        for quota in quotas
        for resource, amount in quota.flavor.sharing.amounts.items()
    }
    return {key: above or _NONE, **limits}


def _in_cluster(held: Holdings) -> Mapping[str, Facts]:
    found = {f"cohort {name}": {_PARENT: parent or _NONE} for name, parent in held.parents.items()}
    for reserve in held.reserves:
        found[f"cohort {reserve.cohort}"][_flavor(reserve.flavor, reserve.resource)] = _quota(reserve.nominal)
    for row in held.queues:
        facts = found.setdefault(f"queue {row.queue}", {_COHORT: row.cohort or _NONE})
        facts[_flavor(row.flavor, row.resource)] = _quota(row.nominal, row.borrowing_limit, row.lending_limit)
    return found


def _times(units: int | None, amount: int) -> int | None:
    return None if units is None else units * amount


def _flavor(name: str, resource: str) -> str:
    return name if resource == keys.NVIDIA_GPU else f"{name} {resource}"


def _quota(own: Decimal | int, borrow: Decimal | int | None = None, lend: Decimal | int | None = None) -> str:
    """Return a quota as a person says it: `8`, or `8 (borrow 6, lend 2)`."""
    limits = [
        f"{key} {plain(Decimal(limit))}" for key, limit in (("borrow", borrow), ("lend", lend)) if limit is not None
    ]
    return plain(Decimal(own)) + (f" ({', '.join(limits)})" if limits else "")
