"""What the units are called that a cluster's quotas count: Kueue names resources, a stack what they are of a GPU.

The resource alone does not tell: where GKE shares GPUs itself, a part of one is `nvidia.com/gpu` like a whole one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from mizan import keys
from mizan.plan import Plan
from mizan.queueing.words import short
from mizan.queueing.workloads import HoldingJob, JobInQueue
from mizan.sharing import WHOLE


@dataclass(frozen=True, kw_only=True)
class Asked:
    """So many units of one resource, which a job takes altogether.

    Attributes:
        part: what a unit is of a GPU, by name.
    """

    resource: str
    units: Decimal
    part: str


@dataclass(frozen=True, kw_only=True)
class Units:
    """The units of a stack's flavors.

    Attributes:
        parts: by flavor and resource, what one is of a GPU by name.
        flavors: by queue, those that its jobs may get.
    """

    parts: Mapping[tuple[str, str], str]
    flavors: Mapping[str | None, tuple[str, ...]]

    @property
    def has_parts(self) -> bool:
        """Return whether any of them is less than a whole GPU."""
        return any(part != WHOLE for part in self.parts.values())

    def part(self, flavor: str, resource: str) -> str:
        """Return what a unit is of a GPU; the resource in a word where the stack has no such flavor."""
        return self.parts.get((flavor, resource)) or _part(resource)

    def asked(self, job: JobInQueue) -> tuple[Asked, ...]:
        """Return what a job takes, by resource; its resource's name where that is several things in its queue."""
        flavors = job.flavors if isinstance(job, HoldingJob) else self.flavors.get(job.queue, ())
        return tuple(
            Asked(resource=resource, units=units, part=self._part_among(flavors, resource))
            for resource, units in job.asked.items()
        )

    def _part_among(self, flavors: tuple[str, ...], resource: str) -> str:
        found = {self.parts[flavor, resource] for flavor in flavors if (flavor, resource) in self.parts}
        if not found:
            return _part(resource)
        return found.pop() if len(found) == 1 else resource


def units_of(plan: Plan) -> Units:
    """Return the units of a stack."""
    return Units(
        parts={(flavor.name, part.resource): part.name for flavor in plan.flavors for part in flavor.sharing.parts},
        flavors={queue.name: tuple(quota.flavor.name for quota in queue.quotas) for queue in plan.queues},
    )


def _part(resource: str) -> str:
    return WHOLE if resource == keys.NVIDIA_GPU else short(resource)
