"""Needed quotas against granted ones. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from mizan.quotas.granted import Granted, GrantedQuotas
from mizan.quotas.model import QuotaNeed


class Status(StrEnum):
    """Whether what is granted is enough."""

    ENOUGH = "enough"
    SHORT = "short"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class QuotaCheck:
    """One needed quota beside what is granted of it.

    Attributes:
        granted: None where it is unknown.
        missing: to ask for on top of what is granted; 0 where it is enough or unknown.
        note: what else to know, such as another quota that counts instead; None where there is nothing.
    """

    need: QuotaNeed
    granted: Granted | None
    status: Status
    missing: int
    note: str | None = None

    @property
    def request(self) -> int | None:
        """Return the new value to ask the cloud for; None where nothing has to be asked for."""
        return self.need.amount if self.status is Status.SHORT else None


def compare(needs: Sequence[QuotaNeed], granted: GrantedQuotas) -> tuple[QuotaCheck, ...]:
    """Return every need beside what is granted of it, in the order of the needs."""
    return tuple(_check(need, needs, granted) for need in needs)


def _check(need: QuotaNeed, needs: Sequence[QuotaNeed], granted: GrantedQuotas) -> QuotaCheck:
    found = granted.of(need)
    if found is None:
        note = f"where none is granted, {need.standard} counts" if need.standard else None
        return QuotaCheck(need=need, granted=None, status=Status.UNKNOWN, missing=0, note=note)
    if _is_enough(need.amount, found):
        return QuotaCheck(need=need, granted=found, status=Status.ENOUGH, missing=0)
    if found.amount == 0 and need.standard:
        return _on_standard(need, need.standard, found, needs, granted)
    return _short(need, found)


def _on_standard(
    need: QuotaNeed, standard: str, found: Granted, needs: Sequence[QuotaNeed], granted: GrantedQuotas
) -> QuotaCheck:
    """Return the check of a preemptible quota of 0, for which the standard one may stand in.

    Source: https://docs.cloud.google.com/compute/docs/instances/spot, quotas for Spot VMs, read 2026-11-22.
    """
    other = granted.named(need, standard)
    beside = sum(
        each.amount for each in needs if each.row and each.row.quota == standard and each.region == need.region
    )
    both = need.amount + beside
    if other is None:
        return _short(need, found, f"{standard} counts instead if none was ever requested here; it is unknown too")
    size = "no limit" if other.amount is None else str(other.amount)
    if not _is_enough(both, other):
        return _short(need, found, f"{standard} could count instead, but {both} for both is beyond its {size}")
    note = f"{standard} counts instead, {both} of {size} for both, unless preemptible quota was ever requested here"
    return QuotaCheck(need=need, granted=found, status=Status.ENOUGH, missing=0, note=note)


def _short(need: QuotaNeed, found: Granted, note: str | None = None) -> QuotaCheck:
    missing = need.amount - (found.amount or 0)
    return QuotaCheck(need=need, granted=found, status=Status.SHORT, missing=missing, note=note)


def _is_enough(amount: int, granted: Granted) -> bool:
    return granted.amount is None or amount <= granted.amount
