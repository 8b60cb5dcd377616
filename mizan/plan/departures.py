"""Whether a team may leave: its namespace goes with it, and every job in there.

What it judges are Kubernetes objects as the API server gives them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mizan.errors import PlatformError
from mizan.plan.model import Plan

Object = Mapping[str, Any]

# A namespace may hold thousands of jobs; a message that names these many still says whose they are.
NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Work:
    """What would end with a namespace.

    Attributes:
        namespace: the team's.
        kind: `job` or `pod`, as kubectl names it.
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


def refusal(plan: Plan, work: Iterable[Work]) -> PlatformError | None:
    """Return why the update must not begin, or None where nothing runs in a namespace that it removes.

    Args:
        plan: the stack as it is to be.
        work: everything unfinished in the departing namespaces.
    """
    by_team: dict[str, list[Work]] = {}
    for item in sorted(work, key=lambda item: (item.namespace, item.kind, item.name)):
        by_team.setdefault(item.namespace, []).append(item)
    if not by_team:
        return None
    return PlatformError(
        f"stack {plan.stack}",
        "; ".join(f"team {team} is removed while {_told(items)}" for team, items in by_team.items()),
        needs="no unfinished job in the namespace of a team that is removed",
        because="the namespace goes with the team and ends everything in it",
        fix="Wait until they end or delete them, or write "
        f"`mizan:forceRemoveTeams: [{', '.join(by_team)}]` for one update",
    )


def _told(items: list[Work]) -> str:
    named = ", ".join(f"{item.kind} {item.name}" for item in items[:NAMED])
    more = f" and {len(items) - NAMED} more" if len(items) > NAMED else ""
    return f"{named}{more} {'has' if len(items) == 1 else 'have'} not ended"


def _work(kind: str, found: Object) -> Work:
    return Work(namespace=found["metadata"]["namespace"], kind=kind, name=found["metadata"]["name"])


def _is_going(found: Object) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))


def _has_ended(job: Object) -> bool:
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(item["type"] in ("Complete", "Failed") and item["status"] == "True" for item in conditions)


def _is_over(pod: Object) -> bool:
    return (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")


def _is_of_job(pod: Object) -> bool:
    return any(
        owner["kind"] == "Job" and owner.get("controller") for owner in pod["metadata"].get("ownerReferences") or ()
    )
