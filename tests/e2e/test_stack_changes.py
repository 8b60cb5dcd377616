"""What `pulumi up` does about a small change, and what `pulumi destroy` leaves.

The tests of this file share one platform and run in order: each takes it as the one before leaves it.
"""

import json
import os
import re
import subprocess

import pytest
from lightkube.generic_resource import create_global_resource

from local.control_plane import ControlPlane
from local.engine import shell_environment
from local.home import PROJECT, Home
from local.progress import Reporter
from mizan import keys
from tests.e2e.platforms import MAKE_SECONDS, TestPlatform

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STACK_FILE = PROJECT / "stacks" / "Pulumi.local.yaml"
SPOT_QUOTA = "{pool: a100, capacity: spot, gpus: 8}"
ClusterQueue = create_global_resource("kueue.x-k8s.io", "v1beta2", "ClusterQueue", "clusterqueues")


@pytest.fixture(scope="module")
def platform(tmp_path_factory):
    platform = TestPlatform(Home(tmp_path_factory.mktemp("platform") / "home"))
    try:
        up = platform.make("up")
        assert up.status == 0, up.text
        yield platform
    finally:
        platform.make("down", "PURGE=1")


def kubectl(platform: TestPlatform, *arguments: str) -> list[str]:
    """The lines that kubectl prints."""
    done = subprocess.run(
        [str(platform.home.bin / "kubectl"), *arguments],
        env={**os.environ, **shell_environment(platform.home)},
        capture_output=True,
        text=True,
        timeout=MAKE_SECONDS,
        check=True,
    )
    return done.stdout.split()


def spot_quota(platform: TestPlatform) -> str:
    with ControlPlane(platform.home, None, Reporter()).client() as client:
        queue = client.get(ClusterQueue, "ml-training")
    return queue["spec"]["resourceGroups"][0]["flavors"][0]["resources"][0]["nominalQuota"]


@pytest.fixture
def update(platform, tmp_path):
    """Update the stack from a copy of its file with one text replaced, and return what changed."""

    def run(old: str = "", new: str = "") -> list[str]:
        changed = tmp_path / "Pulumi.local.yaml"
        text = STACK_FILE.read_text()
        assert not old or text.count(old) == 1
        changed.write_text(text.replace(old, new) if old else text)
        up = ("up", "--yes", "--skip-preview", "--stack", "local", "--config-file", str(changed))
        done = platform.pulumi(PROJECT, *up)
        assert done.status == 0, done.text
        return [line.strip() for line in done.text.splitlines() if re.match(r"\s+[-+~]+ ?\d+ ", line)]

    return run


def test_a_changed_quota_updates_its_queue_and_what_follows_from_it_alone(platform, update):
    assert spot_quota(platform) == "8"
    smaller = SPOT_QUOTA.replace("8", "4")
    assert update(SPOT_QUOTA, smaller) == ["~ 2 updated"], "the queue, and how many GPUs its team's namespace may have"
    assert spot_quota(platform) == "4"
    assert update(SPOT_QUOTA, smaller) == []
    assert update() == ["~ 2 updated"]


def test_a_changed_quota_that_no_team_can_reach_is_exactly_one_update(update):
    spare = "  mizan:queues:\n    - {name: spare, fallback: quota, quotas: [{pool: a100, capacity: spot, gpus: %d}]}\n"
    assert update("  mizan:queues:\n", spare % 0)[:1] == ["+ 1 created"]
    assert update("  mizan:queues:\n", spare % 1) == ["~ 1 updated"]
    assert update("  mizan:queues:\n", spare % 1) == []
    assert "- 1 deleted" in update()


def test_a_preview_shows_the_estimate_and_the_stack_hands_it_on(platform):
    done = platform.pulumi(PROJECT, "preview", "--stack", "local")
    assert done.status == 0, done.text
    assert "Estimate of stack local, US dollars a month" in done.text
    assert re.search(r"total +73\.00 +9,964\.96 +22,088\.92", done.text)
    told = platform.pulumi(PROJECT, "stack", "output", "estimate", "--json", "--stack", "local")
    assert json.loads(told.text)["usdPerMonth"]["expected"] == "9964.96"


def test_a_budget_that_would_be_passed_stops_the_preview_and_the_update_before_anything_changes(platform, tmp_path):
    tight = tmp_path / "Pulumi.local.yaml"
    tight.write_text(
        STACK_FILE.read_text().replace("  mizan:queues:\n", "  mizan:budget: {usdPerMonth: 9000}\n  mizan:queues:\n", 1)
    )
    for command in (("preview",), ("up", "--yes", "--skip-preview")):
        done = platform.pulumi(PROJECT, *command, "--stack", "local", "--config-file", str(tight))
        assert done.status != 0
        text = " ".join(done.text.split())
        # The budget stands in another file than the stack's own, so its place is the stack.
        assert "stack local: mizan:budget: stack local: 9,964.96 of 9,000.00 (110.7 %) at expected size, " in text
        assert "Costs most: a100 9,891.96." in text
        assert "Enough by itself: pool a100: utilisationPercent 50 -> 45" in text
        assert "Traceback" not in text
    assert spot_quota(platform) == "8"


def test_a_fault_is_told_with_the_line_of_the_stack_s_file_that_says_so(platform, tmp_path):
    elsewhere = tmp_path / "Pulumi.local.yaml"
    text = STACK_FILE.read_text()
    elsewhere.write_text(text.replace("mizan:region: us-central1", "mizan:region: us-east-1", 1))
    line = 1 + next(index for index, line in enumerate(text.splitlines()) if "machine: a2-highgpu-4g" in line)
    done = platform.pulumi(PROJECT, "preview", "--stack", "local", "--config-file", str(elsewhere))
    assert done.status != 0
    assert "stack local: 1 fault" in done.text
    assert f"  stacks/Pulumi.local.yaml:{line}: mizan:pools[0].machine: a2-highgpu-4g; needs a price for" in done.text
    assert "Traceback" not in done.text


def test_destroy_leaves_nothing_in_the_api_server(platform):
    done = platform.pulumi(PROJECT, "destroy", "--yes", "--skip-preview", "--stack", "local")
    assert done.status == 0, done.text
    kinds = ",".join(kubectl(platform, "api-resources", "--verbs=list", "-o", "name"))
    assert kubectl(platform, "get", kinds, "-A", "-l", f"{keys.MANAGED_BY}=mizan", "-o", "name") == []
    assert kubectl(platform, "get", "pods,jobs,workloads.kueue.x-k8s.io", "-A", "-o", "name") == []
    assert kubectl(platform, "get", "namespaces", "-o", "name").count("namespace/team-a") == 0
