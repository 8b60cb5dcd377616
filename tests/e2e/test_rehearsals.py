"""`python -m local rehearse`: the stacks for development come, stay and go under the real engine, with faults.

Those for production: test_prod_rehearsals.py. What the simulated clouds do alone: test_rehearsal_providers.py. What
their node pools do: tests/control_plane.
"""

import json
import os
import subprocess
import sys

import psutil
import pytest

from local.home import PROJECT, Home
from tests.e2e.platforms import TestPlatform, interrupt, wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SECONDS = 300
# On two cores.
UNCHANGED_SECONDS = 20

POOL = "gcp:container/nodePool:NodePool"
HALF_WAY = f"create:{POOL}:mizan-pools-spot-l4-shared=GCE_STOCKOUT"
SLOW = "create:aws:eks/cluster:Cluster:*=throttled:2"
REFUSED_AT_THE_END = "delete:aws:sqs/queue:Queue:*=AccessDenied"
# Each sample job with its state and its flavor.
PLACED = {
    "gke-dev": ["smoke-test running, l4-shared", "smoke-test-whole running, l4"],
    "eks-dev": ["smoke-test running, t4-shared", "smoke-test-whole running, t4"],
}
# Kueue, what sets up or measures GPUs, Prometheus and OpenCost; on EKS Karpenter and its CRDs too.
RELEASES = {"gke-dev": 4, "eks-dev": 6}
ASKED = {"gke-dev": (HALF_WAY,), "eks-dev": (SLOW, REFUSED_AT_THE_END)}


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
    assert report["resources"]["kubernetes:helm.sh/v3:Release"] == RELEASES[stack]
    assert report["resources"]["mizan:components:SpotTrainingJob"] == len(placed)
    assert list(folder.iterdir()) == [], "the rehearsal's folder is left"
    assert not [process for process in psutil.process_iter(["cmdline"]) if _names(process, folder)]


def _names(process, folder):
    return str(folder) in " ".join(process.info["cmdline"] or ())


def test_an_update_that_changes_nothing_is_quick(rehearsed):
    _, _, done = rehearsed
    assert seconds_of(json.loads(done.stdout))["A second update"] < UNCHANGED_SECONDS


def test_what_the_cloud_was_told_to_refuse_is_met_and_the_next_try_goes_on(rehearsed):
    stack, _, done = rehearsed
    report = json.loads(done.stdout)
    met = {check["claim"]: check["detail"] for check in report["checks"] if check["claim"].startswith("What was told")}
    seconds = seconds_of(report)
    if stack == "gke-dev":
        assert "Google Cloud, simulated: GCE_STOCKOUT" in met[f"What was told was met: {HALF_WAY}"]
        assert {"The first update, which meets the faults", "The update goes on"} <= set(seconds)
        assert report["resources"][POOL] == 3, "the pool that was half made is finished, and not made twice"
    else:
        assert met[f"What was told was met: {SLOW}"] == "it took its time and went on"
        assert "AWS, simulated: AccessDenied" in met[f"What was told was met: {REFUSED_AT_THE_END}"]
        assert {"The destroy, which meets the faults", "The destroy goes on"} <= set(seconds)


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
