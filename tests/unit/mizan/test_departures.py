"""Whether a team may leave the stack."""

from typing import Any

import pytest

from mizan.plan.departures import Work, departing, filled, refusal, unfinished
from tests.builders import a_plan, a_stack, a_team

PLAN = a_plan()


def an_object(name: str, **more: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "team-b", **more.pop("metadata", {})}, **more}


def a_job(name: str = "train", *conditions: tuple[str, str], **metadata: Any) -> dict[str, Any]:
    written = [{"type": kind, "status": status} for kind, status in conditions]
    return an_object(name, metadata=metadata, status={"conditions": written})


def a_pod(phase: str = "Running", owner: str | None = None, **metadata: Any) -> dict[str, Any]:
    if owner is not None:
        metadata["ownerReferences"] = [{"kind": owner, "name": "its-owner", "controller": True}]
    return an_object("server", metadata=metadata, status={"phase": phase})


def work(name: str, namespace: str = "team-b", kind: str = "job") -> Work:
    return Work(namespace=namespace, kind=kind, name=name)


def test_a_team_that_the_stack_has_no_longer_departs():
    assert departing(PLAN, [an_object("team-a"), an_object("team-c"), an_object("team-b")]) == ("team-b", "team-c")


def test_a_team_whose_removal_is_forced_is_not_held_back():
    plan = a_plan(a_stack(forceRemoveTeams=["team-b"]))
    assert departing(plan, [an_object("team-b"), an_object("team-c")]) == ("team-c",)


def test_a_namespace_that_is_being_deleted_already_is_past_holding_back():
    assert departing(PLAN, [an_object("team-b", metadata={"deletionTimestamp": "2026-11-22T00:00:00Z"})]) == ()


@pytest.mark.parametrize(
    ("conditions", "counts"),
    [
        ((), True),
        ((("Suspended", "True"),), True),
        ((("Complete", "False"),), True),
        ((("Complete", "True"),), False),
        ((("Suspended", "False"), ("Failed", "True")), False),
    ],
    ids=["runs", "waits-in-its-queue", "not-complete", "complete", "failed"],
)
def test_a_job_counts_until_it_has_ended(conditions, counts):
    assert unfinished([a_job("train", *conditions)], []) == ((work("train"),) if counts else ())


@pytest.mark.parametrize(
    ("pod", "counts"),
    [
        (a_pod(), True),
        (a_pod("Pending"), True),
        (a_pod(owner="ReplicaSet"), True),
        (a_pod("Succeeded"), False),
        (a_pod("Failed"), False),
        (a_pod(owner="Job"), False),
        (a_pod(deletionTimestamp="2026-11-22T00:00:00Z"), False),
    ],
    ids=["bare", "pending", "serving", "succeeded", "failed", "of-a-job", "being-deleted"],
)
def test_a_pod_counts_by_itself_unless_it_is_over_or_a_job_s(pod, counts):
    assert unfinished([], [pod]) == ((work("server", kind="pod"),) if counts else ())


def test_a_job_that_somebody_deletes_counts_no_more():
    assert unfinished([a_job(deletionTimestamp="2026-11-22T00:00:00Z")], []) == ()


def test_objects_without_a_status_yet_count():
    assert unfinished([an_object("new")], [an_object("newer")]) == (work("new"), work("newer", kind="pod"))


def test_where_nothing_runs_nobody_is_refused():
    assert refusal(PLAN, []) is None


def test_a_refusal_names_team_jobs_and_the_ways_out():
    assert str(refusal(PLAN, [work("train-2"), work("train-1")])) == (
        "stack test: team team-b is removed while job train-1, job train-2 have not ended; needs no unfinished job and "
        "no volume in the namespace of a team that is removed because the namespace goes with the team, and everything "
        "in it. Wait until jobs end, copy what is on volumes, and delete both, or write "
        "`mizan:forceRemoveTeams: [team-b]` for one update."
    )


def test_a_refusal_names_every_team_and_what_serves_there():
    told = str(refusal(PLAN, [work("server", "team-c", "pod"), work("train")]))
    assert "team team-b is removed while job train has not ended; team team-c is removed while pod server has" in told
    assert "`mizan:forceRemoveTeams: [team-b, team-c]`" in told


def test_of_very_many_jobs_a_refusal_names_some_and_counts_the_rest():
    told = str(refusal(PLAN, [work(f"train-{number}") for number in range(9)]))
    assert "job train-0, job train-1, job train-2, job train-3, job train-4 and 4 more have not ended" in told


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        ({"phase": "Bound"}, True),
        ({"phase": "Lost"}, False),
        ({"phase": "Pending"}, False),
        (None, False),
    ],
    ids=["has-a-volume", "had-a-volume", "waits-for-its-first-pod", "just-made"],
)
def test_a_claim_counts_once_there_is_something_to_lose(status, counts):
    claim = an_object("checkpoints", status=status)
    assert filled([claim]) == ((work("checkpoints", kind="persistentvolumeclaim"),) if counts else ())


def test_a_claim_that_somebody_deletes_counts_no_more():
    claim = an_object("old", metadata={"deletionTimestamp": "2026-11-22T00:00:00Z"}, status={"phase": "Bound"})
    assert filled([claim]) == ()


def test_a_refusal_tells_of_volumes_beside_jobs_and_by_themselves():
    claims = [work(f"train-{number}-checkpoints", kind="persistentvolumeclaim") for number in (1, 2)]
    told = str(refusal(PLAN, [work("train-1"), *claims]))
    assert (
        "team team-b is removed while job train-1 has not ended and persistentvolumeclaim train-1-checkpoints, "
        "persistentvolumeclaim train-2-checkpoints hold data; needs"
    ) in told
    assert "while persistentvolumeclaim train-1-checkpoints holds data; needs" in str(refusal(PLAN, claims[:1]))


def test_a_team_that_stays_is_asked_nothing():
    plan = a_plan(a_stack(teams=[a_team(), a_team(name="team-b")]))
    assert departing(plan, [an_object("team-a"), an_object("team-b")]) == ()
