"""`mizan queues --live` where quotas count parts of GPUs: every number with what it counts."""

import io
import json
from datetime import UTC, datetime

import pytest

from mizan.cli.queues import Output, print_queues
from mizan.queueing import Units, live_of
from tests.builders import a_plan
from tests.queue_objects import GPU, a_local_queue, a_workload, condition, objects, refused
from tests.sharing_stacks import PROFILE, TURNS, a_sharing_stack

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
SHARED, SMALL = "nvidia.com/gpu.shared", "nvidia.com/mig-1g.5gb"
BY_GKE = TURNS | {"manager": "gke"}


@pytest.fixture(autouse=True)
def _width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def the_plan(cloud, sharing):
    return a_plan(a_sharing_stack(cloud, sharing), stack="test")


def a_cluster(resource, flavor="spot-a100"):
    """Two queues in a cohort: one has borrowed 4 of the other's 8, and 2 more than there are."""

    def queue(name, used):
        quota = {"name": flavor, "resources": [{"name": resource, "nominalQuota": "8"}]}
        usage = [{"name": flavor, "resources": [{"name": resource, "total": str(used)}]}]
        spec = {"cohortName": "lab", "resourceGroups": [{"flavors": [quota]}]}
        return {"metadata": {"name": name}, "spec": spec, "status": {"flavorsReservation": usage}}

    taken = {"name": "main", "flavors": {resource: flavor}, "resourceUsage": {resource: "4"}}
    held = [condition("QuotaReserved"), condition("Admitted"), condition("PodsReady")]
    admission = {"clusterQueue": "training", "podSetAssignments": [taken]}
    main = {"name": "main", "count": 2, "template": {"spec": {"containers": [_asking(resource)]}}}
    asking = {"podSets": [main]}
    lacks = f"couldn't assign flavors to pod set main: insufficient unused quota for {resource} in flavor {flavor}, "
    return objects(
        cluster_queues=[queue("training", 12), queue("other", 6)],
        local_queues=[a_local_queue("research", queue="training")],
        workloads=[
            a_workload("runs", *held, admission=admission, spec=asking),
            a_workload("waits", refused(f"{lacks}2 more needed"), spec=asking),
        ],
    )


def _asking(resource):
    return {"resources": {"requests": {resource: "1", "cpu": "1"}}}


def shown(plan, cluster, output=Output.TABLE):
    text = io.StringIO()
    print_queues(plan, live_of(plan, cluster, NOW), output, text)
    return text.getvalue()


def lines(text):
    return [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize(
    ("cloud", "sharing", "resource", "unit", "spelt"),
    [
        ("local", PROFILE, SMALL, "1g.5gb", "1g.5gb"),
        ("local", TURNS, SHARED, "1/4 GPU", "1/4 of a GPU"),
        # A part has the name of a whole GPU there.
        ("gke", BY_GKE, GPU, "1/4 GPU", "1/4 of a GPU"),
    ],
)
def test_every_number_says_of_which_part_it_is(cloud, sharing, resource, unit, spelt):
    text = shown(the_plan(cloud, sharing), a_cluster(resource))
    told = lines(text)
    assert "queue flavor units of own borrowed lent free" in told
    assert f"training spot-a100 8 {unit} 8 4 0 0" in told
    assert f"training borrows 4 x {unit} of spot-a100 of other" in text
    assert "Jobs that hold GPUs or parts of them" in told
    assert f"training spot-a100 4 x {spelt} batch running 30 min team-a/runs" in told
    assert f"training 1 2 x {spelt} batch 1 h team-a/waits" in told
    assert f"Warning: lab, spot-a100: 2 x {spelt} in use beyond every quota; nothing more is admitted" in text
    tables = [line.rstrip() for line in text.splitlines() if not line.startswith(("Warning", "  "))]
    assert max(map(len, tables)) <= 80


def test_a_cluster_s_own_part_that_the_stack_lacks_is_told_by_its_resource():
    text = shown(a_plan(), a_cluster(SMALL, flavor="theirs"))
    assert "training theirs 8 1g.5gb 8 4 0 0" in lines(text)
    assert "lab, theirs: 2 x 1g.5gb in use beyond every quota" in text


def test_the_json_counts_parts_as_units_and_never_as_gpus():
    told = json.loads(shown(the_plan("gke", BY_GKE), a_cluster(GPU), Output.JSON))["live"]
    figures = ("flavor", "resource", "gpus", "units", "unit")
    assert [[row[key] for key in figures] for row in (told["quotas"][0], told["over"][0])] == [
        ["spot-a100", GPU, None, 8, "1/4"],
        ["spot-a100", GPU, None, 2, "1/4"],
    ]
    (holds,), (waits,) = told["holding"], told["waiting"]
    assert (holds["gpus"], holds["asked"]) == (
        None,
        [{"resource": GPU, "gpus": None, "units": 4, "unit": "1/4"}],
    )
    assert (waits["gpus"], waits["asked"][0]["units"]) == (None, 2)


def test_whole_gpus_are_gpus_as_before():
    plan = the_plan("local", {"mode": "none"})
    text = shown(plan, a_cluster(GPU))
    assert "queue flavor GPUs own borrowed lent free" in lines(text)
    assert "training borrows 4 spot-a100 of other" in text
    assert "training spot-a100 4 batch running 30 min team-a/runs" in lines(text)
    assert "lab, spot-a100: 2 GPUs in use beyond every quota" in text
    (holds,) = json.loads(shown(plan, a_cluster(GPU), Output.JSON))["live"]["holding"]
    assert (holds["gpus"], holds["asked"]) == (4, [{"resource": GPU, "gpus": 4, "units": 4, "unit": "GPU"}])


def test_an_empty_cluster_of_parts_says_so():
    assert "No job holds GPUs or parts of them." in shown(the_plan("local", PROFILE), objects()).splitlines()


def test_a_waiting_job_that_may_get_a_gpu_or_a_part_under_one_name_is_told_by_that():
    (waiting,) = live_of(a_plan(), a_cluster(GPU), NOW).waiting
    both = {("whole", GPU): "gpu", ("turns", GPU): "1/4"}
    for flavors, part in (
        (("whole",), "gpu"),
        (("turns",), "1/4"),
        (("whole", "turns"), GPU),
        # The stack does not know it.
        ((), "gpu"),
    ):
        (asked,) = Units(parts=both, flavors={"training": flavors}).asked(waiting)
        assert (asked.units, asked.part) == (2, part)
