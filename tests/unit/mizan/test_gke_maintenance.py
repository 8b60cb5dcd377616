"""When GKE may upgrade nodes: exclusions, what it takes of them, and who is told of runs that take longer."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.clouds.gcp.cluster import cluster_args
from mizan.clouds.gcp.site import site_of
from mizan.config import Maintenance, parse
from mizan.config.models import ExclusionScope, MaintenanceExclusion
from mizan.config.models.moments import moment_of
from mizan.plan import build_plan
from mizan.plan.expiry import hours_between_windows
from tests.builders import a_job, a_pool, a_queue
from tests.gke_stacks import BOOK, a_flex_start_stack, a_gke_plan, a_gke_stack, faults_on_gke

BOTH = [{"type": "spot", "maxNodes": 2}, {"type": "on-demand", "maxNodes": 1}]
WHOLE = [{"pool": "a100", "gpus": 12}]
EXCLUSION = {"name": "big-run", "start": "2026-11-20", "end": "2026-12-20T06:00:00Z"}


def with_exclusions(*exclusions):
    return a_gke_stack({"maintenance": {"exclusions": list(exclusions)}})


def told(*, hours, quotas=WHOLE, exclusions=(), maintenance=None, jobs=(), today=date(2026, 11, 22)):
    fallback = "capacity" if quotas is WHOLE else "quota"
    values = a_gke_stack(
        {"maintenance": (maintenance or {}) | {"exclusions": list(exclusions)}},
        pools=[a_pool(capacity=BOTH)],
        queues=[a_queue(fallback=fallback, quotas=quotas, workload={"maxRunHours": hours})],
        jobs=list(jobs),
    )
    plan = build_plan("gke-test", parse(values, today, prices=BOOK))
    return [warning for warning in plan.warnings if "maintenance window" in warning]


def policy_of(values):
    plan = a_gke_plan(values)
    return cluster_args(plan, site_of(plan), network="n", subnetwork="s", account="a")["maintenance_policy"]


def test_an_exclusion_goes_to_gke_in_utc_with_its_scope():
    eastern = {"name": "patches", "start": "2027-01-10T02:00:00+02:00", "end": "2027-02-01", "scope": "NO_UPGRADES"}
    assert policy_of(with_exclusions(EXCLUSION, eastern))["maintenance_exclusions"] == [
        {
            "exclusion_name": "big-run",
            "start_time": "2026-11-20T00:00:00Z",
            "end_time": "2026-12-20T06:00:00Z",
            "exclusion_options": {"scope": "NO_MINOR_OR_NODE_UPGRADES"},
        },
        {
            "exclusion_name": "patches",
            "start_time": "2027-01-10T00:00:00Z",
            "end_time": "2027-02-01T00:00:00Z",
            "exclusion_options": {"scope": "NO_UPGRADES"},
        },
    ]


def test_a_cluster_without_exclusions_has_no_word_of_them():
    assert set(policy_of(a_gke_stack())) == {"recurring_window"}


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-06-30", datetime(2027, 6, 30, tzinfo=UTC)),
        (date(2027, 6, 30), datetime(2027, 6, 30, tzinfo=UTC)),
        ("2027-06-30T06:00:00Z", datetime(2027, 6, 30, 6, tzinfo=UTC)),
        ("2027-06-30T06:00:00-05:30", datetime(2027, 6, 30, 11, 30, tzinfo=UTC)),
        ("2027-06-30 00:00:00 +0000 UTC", datetime(2027, 6, 30, tzinfo=UTC)),
        ("2027-06-30 06:00:00 +0200 +0200", datetime(2027, 6, 30, 4, tzinfo=UTC)),
        (datetime(2027, 6, 30, 6), datetime(2027, 6, 30, 6, tzinfo=UTC)),  # noqa: DTZ001  # as YAML reads it
        ("2027-06-30T06:00:00", None),
        ("2027-02-30", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("2027-W26-3", None),
        (20270630, None),
        (True, None),
    ],
)
def test_a_moment_is_read_as_yaml_pulumi_and_people_write_it(written, moment):
    assert moment_of(written) == moment


REFUSED = [
    (
        [EXCLUSION | {"end": "2026-11-20"}],
        (
            "mizan:gke.maintenance.exclusions[0].end: 2026-11-20T00:00:00Z; needs a moment after `start` because it "
            "begins at 2026-11-20T00:00:00Z, and a day means its beginning. Write a later day."
        ),
    ),
    (
        [EXCLUSION | {"start": "2026-11-01", "end": "2026-11-22"}],
        (
            "mizan:gke.maintenance.exclusions[0].end: 2026-11-22T00:00:00Z; needs an end after the beginning of "
            "2026-11-22 because an exclusion that is over keeps GKE from nothing. Remove it, or write a later day."
        ),
    ),
    (
        [EXCLUSION | {"end": "2027-02-18T12:00:00Z", "scope": "NO_UPGRADES"}],
        (
            "mizan:gke.maintenance.exclusions[0].end: 2027-02-18T12:00:00Z; needs at most 2027-02-18T00:00:00Z because "
            "GKE takes 90 days without any upgrade, and these are 90.5. Write an earlier day, or `scope: "
            "NO_MINOR_OR_NODE_UPGRADES`, which keeps nodes for longer."
        ),
    ),
    (
        [EXCLUSION, EXCLUSION],
        (
            "mizan:gke.maintenance.exclusions[1].name: big-run; needs a name used once because "
            "mizan:gke.maintenance.exclusions[0].name already has it, and one would overwrite the other. Rename one of "
            "the two."
        ),
    ),
    (
        [EXCLUSION | {"name": f"freeze-{number}", "scope": "NO_UPGRADES"} for number in range(4)],
        (
            "mizan:gke.maintenance.exclusions: 4 of scope NO_UPGRADES; needs at most 3 because GKE takes no more of "
            "them for one cluster. Write `scope: NO_MINOR_OR_NODE_UPGRADES` to the others, which keeps nodes as well."
        ),
    ),
]


@pytest.mark.parametrize(("exclusions", "fault"), REFUSED)
def test_what_gke_would_refuse_or_ignore_is_refused_here(exclusions, fault):
    assert faults_on_gke(with_exclusions(*exclusions)) == [fault]


@pytest.mark.parametrize(
    "exclusions",
    [
        [EXCLUSION | {"end": "2027-02-18", "scope": "NO_UPGRADES"}],
        [EXCLUSION | {"end": "2027-12-31"}],
        [EXCLUSION | {"end": "2026-11-22T00:00:01Z"}],
        [EXCLUSION | {"name": f"freeze-{number}", "scope": "NO_UPGRADES"} for number in range(3)],
        [EXCLUSION | {"name": f"run-{number}"} for number in range(20)],
    ],
    ids=["90 days", "a year without node upgrades", "a second is left", "three", "twenty"],
)
def test_what_gke_takes_is_no_fault(exclusions):
    assert len(a_gke_plan(with_exclusions(*exclusions)).gke.maintenance.exclusions) == len(exclusions)


def test_more_exclusions_than_gke_takes_are_refused():
    many = [EXCLUSION | {"name": f"run-{number}"} for number in range(21)]
    (fault,) = faults_on_gke(with_exclusions(*many))
    assert "; needs at most 20 entries because " in fault


def test_a_queue_whose_runs_do_not_fit_between_two_windows_is_told_how_long_they_may_be():
    (warning,) = told(hours=168)
    assert warning == (
        "queue training: may run 168 h, but between two maintenance windows GKE leaves nodes alone for 138 h at most; "
        "an upgrade drains on-demand nodes of pool a100 for an hour, then ends what runs there, and it goes on from "
        "its last checkpoint. Lower its `maxRunHours` to 138, or put an exclusion of scope NO_MINOR_OR_NODE_UPGRADES "
        "over the next 168 h into `gke.maintenance.exclusions`."
    )
    assert told(hours=138) == []


def test_a_job_is_told_of_the_time_that_it_says_itself_and_of_no_other():
    assert told(hours=24, jobs=[a_job()]) == []
    (warning,) = told(hours=24, jobs=[a_job(maxRunSeconds=140 * 3600)])
    assert warning.startswith("job team-a/train-1: may run 140 h, but ")
    assert "Lower its `maxRunSeconds` to 496800, or " in warning


@pytest.mark.parametrize(
    ("capacity", "warnings"), [("spot", 0), ("on-demand", 1)], ids=["spot is interrupted anyway", "on-demand stays"]
)
def test_only_nodes_that_are_there_to_stay_count(capacity, warnings):
    assert len(told(hours=168, quotas=[{"pool": "a100", "capacity": capacity, "gpus": 4}])) == warnings


def test_flex_start_nodes_are_not_upgraded():
    assert [text for text in a_gke_plan(a_flex_start_stack()).warnings if "maintenance window" in text] == []


@pytest.mark.parametrize(
    ("exclusion", "today", "warnings"),
    [
        (EXCLUSION, date(2026, 11, 22), 0),
        (EXCLUSION, date(2026, 12, 13), 0),
        (EXCLUSION, date(2026, 12, 14), 1),
        (EXCLUSION, date(2026, 11, 19), 1),
        (EXCLUSION | {"scope": "NO_UPGRADES"}, date(2026, 11, 22), 0),
        (EXCLUSION | {"scope": "NO_MINOR_UPGRADES"}, date(2026, 11, 22), 1),
    ],
    ids=["stands", "stands long enough", "ends too soon", "is to come", "of everything", "not of nodes"],
)
def test_an_exclusion_of_nodes_that_stands_as_long_as_a_run_takes_is_enough(exclusion, today, warnings):
    assert len(told(hours=168, exclusions=[exclusion], today=today)) == warnings


def test_where_gke_may_upgrade_all_week_no_length_would_help():
    every = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    (warning,) = told(hours=5, maintenance={"days": every, "hours": 24})
    assert "leaves nodes alone for 0 h at most" in warning
    assert "Name fewer `days`, or put an exclusion" in warning


DAYS = st.sets(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), min_size=1)


@given(days=DAYS, start=st.integers(0, 23), hours=st.integers(4, 24))
def test_the_time_between_windows_is_the_longest_run_of_hours_of_a_week_in_none(days, start, hours):
    maintenance = Maintenance.model_validate({"days": sorted(days), "startHour": start, "hours": hours})
    week = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
    first = datetime(2026, 1, 5, tzinfo=UTC)
    opened = {
        first + timedelta(days=7 * weeks + week.index(day), hours=start + hour)
        for weeks in (0, 1, 2)
        for day in days
        for hour in range(hours)
    }
    longest = run = 0
    for hour in range(168, 2 * 168 + 168):
        run = 0 if first + timedelta(hours=hour) in opened else run + 1
        longest = max(longest, run)
    assert hours_between_windows(maintenance) == longest


def test_only_an_exclusion_of_minor_versions_lets_nodes_be_upgraded():
    assert {scope for scope in ExclusionScope if not scope.keeps_nodes} == {ExclusionScope.NO_MINOR_UPGRADES}
    assert MaintenanceExclusion.model_validate(EXCLUSION).scope.keeps_nodes
