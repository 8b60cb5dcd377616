"""A cloud's quota, and what a plan needs of it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fnmatch import fnmatchcase

from mizan.catalogue import Machine, Provider

GLOBAL = "global"
"""In place of a region: the quota counts all regions together."""


class Purchase(StrEnum):
    """The ways to buy that clouds count apart; flex-start counts as spot."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    CAPACITY_BLOCK = "capacity-block"


class Unit(StrEnum):
    """What a quota counts."""

    GPUS = "GPUs"
    VCPUS = "vCPUs"


@dataclass(frozen=True, kw_only=True)
class QuotaRow:
    """One quota and the machines that count against it.

    Attributes:
        machines: pattern of their names, such as `a2-highgpu-*`.
        gpu: of the catalogue where the machine's name does not say it; `*` for any.
        quota: as the cloud names it; behind `:` the value of its own dimension, such as a GPU family.
        code: by which the cloud's interface takes a request.
        starts_at_zero: whether every new account has 0 of it; otherwise it differs.
    """

    provider: Provider
    machines: str
    gpu: str
    purchase: Purchase
    is_global: bool
    quota: str
    code: str
    unit: Unit
    starts_at_zero: bool
    as_of: date
    source: str

    def counts(self, machine: Machine) -> bool:
        """Return whether nodes of a machine count against it, if they are bought in its way."""
        return (
            self.provider == machine.provider
            and fnmatchcase(machine.name, self.machines)
            and self.gpu in ("*", machine.gpu.name)
        )


@dataclass(frozen=True, kw_only=True)
class QuotaNeed:
    """How much of one quota a plan needs when all its pools are at their largest.

    Attributes:
        region: or `global`.
        row: the quota; None where no source tells which one counts.
        purchases: the ways to buy that count against it.
        users: offers and commitments that need it.
        machines: of these.
        standard: the quota that counts instead where no preemptible one has ever been requested; None for all others.
    """

    provider: Provider
    region: str
    row: QuotaRow | None
    unit: Unit
    amount: int
    purchases: tuple[Purchase, ...]
    users: tuple[str, ...]
    machines: tuple[str, ...]
    standard: str | None = None

    @property
    def name(self) -> str:
        """Return the quota as the cloud names it, or what is known of it."""
        return self.row.quota if self.row else f"unknown: {self.purchases[0]} of {', '.join(self.machines)}"
