"""Rules about warm nodes: a schedule that Kubernetes reads, and no more nodes than there are."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from zoneinfo import available_timezones

from mizan import keys
from mizan.config.faults import ConfigFault
from mizan.config.models.node_settings import SCHEDULE_PATTERN, TIME_ZONE_PATTERN
from mizan.config.part import Part
from mizan.config.schedules import Starts, UnreadableSchedule, starts_of

MINUTES_PER_HOUR = 60


def warm_nodes_come_when_the_schedule_says(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each schedule that nobody can read, and for hours that reach into the next start."""
    for pool in stack["pools"].items:
        schedule = pool["warm"]["schedule"]
        if schedule.text is None or not re.fullmatch(SCHEDULE_PATTERN, schedule.text):
            continue
        try:
            starts = starts_of(schedule.text)
        except UnreadableSchedule as error:
            yield ConfigFault(
                schedule.path,
                schedule.text,
                needs="a schedule that Kubernetes reads as cron does",
                because=str(error),
                fix="Write minute, hour, day, month and weekday such as `0 8 * * 1-5`",
            )
        else:
            yield from _overlapping(pool["warm"], starts)


def _overlapping(warm: Part, starts: Starts) -> Iterator[ConfigFault]:
    hours, apart = warm["hours"], starts.apart_minutes
    if apart < MINUTES_PER_HOUR:
        yield ConfigFault(
            warm["schedule"].path,
            warm["schedule"].text,
            needs="starts at least an hour apart",
            because=f"nodes stay for whole hours, and here the next start comes after {apart} minutes",
            fix="Write one minute such as `0 8 * * 1-5`",
        )
    elif hours.number is not None and hours.number * MINUTES_PER_HOUR > apart:
        most = apart // MINUTES_PER_HOUR
        yield ConfigFault(
            hours.path,
            hours.number,
            needs=f"at most {most}",
            because="the next start comes then, and takes the place of the one before",
            fix=f"Write `{most}`, or let `schedule` start less often",
        )


def warm_nodes_have_a_time_zone(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each time zone that is unknown; where this machine knows none, the API server judges."""
    known = available_timezones()
    for pool in stack["pools"].items if known else ():
        zone = pool["warm"]["timeZone"]
        if zone.text is not None and re.fullmatch(TIME_ZONE_PATTERN, zone.text) and zone.text not in known:
            near = get_close_matches(zone.text, sorted(known), n=1)
            yield ConfigFault(
                zone.path,
                zone.text,
                needs="a time zone of the IANA database",
                because="Kubernetes refuses any other",
                fix=f"Did you mean `{near[0]}`?" if near else "Write a name such as `Europe/Berlin`",
            )


def warm_nodes_fit_into_their_pool(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each pool that keeps more nodes warm than it has."""
    for pool in stack["pools"].items:
        nodes = pool["warm"]["nodes"]
        most = [capacity["maxNodes"].number for capacity in pool["capacity"].items]
        largest = sum(filter(None, most))
        if nodes.number is not None and most and None not in most and nodes.number > largest > 0:
            yield ConfigFault(
                nodes.path,
                nodes.number,
                needs=f"at most {largest}",
                because="that is what the pool's `maxNodes` add up to",
                fix=f"Write `{largest}`, or raise `maxNodes`",
            )


def priorities_leave_placeholders_theirs(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each priority with the name of the class that warm nodes' placeholders have."""
    for priority in stack["priorities"].items:
        if priority["name"].text == keys.PLACEHOLDER_PRIORITY:
            yield ConfigFault(
                priority["name"].path,
                keys.PLACEHOLDER_PRIORITY,
                needs="another name",
                because="the pods that hold the place of warm nodes have the PriorityClass of that name",
                fix="Write a name such as `batch`",
            )
