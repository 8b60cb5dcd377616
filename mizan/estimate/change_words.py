"""What to change in the stack file, in a few words, to make a pool of a plan another one."""

from collections.abc import Iterator

from mizan.capacity import CapacityType
from mizan.config import ExpectedUse
from mizan.estimate.counted import Counted, Quota
from mizan.plan import FlavorQuota

# More quotas than these, all lowered to the same, are told as one limit.
MOST_TOLD = 3


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
                yield from _quota_changed(quota, before.quotas[quota], after.quotas.get(quota), before.unit_key)


def _limit(before: Counted, after: Counted, kind: CapacityType | None, most: int) -> str:
    """Return in a few words what many quotas become that were larger."""
    owners = [owner for owner, counted in before.quotas if counted is kind]
    whose = "every queue and cohort" if any(owner.startswith("cohort ") for owner in owners) else "every queue"
    lends = any(after.quotas[quota].lending != was.lending for quota, was in before.quotas.items() if quota[1] is kind)
    return f"{_own(kind)}{before.unit_key}{' and lend' if lends else ''} of {whose} to {most} at most"


def _quota_changed(quota: Quota, was: FlavorQuota, now: FlavorQuota | None, key: str) -> Iterator[str]:
    owner, kind = quota
    if now is None:
        yield _removal(quota)
        return
    yield f"{_own(kind)}{key} of {owner} {was.nominal} -> {now.nominal}"
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
