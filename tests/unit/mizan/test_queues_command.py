"""`mizan queues`: what it prints of a stack and of its cluster, and how it ends."""

import io
import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from mizan.cli.app import app
from mizan.cli.queues import Output, print_queues
from mizan.queueing import live_of
from tests.builders import PROJECT, a_plan, a_pool, a_queue, a_stack, a_team
from tests.queue_objects import a_cohort, a_local_queue, a_workload, admitted, condition, objects, refused
from tests.queue_objects import a_queue as a_cluster_queue
from tests.sharing_stacks import PROFILE, a_sharing_stack

NOW = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)


def spot(gpus, **limits):
    return {"pool": "a100", "capacity": "spot", "gpus": gpus, **limits}


def a_shared_stack(**changes):
    return a_stack(
        queues=[
            a_queue(cohort="lab", quotas=[spot(8, borrow=6)]),
            a_queue(name="serving", cohort="office", quotas=[spot(8, lend=4)], whenCanBorrow="TryNextFlavor"),
        ],
        cohorts=[
            {"name": "company", "quotas": [spot(4)]},
            {"name": "lab", "parent": "company"},
            {"name": "office", "parent": "company"},
        ],
        teams=[a_team(queues=["training", "serving"])],
        jobs=[],
        **changes,
    )


def shown(plan, live=None, output=Output.TABLE):
    text = io.StringIO()
    print_queues(plan, live, output, text)
    return text.getvalue()


def lines(text):
    return [line.split() for line in text.splitlines()]


@pytest.fixture(autouse=True)
def _width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")


def test_a_plan_tells_who_borrows_from_whom_and_by_which_rules():
    text = shown(a_plan(a_shared_stack()))
    told = lines(text)
    assert ["training", "spot-a100", "8", "8", "6", "of", "cohort", "company", "4,", "serving", "4"] in told
    assert ["serving", "spot-a100", "8", "4", "12", "of", "cohort", "company", "4,", "training", "8"] in told
    assert ["training", "Kueue", "borrows", "BestEffortFIFO", "lower", "priority", "team-a"] in told
    assert ["serving", "Kueue", "next", "flavor", "BestEffortFIFO", "lower", "priority", "team-a"] in told
    assert ["production", "1000", "Serving;", "takes", "room", "from", "the", "rest"] in told
    tree = text[text.index("cohort company, 4 spot") :].splitlines()
    assert tree[0].strip() == "cohort company, 4 spot-a100 of its own"
    assert [line.lstrip("│├└─ ").strip() for line in tree[1:5]] == [
        "cohort lab",
        "queue training",
        "cohort office",
        "queue serving",
    ]


@pytest.mark.parametrize(
    ("own", "borrowers", "in_cohort", "told"),
    [
        ("LowerPriority", "Any", True, ["lower priority", "any borrower"]),
        ("LowerOrNewerEqualPriority", "LowerPriority", True, ["lower or newer", "lower borrower"]),
        ("Never", "Any", True, ["any borrower"]),
        ("Never", "Never", True, ["nobody"]),
        ("LowerPriority", "Any", False, ["lower priority"]),
        ("Never", "Any", False, ["nobody"]),
    ],
)
def test_whom_a_queue_preempts_is_told_and_who_borrows_only_in_a_cohort(own, borrowers, in_cohort, told):
    preemption = {"withinClusterQueue": own, "reclaimWithinCohort": borrowers}
    queue = a_queue(preemption=preemption, **({"cohort": "lab"} if in_cohort else {}))
    text = shown(a_plan(a_stack(queues=[queue], cohorts=[{"name": "lab"}], jobs=[])))
    rules = text[text.index("Rules") : text.index("cohort lab" if in_cohort else "Pools")].splitlines()
    begin, end = rules[1].index("preempts"), rules[1].index("teams")
    assert [line[begin:end].strip() for line in rules[2:]] == told


def test_quotas_beyond_the_pool_are_told_beside_it_and_as_the_plans_warning():
    plan = a_plan(a_shared_stack())
    assert ["spot-a100", "20", "8", "quotas", "are", "beyond", "it"] in lines(shown(plan))
    assert plan.warnings
    assert all(f"Warning: {warning}" in shown(plan) for warning in plan.warnings)
    assert json.loads(shown(plan, output=Output.JSON))["warnings"] == list(plan.warnings)


def test_a_pool_whose_capacity_the_autoscaler_chooses_is_one_flavor_without_capacity_type():
    stack = a_stack(queues=[a_queue(fallback="capacity", quotas=[{"pool": "a100", "gpus": 12}])], jobs=[])
    told = lines(shown(a_plan(stack)))
    assert ["training", "a100", "12", "0", "-"] in told
    assert ["training", "autoscaler", "next", "flavor", "BestEffortFIFO", "lower", "priority", "team-a"] in told
    (flavor,) = json.loads(shown(a_plan(stack), output=Output.JSON))["flavors"]
    assert (flavor["name"], flavor["capacityType"], flavor["quotas"], flavor["poolMaximum"]) == ("a100", None, 12, 12)


def test_quotas_of_parts_say_which_part_and_are_no_number_of_gpus():
    cohorts = [{"name": "lab", "quotas": [{"pool": "a100", "capacity": "spot", "units": 3}]}]
    spot = {"pool": "a100", "capacity": "spot", "units": 8}
    stack = a_sharing_stack("local", PROFILE) | {"cohorts": cohorts, "queues": [a_queue(cohort="lab", quotas=[spot])]}
    text = shown(a_plan(stack))
    told = lines(text)
    assert ["queue", "flavor", "units", "of", "lends", "borrows", "at", "most"] in told
    assert ["training", "spot-a100", "8", "1g.5gb", "8", "3", "of", "cohort", "lab", "3"] in told
    assert "cohort lab, 3 x 1g.5gb of spot-a100 of its own" in text
    # 2 nodes of 4 GPUs of 7 instances.
    assert ["spot-a100", "11", "56", "1g.5gb"] in told
    document = json.loads(shown(a_plan(stack), output=Output.JSON))
    (quota,) = document["queues"][0]["quotas"]
    assert (quota["gpus"], quota["units"], quota["unit"]) == (None, 8, "1g.5gb")
    assert document["cohorts"][0]["quotas"] == [{"flavor": "spot-a100", "gpus": None, "units": 3, "unit": "1g.5gb"}]
    assert document["flavors"][0]["resources"] == ["nvidia.com/mig-1g.5gb"]


def test_the_json_of_a_plan_has_these_keys_and_a_null_for_the_cluster():
    told = json.loads(shown(a_plan(a_shared_stack()), output=Output.JSON))
    assert list(told) == ["stack", "queues", "cohorts", "flavors", "priorities", "warnings", "live"]
    assert told["live"] is None
    assert told["queues"][0] == {
        "name": "training",
        "cohort": "lab",
        "teams": ["team-a"],
        "fallback": "quota",
        "whenCanBorrow": "MayStopSearch",
        "strategy": "BestEffortFIFO",
        "withinClusterQueue": "LowerPriority",
        "reclaimWithinCohort": "Any",
        "weight": None,
        "quotas": [
            {
                "flavor": "spot-a100",
                "gpus": 8,
                "units": 8,
                "unit": "GPU",
                "borrowingLimit": 6,
                "lendingLimit": None,
                "lends": 8,
                "mayBorrow": 6,
                "lenders": [
                    {"kind": "cohort", "name": "company", "atMost": 4},
                    {"kind": "queue", "name": "serving", "atMost": 4},
                ],
            }
        ],
    }
    assert told["cohorts"][0] == {
        "name": "company",
        "parent": None,
        "weight": None,
        "quotas": [{"flavor": "spot-a100", "gpus": 4, "units": 4, "unit": "GPU"}],
    }


def a_busy_cluster(**changes):
    preempted = (
        "Preempted to accommodate a workload (UID: uid-urgent, JobUID: x) due to reclamation within the cohort; "
        "preemptor path: /lab/serving; preemptee path: /lab/research"
    )
    lacks = "couldn't assign flavors to pod set main: insufficient unused quota for nvidia.com/gpu in flavor spot, "
    return objects(
        cluster_queues=[
            a_cluster_queue(used=12, cohort="lab"),
            a_cluster_queue("serving", used=5, cohort="lab"),
            a_cluster_queue("idle", used=2, cohort="lab"),
        ],
        local_queues=[a_local_queue()],
        workloads=[
            admitted("runs", conditions=[condition("PodsReady")]),
            a_workload("waits", refused(f"{lacks}8 more needed")),
            a_workload(
                "victim", refused(f"{lacks}8 more needed"), condition("Evicted", "True", "Preempted", preempted)
            ),
            a_workload("urgent", queue="typo"),
        ],
        **changes,
    )


def test_the_cluster_tells_who_holds_borrows_waits_and_was_evicted():
    plan = a_plan()
    text = shown(plan, live_of(plan, a_busy_cluster(), NOW))
    told = lines(text)
    assert text.startswith("Stack test at 2026-11-22 21:00:00 UTC")
    assert ["research", "spot", "8", "8", "4", "0", "5"] in told
    assert ["serving", "spot", "8", "5", "0", "0-3", "5"] in told
    assert ["idle", "spot", "8", "2", "0", "1-4", "5"] in told
    assert "research borrows 4 spot of these, and Kueue does not say of which: idle up to 4, serving up to 3" in text
    assert ["research", "spot", "8", "batch", "running", "30", "min", "team-a/runs"] in told
    assert ["research", "1", "8", "batch", "1", "h", "team-a/victim"] in told
    assert ["no", "queue", "typo", "-", "8", "batch", "1", "h", "team-a/urgent"] in told
    assert ["needs", "8", "more", "in", "spot"] in told
    assert ["research", "1", "30", "min", "ago", "team-a/victim"] in told
    assert "preempted by team-a/urgent of queue serving" in " ".join(text.split())
    assert "Warning: queue training: in the stack, not in the cluster. Run `pulumi up`." in text


def test_a_cohort_s_own_quota_is_shown_with_what_is_lent_of_it():
    plan = a_plan()
    cohorts = [a_cohort("lab", nominal=6), a_cohort("spare", nominal=3)]
    told = lines(shown(plan, live_of(plan, a_busy_cluster(cohorts=cohorts), NOW)))
    assert ["cohort", "lab", "spot", "6", "-", "-", "0-4", "-"] in told
    assert ["cohort", "spare", "spot", "3", "-", "-", "0", "-"] in told
    assert ["idle", "spot", "8", "2", "0", "0-4", "11"] in told


def test_the_json_of_a_cluster_has_these_keys():
    plan = a_plan()
    live = json.loads(shown(plan, live_of(plan, a_busy_cluster(), NOW), Output.JSON))["live"]
    assert " ".join(live) == "at quotas cohortQuotas over holding waiting evictions differences"
    job = "namespace job queue localQueue gpus asked priority priorityClass"
    assert {part: " ".join(live[part][0]) for part in ("quotas", "holding", "waiting", "evictions")} == {
        "quotas": "queue cohort flavor resource gpus units unit borrowingLimit lendingLimit used own borrowed lenders "
        "lentAtLeast lentAtMost free",
        "holding": f"{job} state flavors seconds",
        "waiting": f"{job} position seconds why",
        "evictions": f"{job} times reason why preemptedBy seconds",
    }


def test_an_empty_cluster_says_so():
    plan = a_plan()
    told = shown(plan, live_of(plan, objects(), NOW)).splitlines()
    assert {"No job holds GPUs.", "Nothing waits.", "Nothing was evicted."} <= set(told)


@pytest.mark.parametrize(
    ("quota", "used"), [(9223372036854775807, 18446744073709551614), ("1.123456789", "2.246913578")]
)
def test_no_number_is_cut_or_folded_at_80_columns(quota, used):
    long = "a-queue-with-a-name-as-long-as-they-come-0123456"
    queues = [
        a_cluster_queue(long, used=used, nominal=quota, cohort="lab"),
        a_cluster_queue(f"{long}-2", nominal=quota, cohort="lab"),
    ]
    text = shown(a_plan(), live_of(a_plan(), objects(cluster_queues=queues), NOW))
    table = text[: text.index("borrows")].split()
    assert table.count(str(quota)) == 5, "quota, own and borrowed of one, quota and lent of the other"
    assert "…" not in text


def test_a_table_of_usual_names_fits_80_columns():
    plan = a_plan(a_shared_stack())
    for text in (shown(plan), shown(plan, live_of(plan, a_busy_cluster(), NOW))):
        table = [line.rstrip() for line in text.splitlines() if not line.startswith(("Warning", "  research"))]
        assert max(map(len, table)) <= 80


def test_colours_are_for_terminals_only(monkeypatch):
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    plan = a_plan(a_shared_stack())
    assert "\x1b" not in shown(plan)

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    print_queues(plan, None, Output.TABLE, terminal)
    assert "\x1b[33mWarning: " in terminal.getvalue()


@pytest.fixture
def project(tmp_path):
    (tmp_path / "stacks").mkdir()

    def write(values):
        with (tmp_path / "stacks" / "Pulumi.test.yaml").open("w") as file:
            YAML(typ="safe").dump({"config": {f"mizan:{key}": value for key, value in values.items()}}, file)
        return tmp_path

    return write


def test_the_command_prints_tables_or_json(project):
    folder = str(project(a_shared_stack()))
    table = CliRunner().invoke(app, ["queues", "--stack", "test", "--project", folder])
    assert (table.exit_code, table.output.splitlines()[0].strip()) == (0, "Queues")
    text = CliRunner().invoke(app, ["queues", "-s", "test", "--project", folder, "-o", "json"])
    assert json.loads(text.output)["stack"] == "test"


def test_a_screen_that_knows_ascii_only_gets_a_tree_too(project):
    folder = project(a_shared_stack(pools=[a_pool()]))
    command = [sys.executable, "-c", "from mizan.cli import main; main()", "queues", "-s", "test"]
    ended = subprocess.run(
        [*command, "--project", str(folder)],
        cwd=PROJECT,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "`-- cohort office" in ended.stdout
