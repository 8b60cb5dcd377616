"""What keeps a team within its quota only in part."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mizan.plan.pod_requests import spelt
from mizan.plan.queue_model import CohortPlan, QueuePlan
from mizan.plan.reach import reachable_units
from mizan.plan.tenant_model import TeamPlan
from mizan.sharing import WHOLE


def of_resource_quotas(
    teams: Sequence[TeamPlan], queues: Sequence[QueuePlan], cohorts: Sequence[CohortPlan]
) -> Iterator[str]:
    """Yield each team whose namespace counts unlike parts of GPUs as one, because their pools offer them by one name.

    GKE's own sharing offers whole GPUs and parts alike as `nvidia.com/gpu`. A ResourceQuota has scopes for priorities
    and for how a pod ends, and none for nodes, so that it holds the sum.
    Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/, Quota scopes, read 2026-11-22.
    """
    by_name = {queue.name: queue for queue in queues}
    for team in teams:
        own = [by_name[name] for name in team.queues]
        for resource, total in team.gpu_quota.items():
            parts = _parts(own, resource)
            if len(parts) < 2:
                continue
            found = {part: reachable_units(_of_part(own, resource, part), queues, cohorts)[resource] for part in parts}
            counted = {part: units for part, units in found.items() if units}
            if len(counted) > 1:
                each = " and ".join(spelt(units, part) for part, units in counted.items())
                largest = f"{total} whole GPUs" if WHOLE in counted else f"{total} of the largest"
                yield (
                    f"team {team.namespace}: its ResourceQuota holds {total} {resource}, which is {each}, as their "
                    f"pools offer them by one name; it does not keep pods that no queue admits from {largest}. Write "
                    "`manager: operator` in the `sharing` of a pool, which names its parts apart, or give the parts "
                    "to another team."
                )


def _parts(queues: Sequence[QueuePlan], resource: str) -> list[str]:
    """Return the parts of GPUs that the flavors of some queues offer as one resource, by name."""
    found = (part for queue in queues for quota in queue.quotas for part in quota.flavor.sharing.parts)
    return list(dict.fromkeys(part.name for part in found if part.resource == resource))


def _of_part(queues: Sequence[QueuePlan], resource: str, name: str) -> list[QueuePlan]:
    """Return queues with the quotas alone whose flavors offer such a part as that resource."""
    return [
        replace(
            queue,
            quotas=tuple(
                quota
                for quota in queue.quotas
                if any(part.name == name and part.resource == resource for part in quota.flavor.sharing.parts)
            ),
        )
        for queue in queues
    ]
