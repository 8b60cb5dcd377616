"""The simulated clouds under the real engine: a small program comes, stays, is replaced, fails, goes on and goes.

Without the engine: tests/unit/local/test_rehearsal_service.py.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local import files
from local.rehearsal import faults
from local.rehearsal.cluster import Cluster
from local.rehearsal.launcher import install
from local.rehearsal.store import Condition, Record, leftovers, state_folder

pytestmark = pytest.mark.e2e

SECONDS = 120
PROGRAMS = Path(__file__).parent / "programs"
POOL = "gcp:container/nodePool:NodePool"
SETTINGS = {"gcp:project": "my-project", "gcp:region": "us-central1", "aws:region": "us-east-1"}


class Stack:
    """A stack of tests/e2e/programs/two_clouds.py with a backend and simulated clouds of its own."""

    def __init__(self, folder, pulumi_folder):
        self._folder, self._pulumi = folder / "two-clouds", pulumi_folder / "pulumi"
        self._folder.mkdir()
        (folder / "backend").mkdir()
        options = {"toolchain": "pip", "virtualenv": sys.prefix}
        project = {"name": "two-clouds", "runtime": {"name": "python", "options": options}}
        files.write(self._folder / "Pulumi.yaml", files.to_yaml(project))
        (self._folder / "__main__.py").write_text((PROGRAMS / "two_clouds.py").read_text())
        install(folder / "pulumi", Path(sys.executable))
        self.state = state_folder(folder / "home", "dev")
        self._environment = os.environ | {
            "MIZAN_HOME": str(folder / "home"),
            "PATH": f"{pulumi_folder}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        assert self.pulumi("stack", "init", "dev").returncode == 0
        self.configure(**SETTINGS)

    def pulumi(self, *arguments):
        """The finished command; `stdout` has both streams in the order a terminal shows them."""
        return subprocess.run(
            [self._pulumi, *arguments, "--non-interactive", "--color", "never"],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def configure(self, **settings):
        for name, value in settings.items():
            assert self.pulumi("config", "set", name, value).returncode == 0

    def step(self, command, *flags, fault=None):
        """Run a command to its end, with a fault if one is given."""
        faults.write(self.state, [fault] if fault else [])
        unasked = [] if command == "preview" else ["--yes", "--skip-preview"]
        told = self.pulumi(command, *unasked, *flags).stdout
        outputs = json.loads(self.pulumi("stack", "output", "--json").stdout)
        return Step(told=told, outputs=outputs, there=leftovers(self.state))


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a command of the story printed, what the stack gave then, and what was in the clouds."""

    told: str
    outputs: dict[str, Any]
    there: list[Record]

    @property
    def pools(self):
        return [record for record in self.there if record.type == POOL]


@pytest.fixture(scope="module")
def story(tmp_path_factory, pulumi_folder):
    """The steps of one stack's life by name. The program takes its time to load two SDKs: no step more than needed."""
    stack = Stack(tmp_path_factory.mktemp("clouds"), pulumi_folder)
    Cluster(endpoint="https://127.0.0.1:6443", certificate="Q0E=").write(stack.state)
    steps = {"credentials are missing": stack.step("preview", fault="configure:aws=NoCredentialProviders")}
    steps["it comes"] = stack.step("up")
    stack.step("refresh")
    steps["it stays"] = stack.step("up", "--expect-no-changes")
    stack.configure(mistake="true")
    steps["a mistake"] = stack.step("preview")
    stack.configure(mistake="false", machine="a2-highgpu-2g")
    steps["another machine"] = stack.step("up")
    stack.configure(spot="true")
    steps["refused"] = stack.step("up", fault=f"create:{POOL}:gpu=RESOURCE_EXHAUSTED")
    steps["half-way"] = stack.step("up", fault=f"create:{POOL}:gpu=GCE_STOCKOUT")
    steps["it goes on"] = stack.step("up")
    steps["it goes"] = stack.step("destroy")
    return steps


def test_missing_credentials_are_told_before_anything_is_made(story):
    step = story["credentials are missing"]
    assert "AWS, simulated: NoCredentialProviders, as it was told by --fault." in step.told
    assert step.there == []


def test_both_clouds_give_what_a_program_reads_and_say_that_they_are_simulated(story):
    step = story["it comes"]
    assert "9 created" in step.told, step.told
    assert "Google Cloud is simulated: no cloud is called." in step.told
    assert "AWS is simulated: no cloud is called." in step.told
    assert step.outputs["endpoint"] == "127.0.0.1:6443"
    assert step.outputs["certificate"] == "Q0E="
    assert step.outputs["account"] == "123456789012"
    assert step.outputs["zones"][0] == "us-central1-a"
    assert step.outputs["email"].endswith("@my-project.iam.gserviceaccount.com")
    assert step.outputs["role"].startswith("arn:aws:iam::123456789012:role/role-")
    assert len(step.there) == 8


def test_an_update_after_a_refresh_changes_nothing(story):
    assert "9 unchanged" in story["it stays"].told, story["it stays"].told
    assert story["it stays"].there == story["it comes"].there


def test_a_mistake_is_told_at_the_preview(story):
    told = story["a mistake"].told
    assert "gcp:container/nodePool:NodePool gpu nodeConfig.guestAccelerators[0].count" in told
    assert '"one"; needs an integer because the classes of pulumi_gcp 10.2.0 say so' in told
    assert story["a mistake"].there == story["it stays"].there


def test_a_property_that_the_cloud_changes_in_place_keeps_its_resource(story):
    assert "1 updated" in story["another machine"].told, story["another machine"].told
    (before,), (after,) = story["it stays"].pools, story["another machine"].pools
    assert (after.id, after.outputs["nodeConfig"]["machineType"]) == (before.id, "a2-highgpu-2g")


def test_a_refused_creation_makes_nothing(story):
    told = story["refused"].told
    assert "Google Cloud, simulated: RESOURCE_EXHAUSTED, as it was told by --fault. Nothing was made." in told
    assert story["refused"].there == story["another machine"].there


def test_a_creation_that_fails_half_way_is_finished_by_the_next_update_and_nothing_is_doubled(story):
    assert "It is there, half made; the next update goes on with it." in story["half-way"].told
    assert {pool.condition for pool in story["half-way"].pools} == {Condition.HALF, Condition.WHOLE}
    half = next(pool.id for pool in story["half-way"].pools if pool.condition is Condition.HALF)
    (after,) = story["it goes on"].pools
    assert (after.id, after.condition) == (half, Condition.WHOLE)


def test_a_property_that_the_cloud_cannot_change_replaces_its_resource_alone(story):
    (before,), (after,) = story["another machine"].pools, story["it goes on"].pools
    assert after.id != before.id
    assert after.outputs["nodeConfig"]["spot"] is True
    others = [[record for record in story[step].there if record.type != POOL] for step in ("it comes", "it goes on")]
    assert others[0] == others[1]


def test_destroy_leaves_nothing(story):
    assert "9 deleted" in story["it goes"].told, story["it goes"].told
    assert story["it goes"].there == []
