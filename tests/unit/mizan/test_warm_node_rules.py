"""Warm nodes in a stack file: what is refused, with its whole message."""

import pytest

from tests.builders import a_config, a_pool, a_stack, faults_of

WARM = {"nodes": 1, "schedule": "0 8 * * 1-5", "hours": 10, "timeZone": "Europe/Berlin"}


def a_warm_stack(**warm: object) -> dict[str, object]:
    return a_stack(pools=[a_pool(warm=WARM | warm)])


@pytest.mark.parametrize(
    ("warm", "told"),
    [
        (
            {"schedule": "0 8 * * 1-7"},
            (
                "schedule: 0 8 * * 1-7; needs a schedule that Kubernetes reads as cron does because Kubernetes counts "
                "weekdays from 0, Sunday, to 6. Write minute, hour, day, month and weekday such as `0 8 * * 1-5`."
            ),
        ),
        (
            {"schedule": "*/30 8 * * *", "hours": 1},
            (
                "schedule: */30 8 * * *; needs starts at least an hour apart because nodes stay for whole hours, and "
                "here the next start comes after 30 minutes. Write one minute such as `0 8 * * 1-5`."
            ),
        ),
        (
            {"hours": 25},
            (
                "hours: 25; needs at most 24 because the next start comes then, and takes the place of the one before. "
                "Write `24`, or let `schedule` start less often."
            ),
        ),
        (
            {"timeZone": "Europe/Berlinn"},
            (
                "timeZone: Europe/Berlinn; needs a time zone of the IANA database because Kubernetes refuses any "
                "other. Did you mean `Europe/Berlin`?"
            ),
        ),
        (
            {"timeZone": "X"},
            (
                "timeZone: X; needs a time zone of the IANA database because Kubernetes refuses any other. Write a "
                "name such as `Europe/Berlin`."
            ),
        ),
        (
            {"nodes": 4},
            (
                "nodes: 4; needs at most 3 because that is what the pool's `maxNodes` add up to. Write `3`, or raise "
                "`maxNodes`."
            ),
        ),
    ],
)
def test_what_cannot_be_kept_warm_is_told_in_full_and_nothing_else(warm, told):
    assert faults_of(a_warm_stack(**warm)) == [f"mizan:pools[0].warm.{told}"]


@pytest.mark.parametrize(
    "warm", [{"hours": 24}, {"nodes": 3}, {"schedule": "0 0 * * *", "hours": 24}, {"image": "a:1"}]
)
def test_what_is_at_its_limit_is_taken(warm):
    kept = a_config(a_warm_stack(**warm)).pools[0].warm
    assert kept is not None
    assert kept.model_dump(by_alias=True, exclude_none=True) == WARM | warm


def test_the_time_zone_is_utc_where_nobody_says_it():
    warm = {key: value for key, value in WARM.items() if key != "timeZone"}
    assert a_config(a_stack(pools=[a_pool(warm=warm)])).pools[0].warm.time_zone == "Etc/UTC"


def test_where_a_machine_knows_no_time_zones_the_api_server_judges(monkeypatch):
    monkeypatch.setattr("mizan.config.rules.warm_nodes.available_timezones", frozenset)
    assert a_config(a_warm_stack(timeZone="X")).pools[0].warm.time_zone == "X"


def test_no_priority_has_the_name_of_the_placeholders():
    priority = {"name": "mizan-placeholder", "value": 1, "description": "Mine"}
    assert faults_of(a_stack(priorities=[priority], jobs=[])) == [
        (
            "mizan:priorities[0].name: mizan-placeholder; needs another name because the pods that hold the place of "
            "warm nodes have the PriorityClass of that name. Write a name such as `batch`."
        )
    ]


def test_no_team_has_the_platform_s_own_namespace():
    stack = a_stack(
        teams=[{"name": "mizan-system", "costCenter": "x", "project": "y", "queues": ["training"]}], jobs=[]
    )
    assert faults_of(stack)[0].startswith("mizan:teams[0].name: mizan-system; ")
