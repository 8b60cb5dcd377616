"""Whether the disk that a stack asks for holds what its Prometheus is to keep."""

from collections.abc import Iterator

from mizan.metrics.volume import volume_of
from mizan.plan import Plan

# For which what is recorded carries itself on (mizan/metrics/totals.py, _MONTH_CARRIED).
_MONTH_CARRIED_DAYS = 2


def disk_warnings(plan: Plan) -> Iterator[str]:
    """Yield what is lost where the stack file's own size is less than its largest size of the cluster needs."""
    settings = plan.prometheus
    if settings is None or settings.storage_gib is None:
        return
    size, days = settings.storage_gib, settings.retention_days
    needed = volume_of(plan).disk_gib(days)
    if size >= needed:
        return
    kept = days * size // needed
    month = " So few that the month's dollars may begin anew." if kept < _MONTH_CARRIED_DAYS else ""
    yield (
        f"Prometheus: `storageGib` of {size}, but samples of {days} days need {needed} GiB where the stack is at its "
        f"largest size; the disk holds about {kept} days then, and what is older is dropped.{month} Write "
        f"`storageGib: {needed}`, leave it out, or lower `retentionDays`."
    )
