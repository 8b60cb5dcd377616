"""Whether a team may leave: its namespace goes with it, every job in there and what lies on its volumes.

What it judges are Kubernetes objects as the API server gives them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mizan.errors import PlatformError
from mizan.plan.plan_model import Plan

Object = Mapping[str, Any]

# As kubectl names the claim of a volume.
CLAIM = "persistentvolumeclaim"

# A namespace may hold thousands of jobs; a message that names these many still says whose they are.
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Work:
    """What would end, or be lost, with a namespace.

    Attributes:
        namespace: the team's.
        kind: `job`, `pod` or `persistentvolumeclaim`, as kubectl names it.
        name: its name there.
    """

    namespace: str
    kind: str
    name: str


def departing(plan: Plan, namespaces: Iterable[Object]) -> tuple[str, ...]:
    """Return the namespaces that the plan's next update removes, but those whose removal is forced.

    Args:
        plan: the stack as it is to be.
        namespaces: those that the stack has in the cluster.
    """
    kept = {team.namespace for team in plan.teams} | set(plan.forced_removals)
    return tuple(
        sorted(
            found["metadata"]["name"]
            for found in namespaces
            if found["metadata"]["name"] not in kept and not _is_going(found)
        )
    )


def unfinished(jobs: Iterable[Object], pods: Iterable[Object]) -> tuple[Work, ...]:
    """Return what runs, or waits to: jobs that have not ended, and running pods of anything but a job."""
    waiting = [job for job in jobs if not _is_going(job) and not _has_ended(job)]
    running = [pod for pod in pods if not _is_going(pod) and not _is_over(pod) and not _is_of_job(pod)]
    return tuple(_work("job", job) for job in waiting) + tuple(_work("pod", pod) for pod in running)


def filled(claims: Iterable[Object]) -> tuple[Work, ...]:
    """Return the claims that have a volume, as most storage classes delete it, and what lies on it, with the claim.

    One that waits for its first pod has no volume yet, and one that has lost its volume has none any more.
    Source: https://kubernetes.io/docs/concepts/storage/persistent-volumes/#reclaiming, read 2026-11-22;
    k8s.io/api@v0.36.3 core/v1/types.go, PersistentVolumeClaimPhase.
    """
    return tuple(_work(CLAIM, claim) for claim in claims if not _is_going(claim) and _is_bound(claim))


def refusal(plan: Plan, work: Iterable[Work]) -> PlatformError | None:
    """Return why the update must not begin, or None where nothing is lost with a namespace that it removes.

    Args:
        plan: the stack as it is to be.
        work: everything unfinished in the departing namespaces, and their filled claims.
    """
    by_team: dict[str, list[Work]] = {}
    for item in sorted(work, key=lambda item: (item.namespace, item.kind, item.name)):
        by_team.setdefault(item.namespace, []).append(item)
    if not by_team:
        return None
    return PlatformError(
        f"stack {plan.stack}",
        "; ".join(f"team {team} is removed while {_told(items)}" for team, items in by_team.items()),
        needs="no unfinished job and no volume in the namespace of a team that is removed",
        because="the namespace goes with the team, and everything in it",
        fix="Wait until jobs end, copy what is on volumes, and delete both, or write "
        f"`mizan:forceRemoveTeams: [{', '.join(by_team)}]` for one update",
    )


def _told(items: list[Work]) -> str:
    running = [item for item in items if item.kind != CLAIM]
    claims = [item for item in items if item.kind == CLAIM]
    told = [
        f"{_named(running)} {'has' if len(running) == 1 else 'have'} not ended" if running else "",
        f"{_named(claims)} {'holds' if len(claims) == 1 else 'hold'} data" if claims else "",
    ]
    return " and ".join(filter(None, told))


def _named(items: list[Work]) -> str:
    named = ", ".join(f"{item.kind} {item.name}" for item in items[:NAMED])
    return f"{named} and {len(items) - NAMED} more" if len(items) > NAMED else named


def _work(kind: str, found: Object) -> Work:
    return Work(namespace=found["metadata"]["namespace"], kind=kind, name=found["metadata"]["name"])


def _is_going(found: Object) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))


def _has_ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def _is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _is_bound(claim: Object) -> bool:
    return (claim.get("status") or {}).get("phase") == "Bound"


def _is_of_job(pod: Object) -> bool:
    return any(
        owner["kind"] == "Job" and owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or ()
    )
