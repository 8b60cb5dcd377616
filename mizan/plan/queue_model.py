"""The queues of a plan: who has how much of each flavor, and what they lend each other."""

from dataclasses import dataclass

from mizan.config import Fallback, Preemption, QueueingStrategy, WhenCanBorrow
from mizan.plan.model import Flavor


@dataclass(frozen=True, kw_only=True)
class FlavorQuota:
    """Units of one flavor.

    Attributes:
        nominal: the owner's own.
        borrowing: the most it may borrow from its cohort; None is no limit, and 0 where there is no cohort.
        lending: the most of its own that it lends; None is all of it.
    """

    flavor: Flavor
    nominal: int
    borrowing: int | None = None
    lending: int | None = None

    @property
    def lendable(self) -> int:
        """Return what others can get of it while it is idle."""
        return self.nominal if self.lending is None else self.lending


@dataclass(frozen=True, kw_only=True)
class CohortPlan:
    """A cohort with what belongs to all its queues together."""

    name: str
    parent: str | None
    quotas: tuple[FlavorQuota, ...]
    weight: int | None


@dataclass(frozen=True, kw_only=True)
class QueuePlan:
    """A ClusterQueue with its flavors in the order they are tried, and the namespaces that may use it."""

    name: str
    fallback: Fallback
    quotas: tuple[FlavorQuota, ...]
    namespaces: tuple[str, ...]
    cohort: str | None
    when_can_borrow: WhenCanBorrow
    preemption: Preemption
    strategy: QueueingStrategy
    weight: int | None
