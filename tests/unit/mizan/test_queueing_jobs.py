"""Who holds, who waits and why, who was evicted by whom: Kueue's workloads read for a person."""

from datetime import UTC, datetime

import pytest

from mizan.queueing import evictions, holding_jobs, waiting_jobs
from mizan.queueing.reasons import readable
from tests.queue_objects import GPU, a_local_queue, a_queue, a_workload, admitted, condition, objects, refused

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def test_who_holds_what_is_told_with_its_flavor_and_state():
    workloads = [
        admitted("ready", conditions=[condition("PodsReady")]),
        admitted("begins", flavor="ondemand", conditions=[condition("PodsReady", "False")]),
        admitted("unwatched"),
        admitted("leaves", conditions=[condition("Evicted", reason="Preempted")]),
        a_workload("checked", condition("QuotaReserved"), admission={"clusterQueue": "research"}),
        admitted("gone", conditions=[condition("Finished")]),
    ]
    found = holding_jobs(objects(cluster_queues=[a_queue()], workloads=workloads), NOW)
    assert {(job.name, job.state, job.flavors, int(job.asked[GPU]), job.seconds) for job in found} == {
        ("ready", "running", ("spot",), 8, 1800.0),
        ("begins", "starting", ("ondemand",), 8, 1800.0),
        ("unwatched", "admitted", ("spot",), 8, 1800.0),
        ("leaves", "ending", ("spot",), 8, 1800.0),
        ("checked", "reserved", (), 8, 1800.0),
    }


def test_who_waits_is_told_in_the_order_of_the_queue():
    timeout = [
        condition("Evicted", reason="PodsReadyTimeout", at="2026-11-22T20:50:00Z"),
        condition("Requeued", reason="BackoffFinished", at="2026-11-22T20:51:00Z"),
    ]
    workloads = [
        a_workload("late", refused(), created="2026-11-22T20:40:00Z"),
        a_workload("urgent", refused(), created="2026-11-22T20:45:00Z", priority=1000),
        a_workload("again", refused(), *timeout, created="2026-11-22T19:00:00Z"),
        a_workload("early", refused(), created="2026-11-22T20:30:00Z"),
        a_workload("aside", spec={"active": False}, created="2026-11-22T10:00:00Z"),
        a_workload("nowhere", queue="typo"),
    ]
    found = waiting_jobs(objects(cluster_queues=[a_queue()], local_queues=[a_local_queue()], workloads=workloads), NOW)
    assert [(job.name, job.queue, job.position, job.seconds) for job in found] == [
        ("nowhere", None, None, 3600.0),
        ("urgent", "research", 1, 900.0),
        ("early", "research", 2, 1800.0),
        ("late", "research", 3, 1200.0),
        ("again", "research", 4, 540.0),
        ("aside", "research", None, 39600.0),
    ]
    assert [job.asked for job in found] == [{GPU: 8}] * 6, "two pods of four"
    assert found[0].why == "no LocalQueue typo in namespace team-a"


def test_a_clock_that_runs_behind_gives_no_negative_age():
    future = a_workload("early", created="2026-11-22T22:00:00Z")
    (job,) = waiting_jobs(objects(workloads=[future]), NOW)
    assert job.seconds == 0


def test_work_of_queues_without_gpus_is_left_out():
    cpu = {"metadata": {"name": "cpu"}, "spec": {"resourceGroups": [{"flavors": [{"name": "any", "resources": []}]}]}}
    workload = a_workload("compile", queue="cpu", spec={"podSets": []})
    assert not waiting_jobs(
        objects(cluster_queues=[cpu], local_queues=[a_local_queue("cpu", queue="cpu")], workloads=[workload]), NOW
    )


MAIN = "couldn't assign flavors to pod set main: "
LACKS = "insufficient unused quota for nvidia.com/gpu in flavor {}, {} more needed"
LACKS_PARTS, LACKS_CPU = (LACKS.replace("nvidia.com/gpu", name) for name in ("nvidia.com/mig-1g.5gb", "cpu"))
TOO_MUCH = (
    "insufficient quota for nvidia.com/gpu in flavor spot, previously considered podsets requests (0) + current podset "
    "request (16) > maximum capacity (12)"
)
TAINT = "{mizan.dev/spot true NoSchedule <nil>}"


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (f"{MAIN}{LACKS.format('od', 4)}, {LACKS.format('spot', 2)}", "needs 4 more in od, 2 more in spot"),
        (f"{MAIN}{TOO_MUCH}", "never fits spot, which can give it 12 at most"),
        (
            f"{MAIN}untolerated taint {TAINT} in flavor spot, {LACKS.format('od', 4)}",
            "does not tolerate mizan.dev/spot of spot, needs 4 more in od",
        ),
        (
            f"{MAIN}{LACKS.format('spot', 8)}. Pending the preemption of 2 workload(s)",
            "needs 8 more in spot; waits for 2 preempted to end",
        ),
        (
            f"{MAIN}{LACKS.format('x', 1)}; {MAIN.replace('main', 'b')}{LACKS.format('x', 2)}",
            "main: needs 1 more in x; b: needs 2 more in x",
        ),
        (
            MAIN + ", ".join((LACKS.format("od", 4), LACKS_PARTS.format("cut", 3), LACKS_CPU.format("od", "500m"))),
            "needs 4 more in od, 3 more 1g.5gb in cut, 500m more cpu in od",
        ),
        (
            f"{MAIN}{TOO_MUCH.replace('nvidia.com/gpu', 'nvidia.com/gpu.shared')}",
            "never fits spot, which can give it 12 x gpu.shared at most",
        ),
        ("LocalQueue typo doesn't exist", "LocalQueue typo doesn't exist"),
        ("resource cpu unavailable in ClusterQueue", "resource cpu unavailable in ClusterQueue"),
        ("two\n lines", "two lines"),
    ],
)
def test_kueues_reason_is_cut_down_and_nothing_of_it_is_lost(message, text):
    assert readable(message) == text


def test_a_job_that_backs_off_or_is_set_aside_says_until_when():
    backs_off = a_workload(
        "slow",
        condition("Requeued", "False", "PodsReadyTimeout", "Exceeded the PodsReady timeout team-a/job-slow"),
        refused(),
        requeueState={"count": 2, "requeueAt": "2026-11-22T21:05:00Z"},
    )
    aside = a_workload(
        "hopeless",
        condition("Evicted", reason="Deactivated", message="The workload is deactivated due to exceeding the retries"),
        spec={"active": False},
    )
    why = {job.name: job.why for job in waiting_jobs(objects(workloads=[backs_off, aside]), NOW)}
    assert why == {
        "slow": "its pods were not ready in time; tried again at 21:05:00 UTC",
        "hopeless": "set aside until somebody activates it: The workload is deactivated due to exceeding the retries",
    }


PREEMPTED = (
    "Preempted to accommodate a workload (UID: uid-urgent, JobUID: job-uid-urgent) due to reclamation within the "
    "cohort; preemptor path: /lab/production; preemptee path: /lab/research"
)


def test_an_eviction_says_by_whom_why_and_how_often():
    stats = {"evictions": [{"reason": "PodsReadyTimeout", "count": 2}, {"reason": "Preempted", "count": 1}]}
    victim = a_workload("victim", condition("Evicted", "True", "Preempted", PREEMPTED), schedulingStats=stats)
    found = evictions(objects(workloads=[victim, a_workload("urgent")]), NOW)
    assert [(each.name, each.times, each.reason, each.preempted_by, each.why, each.seconds) for each in found] == [
        (
            "victim",
            3,
            "Preempted",
            "team-a/urgent",
            "preempted by team-a/urgent of queue production: reclamation within the cohort",
            1800.0,
        )
    ]


def test_an_eviction_stays_told_when_the_job_runs_again_and_its_preemptor_is_gone():
    back = admitted("victim", conditions=[condition("Evicted", "False", "QuotaReserved", f"Previously: {PREEMPTED}")])
    (each,) = evictions(objects(workloads=[back]), NOW)
    assert (each.reason, each.preempted_by, each.seconds) == ("Preempted", None, None)
    assert each.why == "preempted by a job that is gone of queue production: reclamation within the cohort"


def test_a_timeout_is_told_as_such():
    late = a_workload("late", condition("Evicted", "True", "PodsReadyTimeout", "Exceeded the PodsReady timeout a/b"))
    (each,) = evictions(objects(workloads=[late]), NOW)
    assert (each.reason, each.why, each.times) == ("PodsReadyTimeout", "its pods were not ready in time", 1)
