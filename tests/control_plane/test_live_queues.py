"""`mizan queues --live` on a real Kueue: who borrows from whom, who waits and why, who was evicted by whom."""

import json
import os
import re
import subprocess
import sys

import pytest
from ruamel.yaml import YAML

from local.snapshot import fetch
from mizan.queueing import holdings
from tests.builders import PROJECT
from tests.control_plane.queue_builders import COHORT, spot_queue

pytestmark = pytest.mark.control_plane


@pytest.fixture
def mizan(tmp_path, plane):
    """Run the command, with a stack's values as its file, against the session's control plane."""
    (tmp_path / "stacks").mkdir()

    def run(values, *arguments):
        with (tmp_path / "stacks" / "Pulumi.test.yaml").open("w") as file:
            YAML(typ="safe").dump({"config": {f"mizan:{key}": value for key, value in values.items()}}, file)
        command = [sys.executable, "-c", "from mizan.cli import main; main()", "queues", "--live", "--stack", "test"]
        environment = {**os.environ, "MIZAN_KUBECONFIG": str(plane.home.kubeconfig), "COLUMNS": "80"}
        ended = subprocess.run(
            [*command, "--project", str(tmp_path), *arguments],
            cwd=PROJECT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (ended.returncode, ended.stderr) == (0, "")
        return ended.stdout

    return run


def test_one_queue_borrows_from_the_other_and_a_job_waits(stack, mizan, plane):
    stack.apply([spot_queue("lender", 16), spot_queue("borrower", 16)], cohorts=[COHORT])
    for name in ("first", "second", "third"):
        stack.submit(name, "borrower")
        stack.admitted(name)
    stack.submit("own", "lender")
    stack.admitted("own")
    stack.submit("waiting", "borrower")
    stack.waits("waiting")
    stack.holds("borrower", spot_a100=24)
    stack.holds("lender", spot_a100=8)

    told = json.loads(mizan(stack._values, "--output", "json"))["live"]
    figures = ("queue", "gpus", "own", "borrowed", "lentAtLeast", "lentAtMost", "free")
    rows = sorted([row[figure] for figure in figures] for row in told["quotas"])
    assert rows == [["borrower", 16, 16, 8, 0, 0, 0], ["lender", 16, 8, 0, 8, 8, 0]]
    shown = {(row.queue, row.own, row.borrowed, row.free) for row in holdings(fetch(plane.home.kubeconfig)).queues}
    assert shown == {("borrower", 16, 8, 0), ("lender", 8, 0, 0)}, "what `make show` tells"
    (borrower,) = [row for row in told["quotas"] if row["queue"] == "borrower"]
    assert borrower["lenders"] == [{"kind": "queue", "name": "lender", "atMost": 8}]
    assert {(job["job"], job["queue"], job["gpus"], *job["flavors"]) for job in told["holding"]} == {
        ("first", "borrower", 8, "spot-a100"),
        ("second", "borrower", 8, "spot-a100"),
        ("third", "borrower", 8, "spot-a100"),
        ("own", "lender", 8, "spot-a100"),
    }
    (waits,) = told["waiting"]
    assert (waits["job"], waits["queue"], waits["position"], waits["gpus"]) == ("waiting", "borrower", 1, 8)
    assert (waits["why"], waits["priorityClass"]) == ("needs 8 more in spot-a100", "batch")
    assert 0 <= waits["seconds"] < 300
    assert (told["evictions"], told["over"], told["differences"]) == ([], [], [])

    lines = [line.split() for line in mizan(stack._values).splitlines()]
    assert ["borrower", "spot-a100", "16", "16", "8", "0", "0"] in lines
    assert ["lender", "spot-a100", "16", "8", "0", "8", "0"] in lines
    assert ["borrower", "borrows", "8", "spot-a100", "of", "lender"] in lines
    assert ["needs", "8", "more", "in", "spot-a100"] in lines


def test_who_was_preempted_by_whom_is_told(stack, mizan):
    stack.apply([spot_queue("owner", 8), spot_queue("borrower", 0)], cohorts=[COHORT])
    stack.submit("borrowed", "borrower")
    stack.admitted("borrowed")
    stack.submit("own", "owner")
    stack.admitted("own")
    stack.eventually(lambda: stack.workload("borrowed").status.get("admission") is None)
    stack.holds("owner", spot_a100=8)

    text = mizan(stack._values, "--output", "json")
    (eviction,) = json.loads(text)["live"]["evictions"]
    assert (eviction["job"], eviction["times"], eviction["reason"]) == ("borrowed", 1, "Preempted")
    assert eviction["preemptedBy"] == f"{stack.team}/own"
    assert eviction["why"] == f"preempted by {stack.team}/own of queue owner: reclamation within the cohort"
    table = mizan(stack._values)
    assert re.search(rf"Evictions\s.*{stack.team}/borrowed", table, re.DOTALL)


def test_a_job_that_may_not_run_on_spot_and_a_stack_that_is_not_applied_are_told(stack, mizan):
    stack.apply([spot_queue("steady", 8)], cohorts=[COHORT])
    stack.submit("steady", "steady", spotEligible=False)
    stack.waits("steady")
    values = stack._values | {"queues": [spot_queue("steady", 16), spot_queue("new", 4)]}
    told = json.loads(mizan(values, "--output", "json"))["live"]
    assert told["waiting"][0]["why"] == "does not tolerate mizan.dev/spot of spot-a100"
    assert told["differences"] == [
        "queue steady, spot-a100: 16 in the stack, 8 in the cluster. Run `pulumi up`.",
        "queue new: in the stack, not in the cluster. Run `pulumi up`.",
    ]
