"""`python -m local rehearse`: each of the project's cloud stacks comes, stays and goes under the real engine.

What the simulated clouds do alone: test_rehearsal_providers.py. What their node pools do: tests/control_plane.
"""

import json
import os
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from components.cluster.credentials import FIRMWARE
from local.home import PROJECT, Home
from local.rehearse import events
from local.rehearse.machines import OutOfStock
from local.rehearse.rehearsal import Rehearsal
from mizan.capacity import CapacityType
from mizan.errors import PlatformError
from tests.e2e import rehearsals
from tests.e2e.platforms import TestPlatform, interrupt, wait_until
from tests.e2e.rehearsals import jobs, kubectl, snapshot

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 300
# The measure of the project's own: first update of the largest stack, warm, on two cores; update that changes nothing.
FIRST_UPDATE_SECONDS = 120
UNCHANGED_SECONDS = 20

POOL = "gcp:container/nodePool:NodePool"
HALF_WAY = f"create:{POOL}:mizan-pools-spot-l4-shared=GCE_STOCKOUT"
SLOW = "create:aws:eks/cluster:Cluster:*=throttled:2"
REFUSED_AT_THE_END = "delete:aws:sqs/queue:Queue:*=AccessDenied"
# Each sample job with its state and its flavor.
PLACED = {
    "gke-dev": ["smoke-test running, l4-shared", "smoke-test-whole running, l4"],
    "eks-dev": ["smoke-test running, t4-shared", "smoke-test-whole running, t4"],
    "eks-prod": ["smoke-test running, a100"],
}
ASKED = {"gke-dev": (HALF_WAY,), "eks-dev": (SLOW, REFUSED_AT_THE_END), "eks-prod": ()}


def rehearse(folder, stack, *arguments):
    """The finished command, in a home of the test's own; standard error has what Pulumi says."""
    return subprocess.run(
        [sys.executable, "-m", "local", "rehearse", stack, "--format", "json", *arguments],
        cwd=PROJECT,
        env=os.environ | {"MIZAN_HOME": str(folder / "mizan")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.fixture(scope="module", params=ASKED)
def rehearsed(request, tmp_path_factory):
    """Stack, folder and finished command of a rehearsal."""
    folder = tmp_path_factory.mktemp(request.param)
    flags = [part for fault in ASKED[request.param] for part in ("--fault", fault)]
    return request.param, folder, rehearse(folder, request.param, *flags)


def seconds_of(report):
    return {step["title"]: step["seconds"] for step in report["steps"]}


def test_a_stack_comes_stays_and_goes(rehearsed):
    stack, folder, done = rehearsed
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["isPassed"]
    claims = {check["claim"]: check["detail"] for check in report["checks"]}
    assert "unchanged" in claims["A second update changes nothing"]
    placed = claims["Every sample job runs, has run, or waits for a reason"].split("; ")
    assert [place.rpartition(" ")[0] for place in placed] == PLACED[stack]
    assert claims["The cluster holds no node, and no namespace of the stack"] is None
    assert claims["Pulumi's state is empty"] is None
    assert report["resources"]["kubernetes:helm.sh/v3:Release"] == (2 if stack == "gke-dev" else 4)
    assert report["resources"]["mizan:components:SpotTrainingJob"] == len(placed)
    assert list(folder.iterdir()) == [], "the rehearsal's folder is left"
    assert not [process for process in psutil.process_iter(["cmdline"]) if _names(process, folder)]


def _names(process, folder):
    return str(folder) in " ".join(process.info["cmdline"] or ())


def test_an_update_that_changes_nothing_is_quick(rehearsed):
    stack, _, done = rehearsed
    seconds = seconds_of(json.loads(done.stdout))
    assert seconds["A second update"] < UNCHANGED_SECONDS
    if not ASKED[stack]:
        assert seconds["The first update"] < FIRST_UPDATE_SECONDS


def test_what_the_cloud_was_told_to_refuse_is_met_and_the_next_try_goes_on(rehearsed):
    stack, _, done = rehearsed
    report = json.loads(done.stdout)
    met = {check["claim"]: check["detail"] for check in report["checks"] if check["claim"].startswith("What was told")}
    seconds = seconds_of(report)
    if stack == "gke-dev":
        assert "Google Cloud, simulated: GCE_STOCKOUT" in met[f"What was told was met: {HALF_WAY}"]
        assert {"The first update, which meets the faults", "The update goes on"} <= set(seconds)
        assert report["resources"][POOL] == 3, "the pool that was half made is finished, and not made twice"
    elif stack == "eks-dev":
        assert met[f"What was told was met: {SLOW}"] == "it took its time and went on"
        assert "AWS, simulated: AccessDenied" in met[f"What was told was met: {REFUSED_AT_THE_END}"]
        assert {"The destroy, which meets the faults", "The destroy goes on"} <= set(seconds)
    else:
        assert met == {}


def test_the_report_has_the_dollars_of_the_estimate_and_says_what_was_simulated(rehearsed):
    stack, _, done = rehearsed
    report = json.loads(done.stdout)
    command = [PROJECT / ".venv/bin/mizan", "estimate", "--stack", stack, "--format", "json"]
    estimate = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60, check=False)
    assert report["usdPerMonth"] == json.loads(estimate.stdout)["usdPerMonth"]
    assert any("No API of" in sentence for sentence in report["simulated"])


def test_a_fault_that_no_resource_meets_is_a_failed_check(tmp_path):
    done = rehearse(tmp_path, "gke-dev", "--fault", f"create:{POOL}:nobody=GCE_STOCKOUT")
    assert done.returncode == 1, done.stderr
    failed = [check for check in json.loads(done.stdout)["checks"] if not check["isMet"]]
    assert [check["detail"] for check in failed] == ["no resource met it"]
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_ends_everything_and_leaves_nothing(tmp_path):
    platform = TestPlatform(Home(tmp_path / "mizan"))
    root = tmp_path / "mizan-rehearsal" / "gke-dev"
    process = platform.begin(tmp_path / "log", "rehearse", "STACK=gke-dev")
    state = root / "backend" / ".pulumi" / "stacks" / "mizan" / "gke-dev.json"
    wait_until(lambda: state.is_file() and "Network" in state.read_text(), seconds=90, told="the update begins")
    assert interrupt(process) != 0
    assert "Interrupted. Every process of the rehearsal has ended" in (tmp_path / "log").read_text()
    assert not root.exists()
    assert not [process for process in psutil.process_iter(["cmdline"]) if _names(process, root)]


@pytest.fixture(scope="module")
def prod(tmp_path_factory):
    """gke-prod as it is once it is up, with what follows its node pools; its destroy is the last test's."""
    with rehearsals.begun("gke-prod", tmp_path_factory.mktemp("prod")) as rehearsal:
        _without_credentials(rehearsal)
        with rehearsals.followed(rehearsal):
            rehearsal.come()
            rehearsal.settle()
            yield rehearsal


def _without_credentials(rehearsal):
    """Try an update as somebody who has not signed in."""
    nobody = Rehearsal(stage=replace(rehearsal.stage, has_credentials=False))
    with pytest.raises(PlatformError, match="pulumi up --yes"):
        nobody.up()
    rehearsal.told_without_credentials = events.errors(nobody.log)
    rehearsal.made_without_credentials = [record for record in nobody.stage.records if record.condition != "foreign"]


def nodes_of(rehearsal, pool):
    """Capacity types of the nodes of a pool."""
    labels = [node["metadata"]["labels"] for node in snapshot(rehearsal.stage).nodes]
    return sorted(each["cloud.google.com/gke-nodepool"] for each in labels if each.get("mizan.dev/pool") == pool)


@pytest.mark.skipif(
    FIRMWARE.is_file() and FIRMWARE.read_text().startswith("Google"), reason="a machine of Google's signs itself in"
)
def test_missing_credentials_are_told_before_anything_is_made(prod):
    assert any("credentials for Google Cloud: none" in error for error in prod.told_without_credentials)
    assert prod.made_without_credentials == []


def test_queued_jobs_scale_their_pools_from_nothing(prod):
    rows = jobs(prod.stage)
    assert {name: row.state for name, row in rows.items()} == {
        "smoke-test-a100": "running",
        "smoke-test-l4": "running",
    }
    assert nodes_of(prod, "l4") == ["spot-l4"]


def test_a_pool_goes_back_to_nothing_once_its_job_is_gone(prod):
    stage = prod.stage
    kubectl(stage, "delete", "job", "smoke-test-a100", "--namespace", "research")
    wait_until(lambda: nodes_of(prod, "a100") == [], seconds=120, told="the a100 node goes")


def test_out_of_stock_on_spot_falls_back_to_on_demand_by_the_compute_class(prod):
    """The one committed node is taken first; the next ones are spot, unless there is none."""
    stage = prod.stage
    stage.restock({OutOfStock(machine="a2-highgpu-4g", capacity_type=CapacityType.SPOT)})
    for name in ("first", "second"):
        kubectl(stage, "apply", "--filename", "-", text=json.dumps(_a_job(name)))
    wait_until(
        lambda: [jobs(prod.stage)[name].state for name in ("first", "second")] == ["running", "running"],
        seconds=120,
        told="both jobs run without spot",
    )
    assert nodes_of(prod, "a100") == ["ondemand-a100", "reserved-a100"]
    kubectl(stage, "delete", "job", "first", "second", "--namespace", "research")
    stage.restock()


def _a_job(name):
    gpus = {"nvidia.com/gpu": 4}
    requests = {"cpu": "4", "memory": "16Gi", **gpus}
    labels = {"kueue.x-k8s.io/queue-name": "research", "app.kubernetes.io/managed-by": "mizan"}
    container = {"name": "main", "image": "sample", "resources": {"requests": requests, "limits": requests}}
    # As a team's namespace asks of every pod.
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": "research", "labels": labels},
        "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}},
    }


def test_another_machine_changes_its_pool_alone(prod):
    stage = prod.stage
    before = {record.urn: record for record in stage.records}
    pools = [pool.name for pool in stage.plan.pools]
    stage.change(("mizan:pools", pools.index("l4"), "machine"), "g2-standard-16")
    prod.up("--skip-preview")
    changed = {record.name for record in stage.records if before.get(record.urn) != record}
    assert changed == {"mizan-pools-spot-l4", "mizan-pools-ondemand-l4"}


def test_the_stack_goes_and_leaves_nothing(prod):
    prod.go()
    assert [check for check in prod.checks if not check.is_met] == []
