"""Rules about times in which GKE must not upgrade."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from mizan.config.faults import ConfigFault, key
from mizan.config.models.gke import ExclusionScope
from mizan.config.models.moments import moment_of
from mizan.config.part import Part
from mizan.prices import PriceBook

# The other scopes have no limit in days: they end with the support of the cluster's version, which GKE alone knows.
# Source: google/skills@1af7775 plugins/cloud/google-cloud-gke/skills/gke-upgrades/SKILL.md, Maintenance Windows &
# Exclusions.
NO_UPGRADES_DAYS = 90
MOST_WITHOUT_UPGRADES = 3


def exclusions_are_ahead_and_no_longer_than_gke_takes(stack: Part, _: PriceBook, today: date) -> Iterator[ConfigFault]:
    """Yield a fault for each exclusion that ends before it begins, is too long for GKE, or is over."""
    for exclusion in stack["gke"]["maintenance"]["exclusions"].items:
        yield from _of_times(exclusion, today)


def exclusions_are_few_and_named_once(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for each name that another exclusion has, and for more without any upgrade than GKE takes."""
    exclusions = stack["gke"]["maintenance"]["exclusions"]
    first: dict[str, Part] = {}
    for exclusion in exclusions.items:
        name = exclusion["name"]
        if name.text in first:
            yield ConfigFault(
                name.path,
                name.text,
                needs="a name used once",
                because=f"{key(first[name.text].path)} already has it, and one would overwrite the other",
                fix="Rename one of the two",
            )
        elif name.text is not None:
            first[name.text] = name
    whole = [exclusion for exclusion in exclusions.items if exclusion["scope"].text == ExclusionScope.NO_UPGRADES]
    if len(whole) > MOST_WITHOUT_UPGRADES:
        yield ConfigFault(
            exclusions.path,
            f"{len(whole)} of scope NO_UPGRADES",
            needs=f"at most {MOST_WITHOUT_UPGRADES}",
            because="GKE takes no more of them for one cluster",
            fix="Write `scope: NO_MINOR_OR_NODE_UPGRADES` to the others, which keeps nodes as well",
        )


def _of_times(exclusion: Part, today: date) -> Iterator[ConfigFault]:
    start, end = moment_of(exclusion["start"].value), moment_of(exclusion["end"].value)
    if start is None or end is None:
        return
    path, days = exclusion["end"].path, (end - start) / timedelta(days=1)
    if end <= start:
        yield ConfigFault(
            path,
            _written(end),
            needs="a moment after `start`",
            because=f"it begins at {_written(start)}, and a day means its beginning",
            fix="Write a later day",
        )
    elif end <= datetime(today.year, today.month, today.day, tzinfo=UTC):
        yield ConfigFault(
            path,
            _written(end),
            needs=f"an end after the beginning of {today}",
            because="an exclusion that is over keeps GKE from nothing",
            fix="Remove it, or write a later day",
        )
    elif exclusion["scope"].text == ExclusionScope.NO_UPGRADES and days > NO_UPGRADES_DAYS:
        yield ConfigFault(
            path,
            _written(end),
            needs=f"at most {_written(start + timedelta(days=NO_UPGRADES_DAYS))}",
            because=f"GKE takes {NO_UPGRADES_DAYS} days without any upgrade, and these are {days:.1f}",
            fix="Write an earlier day, or `scope: NO_MINOR_OR_NODE_UPGRADES`, which keeps nodes for longer",
        )


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
