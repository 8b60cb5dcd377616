"""Rules between a queue's workload and the up-time that its pools state."""

from collections.abc import Iterator
from math import isfinite

from mizan.capacity import CapacityType
from mizan.config.faults import ConfigFault
from mizan.config.models.workloads import Workload
from mizan.config.part import Part

SECONDS_PER_HOUR = 3600


def checkpoints_fit_their_interval(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each workload whose next checkpoint begins before the last one is written."""
    for queue in stack["queues"].items:
        workload = queue["workload"]
        interval, write = workload["checkpointIntervalSeconds"], _write_seconds(workload)
        if interval.number is not None and write is not None and interval.number <= write:
            yield ConfigFault(
                interval.path,
                interval.number,
                needs=f"more than the {write} s that a checkpoint takes",
                because="the workload would do nothing but save itself",
                fix="Raise it, or leave it out for the best one",
            )


def jobs_do_more_than_save_themselves(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each job whose next checkpoint begins before the last one is written, by its own figures."""
    for job in stack["jobs"].items:
        interval, write = job["checkpoint"]["intervalSeconds"], job["checkpoint"]["writeSeconds"].number
        if interval.number is not None and write is not None and interval.number <= write:
            yield ConfigFault(
                interval.path,
                interval.number,
                needs=f"more than the {write} s that a checkpoint takes",
                because="the job would do nothing but save itself",
                fix="Raise it, or leave it out for the best one",
            )


def checkpoints_fit_into_the_uptime(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each workload that takes longer to save itself than spot nodes stay, by the stack's figure."""
    for queue in stack["queues"].items:
        workload = queue["workload"]
        write, nodes = _write_seconds(workload), workload["nodes"]
        count = nodes.number or Workload().nodes
        for quota in queue["quotas"].items:
            hours = _stated_hours(stack["pools"].named(quota["pool"].text))
            if hours is None or write is None or count < 1 or write < hours * SECONDS_PER_HOUR / count:
                continue
            yield ConfigFault(
                workload["checkpointWriteSeconds"].path,
                write,
                needs=f"less than the {hours * SECONDS_PER_HOUR / count:.0f} s that {count} spot nodes of pool "
                f"{quota['pool'].text} stay up together",
                because="no checkpoint would ever be finished",
                fix="Write smaller checkpoints, use fewer nodes, correct `meanUptimeHours`, or buy no spot",
            )


def _write_seconds(workload: Part) -> int | None:
    """Return the seconds of a checkpoint, the model's own where none are written; None where they are unsound."""
    part = workload["checkpointWriteSeconds"]
    return Workload().checkpoint_write_seconds if part.value is None else part.number


def _stated_hours(pool: Part) -> float | None:
    """Return the mean up-time that a pool with spot states, None where it states none."""
    kinds = [capacity["type"].text for capacity in pool["capacity"].items]
    hours = pool["meanUptimeHours"].value
    if CapacityType.SPOT not in kinds or isinstance(hours, bool) or not isinstance(hours, int | float | str):
        return None
    # The model takes a number as text too.
    try:
        stated = float(hours)
    except (ValueError, OverflowError):
        return None
    return stated if stated > 0 and isfinite(stated) else None
