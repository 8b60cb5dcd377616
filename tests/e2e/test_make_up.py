"""`make up`, `status`, `down` on a platform of their own, with the real engine, Kueue and Karpenter.

The tests of this file share one platform and run in order: each takes it as the one before leaves it.
"""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from local.answers import ask
from local.control_plane import prometheus
from local.control_plane.status import State
from local.home import PROJECT, Home
from local.overview import capacity_rows, job_rows
from local.platform import plan_of
from local.screen import COMMANDS
from mizan.queueing import holdings
from mizan.queueing.objects import is_true
from tests.e2e.platforms import TestPlatform, interrupt, program, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

OBJECTS = "38 unchanged"
STACK_FILE = PROJECT / "stacks" / "Pulumi.local.yaml"


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = TestPlatform(Home(tmp_path_factory.mktemp("platform") / "home"))
    yield platform
    platform.make("down", "PURGE=1")


@pytest.fixture(scope="module")
def first_up(platform):
    return platform.make("up")


@pytest.fixture
def running(platform, first_up):
    assert first_up.status == 0, first_up.text
    return platform


def test_the_first_screen_shows_nodes_queues_jobs_prices_and_three_commands(first_up):
    assert first_up.status == 0, first_up.text
    screen = first_up.text[first_up.text.index("Nodes") :]
    for told in (
        "spot-a100",
        "ondemand-a100",
        "team-a/train-4",
        "USD per hour",
        "simulated",
        "make status",
        "make down",
    ):
        assert told in screen
    assert all(command in screen for command, _ in COMMANDS)


def test_spot_is_filled_first_then_on_demand_and_the_last_job_waits_for_quota(running):
    snapshot = running.snapshot()
    admitted = sorted(row.flavor for row in job_rows(snapshot) if row.flavor)
    assert admitted == ["ondemand-a100", "spot-a100", "spot-a100"]
    (waiting,) = [row for row in job_rows(snapshot) if row.state == "waiting"]
    assert waiting.detail == "needs 4 more in ondemand-a100, 4 more in spot-a100"
    assert [row.free for row in holdings(snapshot).queues] == [0, 0]
    assert [(row.capacity_type, row.nodes, row.gpus) for row in capacity_rows(snapshot, plan_of("local"))] == [
        ("spot", 2, 8),
        ("on-demand", 1, 4),
    ]


def test_make_up_measures_and_make_open_tells_dollars_of_the_team_and_of_what_is_idle(running, tmp_path):
    rows = running.rows()
    assert {rows[name].state for name in ("prometheus", "kube-state-metrics", "gpu-metrics")} == {State.RUNNING}
    address = prometheus.address(running.home)
    idle = 'sum by (team) (gpu_idle_cost_hourly{reason="unused",team="team-a"}) > 0'
    wait_until(lambda: ask(address, idle), seconds=90, told="idle dollars of team-a are counted")
    # With npm it would build Prometheus' page first, which takes minutes and is no part of what it tells.
    (tmp_path / "make").symlink_to(shutil.which("make"))
    opened = running.make("open", PATH=str(tmp_path))
    assert opened.status == 0, opened.text
    told = opened.text[: opened.text.index("Their queries")]
    for title, whose, unit in (
        ("Price of all GPU nodes", "", "USD per hour"),
        ("Cost by team", "team-a", "USD per hour"),
        ("Idle, and whose", "", "USD per hour"),
    ):
        (line,) = [line for line in told.splitlines() if line.startswith(title)]
        assert re.search(rf"{whose} +\d+\.\d\d {unit}$", line.rstrip()), told
    assert re.search(r"unused, team-a +\d+\.\d\d USD per hour", told), told
    assert address in opened.text


def test_make_budgets_says_what_a_stack_without_budgets_needs(running):
    done = running.make("budgets")
    assert done.status != 0
    assert "stack local: no team with a budget, or mode dry-run" in done.text


def test_a_second_make_up_changes_nothing(running):
    before_up = STACK_FILE.read_bytes()
    before = {name: row.pid for name, row in running.rows().items()}
    again = running.make("up")
    assert again.status == 0, again.text
    assert again.text.count(OBJECTS) == 2, "in the preview and in the update"
    assert {name: row.pid for name, row in running.rows().items()} == before
    assert STACK_FILE.read_bytes() == before_up, "pulumi must not rewrite the stack file"


def test_a_killed_process_is_named_and_brought_back_with_nothing_lost(running):
    first_etcd = running.rows()["etcd"].pid
    for name in ("kueue", "etcd"):
        subprocess.run(["kill", "-9", str(running.rows()[name].pid)], check=True)
    wait_until(lambda: running.rows()["etcd"].state is State.KILLED, seconds=10, told="etcd is seen as killed")
    told = running.make("status")
    assert told.status != 0
    named = {line.split()[0] for line in told.text.splitlines() if line.split()[1:2] == ["killed"]}
    assert named == {"kueue", "etcd"}
    back = running.make("up")
    assert back.status == 0, back.text
    assert OBJECTS in back.text
    assert running.rows()["etcd"].pid != first_etcd
    assert running.make("status").status == 0


def test_a_change_of_running_jobs_replaces_them_once(running, tmp_path):
    changed = tmp_path / "Pulumi.local.yaml"
    changed.write_text(STACK_FILE.read_text().replace("costCenter: ml-research", "costCenter: ml-other"))
    up = ("up", "--yes", "--skip-preview", "--stack", "local", "--config-file", str(changed))
    first = running.pulumi(PROJECT, *up)
    assert first.status == 0, first.text
    assert "~ 1 updated" in first.text, "the namespace"
    assert "+-4 replaced" in first.text, "the jobs: nobody may change the pods of a submitted job"
    second = running.pulumi(PROJECT, *up)
    assert second.status == 0, second.text
    assert OBJECTS in second.text
    back = running.make("up")
    assert back.status == 0, back.text


def test_the_policy_pack_blocks_a_namespace_without_cost_labels(running, tmp_path):
    folder = program("unlabelled", tmp_path)
    assert running.pulumi(folder, "stack", "init", "unlabelled").status == 0
    pack = ("--policy-pack", str(PROJECT / "policies"), "--stack", "unlabelled", "--yes", "--skip-preview")
    blocked = running.pulumi(folder, "up", *pack)
    assert blocked.status != 0
    assert "namespace nobodys: no label cost-center, team, project. Add the labels" in blocked.text
    assert "namespaces-carry-cost-labels" in blocked.text
    assert "Traceback" not in blocked.text


def test_every_sample_job_runs_to_its_end_and_empty_nodes_go_away(running):
    plan = plan_of("local")
    assert capacity_rows(running.snapshot(), plan) != [], "or else no node could go away"

    def all_done():
        rows = job_rows(running.snapshot())
        return len(rows) == 4 and {row.state for row in rows} == {"done"}

    wait_until(all_done, seconds=240, told="every job is done")
    # consolidateAfter is 30 s; Karpenter looks every 10 s and takes its time to delete.
    wait_until(lambda: capacity_rows(running.snapshot(), plan) == [], seconds=120, told="no GPU node is left")
    snapshot = running.snapshot()
    assert [row.used for row in holdings(snapshot).queues] == [0, 0]
    assert [is_true(workload, "Finished") for workload in snapshot.workloads] == [True] * 4


def test_every_running_process_of_the_platform_is_seen(running):
    """Or else "no process is left" could not fail."""
    pids = {process.pid for process in running.processes()}
    assert {row.pid for row in running.rows().values()} <= pids


def test_make_down_leaves_no_process_and_keeps_the_state(running):
    for _ in range(2):
        down = running.make("down")
        assert down.status == 0, down.text
    assert running.processes() == []
    assert running.make("status").status == 0, "a stopped platform is no fault"
    up = running.make("up")
    assert up.status == 0, up.text
    assert OBJECTS in up.text
    assert {row.state for row in job_rows(running.snapshot())} == {"done"}


def test_what_is_gone_from_the_cluster_is_made_again(running):
    assert running.make("down").status == 0
    shutil.rmtree(running.home.state / "etcd")
    up = running.make("up")
    assert up.status == 0, up.text
    assert "Gone from the cluster since the last update: kwoknodeclass/simulated" in up.text
    assert len(job_rows(running.snapshot())) == 4
    assert OBJECTS in running.make("up").text


def test_purge_leaves_no_file(running):
    down = running.make("down", "PURGE=1")
    assert down.status == 0, down.text
    assert running.processes() == []
    assert not running.home.root.exists()
    nothing = running.make("down")
    assert nothing.status == 0
    assert f"Nothing to take down: {running.home.root} does not exist." in nothing.text


@pytest.mark.parametrize(
    "seen", ["etcd", "Loading policy packs", "ClusterQueue mizan-queues"], ids=["start", "preview", "update"]
)
def test_ctrl_c_leaves_no_process_and_the_next_make_up_goes_on(tmp_path, seen):
    platform = TestPlatform(Home(tmp_path / "home"))
    log = tmp_path / "up.log"
    try:
        started = platform.begin(log, "up")
        etcd = platform.home.pids / "etcd.json"
        has_come = etcd.exists if seen == "etcd" else lambda: seen in log.read_text()
        wait_until(has_come, seconds=60, told=f"{seen} was reached")
        began = time.monotonic()
        assert interrupt(started) != 0
        assert time.monotonic() - began < 30
        assert platform.processes() == []
        assert "Interrupted. What this run began has ended; the next `make up` goes on from here." in log.read_text()
        assert "Traceback" not in log.read_text()
        again = platform.make("up")
        assert again.status == 0, again.text
        assert len(job_rows(platform.snapshot())) == 4
    finally:
        platform.make("down", "PURGE=1")


def test_two_make_up_at_once_take_turns(tmp_path):
    platform = TestPlatform(Home(tmp_path / "home"))
    logs = [tmp_path / "first.log", tmp_path / "second.log"]
    try:
        both = [platform.begin(log, "up") for log in logs]
        assert [process.wait(timeout=180) for process in both] == [0, 0], [log.read_text() for log in logs]
        texts = [log.read_text() for log in logs]
        assert sum(OBJECTS in text for text in texts) == 1, "one builds, the other finds it built"
        assert sum("make up" in text and "since" in text for text in texts) == 1, "the other says whom it waits for"
    finally:
        platform.make("down", "PURGE=1")


@pytest.mark.parametrize("killed", ["pulumi", "python"])
def test_an_update_that_was_killed_neither_locks_the_next_nor_runs_beside_it(tmp_path, killed):
    platform = TestPlatform(Home(tmp_path / "home"))
    log = tmp_path / "up.log"
    try:
        started = platform.begin(log, "up")
        wait_until(lambda: "Updating (local)" in log.read_text(), seconds=60, told="the update began")
        if killed == "python":
            os.killpg(started.pid, signal.SIGKILL)
        else:
            for process in platform.processes():
                if process.name() == killed:
                    process.kill()
        assert started.wait(timeout=60) != 0
        again = platform.make("up")
        assert again.status == 0, again.text
        assert [process for process in platform.processes() if process.name() == "pulumi"] == []
    finally:
        down = platform.make("down", "PURGE=1")
    assert down.status == 0, down.text
    assert platform.processes() == []


def test_an_interrupted_spot_node_gives_its_job_to_another(tmp_path):
    platform = TestPlatform(Home(tmp_path / "home"))
    try:
        assert platform.make("up").status == 0
        (job, *_) = [
            row for row in job_rows(platform.snapshot()) if row.flavor == "spot-a100" and row.state == "running"
        ]
        node = job.detail
        taken = platform.make("interrupt", f"NODE={node}")
        assert taken.status == 0, taken.text

        def runs_elsewhere():
            row = next(row for row in job_rows(platform.snapshot()) if row.name == job.name)
            return row.state in ("running", "done") and node not in row.detail

        wait_until(runs_elsewhere, seconds=90, told=f"{job.name} runs on another node")
        nobody = platform.make("interrupt", f"NODE={node}")
        assert nobody.status != 0
        assert f"node {node}: not in the cluster" in nobody.text
    finally:
        platform.make("down", "PURGE=1")
