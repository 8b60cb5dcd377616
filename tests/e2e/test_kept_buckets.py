"""A bucket of checkpoints that outlives its stack, and the stack that comes back to it, under the real engine.

The bucket is that of one of the project's stacks, in a simulated cloud; nothing else of the stack is made. What the
simulated clouds say to it: tests/unit/local/test_rehearsal_kept_buckets.py.
"""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from local import files
from local.home import PROJECT
from local.rehearsal.launcher import install
from local.rehearsal.store import Record, leftovers, state_folder
from mizan.config import stack_file
from tests.e2e.platforms import program

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SECONDS = 60
KEPT = "{retentionDays: 30, keepOnDestroy: true}"
ADOPTED = "{retentionDays: 30, keepOnDestroy: true, adopt: true}"
ADOPTED_FOR_A_WEEK = "{retentionDays: 7, keepOnDestroy: true, adopt: true}"
KEPT_FOR_A_WEEK = "{retentionDays: 7, keepOnDestroy: true}"
STACKS = {"gke-prod": "my-ml-project-gke-prod-checkpoints", "eks-prod": "123456789012-us-east-1-eks-prod-checkpoints"}
BUCKETS = {"gcp:storage/bucket:Bucket", "aws:s3/bucket:Bucket"}
RULES = {
    "gcp:storage/bucket:Bucket": "lifecycleRules",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "rules",
}


@dataclass(frozen=True, kw_only=True)
class Step:
    """What a command printed, its exit status, and what was in the cloud then."""

    status: int
    told: str
    there: list[Record]

    @property
    def bucket(self):
        """The bucket; there is one."""
        (found,) = [record for record in self.there if record.type in BUCKETS]
        return found

    @property
    def days(self):
        """Days after which the bucket's checkpoints are deleted."""
        rules = [rule for record in self.there if record.type in RULES for rule in record.outputs[RULES[record.type]]]
        return rules[0]["condition"]["age"] if "condition" in rules[0] else rules[0]["expiration"]["days"]


class Stack:
    """The bucket of one of the project's stacks, with a backend and a simulated cloud of its own."""

    def __init__(self, name, folder, pulumi_folder):
        self._pulumi, self._source = pulumi_folder / "pulumi", stack_file(name, PROJECT).read_text()
        self._folder, self._file = program("checkpoint_bucket", folder / "bucket"), folder / f"Pulumi.{name}.yaml"
        (folder / "backend").mkdir()
        install(folder / "pulumi", Path(sys.executable))
        self._state = state_folder(folder / "home", "dev")
        self._environment = os.environ | {
            "AWS_REGION": "us-east-1",
            "MIZAN_HOME": str(folder / "home"),
            "PATH": f"{pulumi_folder}{os.pathsep}{os.environ['PATH']}",
            "PULUMI_BACKEND_URL": f"file://{folder}/backend",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "PULUMI_HOME": str(folder / "pulumi"),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }
        assert self._run("stack", "init", "dev").returncode == 0
        assert self._run("config", "set", "file", str(self._file)).returncode == 0

    def step(self, command, checkpoints, *flags):
        """Run a command to its end with these settings of `mizan:checkpoints`."""
        assert KEPT in self._source
        files.write(self._file, self._source.replace(KEPT, checkpoints))
        unasked = [] if command == "preview" else ["--yes", "--skip-preview"]
        done = self._run(command, *unasked, *flags)
        return Step(status=done.returncode, told=done.stdout, there=leftovers(self._state))

    def _run(self, *arguments):
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


@pytest.fixture(scope="module", params=STACKS)
def stack(request):
    return request.param


@pytest.fixture(scope="module")
def story(stack, tmp_path_factory, pulumi_folder):
    """The steps of one stack's life by name."""
    its = Stack(stack, tmp_path_factory.mktemp(stack), pulumi_folder)
    return {
        "there is no bucket": its.step("preview", ADOPTED),
        "it comes": its.step("up", KEPT),
        "the bucket is its own": its.step("up", ADOPTED, "--expect-no-changes"),
        "it goes": its.step("destroy", KEPT),
        "it would make the bucket": its.step("up", KEPT),
        "it comes back": its.step("up", ADOPTED),
        "it stays": its.step("up", ADOPTED, "--expect-no-changes"),
        "it goes again": its.step("destroy", ADOPTED),
        "it comes back with another term": its.step("up", ADOPTED_FOR_A_WEEK),
        "the key is gone": its.step("up", KEPT_FOR_A_WEEK),
        "it stays without the key": its.step("up", KEPT_FOR_A_WEEK, "--expect-no-changes"),
    }


def test_a_bucket_that_does_not_exist_is_told_at_the_preview(story, stack):
    step = story["there is no bucket"]
    assert step.status != 0
    assert f"resource '{STACKS[stack]}' does not exist" in step.told
    assert step.there == []


def test_the_key_changes_nothing_of_a_bucket_that_is_the_stack_s_already(story):
    step = story["the bucket is its own"]
    assert step.status == 0, step.told
    assert step.there == story["it comes"].there


def test_without_the_key_the_cloud_s_refusal_comes_with_the_fix(story, stack):
    assert story["it goes"].there == story["it comes"].there
    step = story["it would make the bucket"]
    assert step.status != 0
    assert (
        f"error: mizan:checkpoints: bucket {STACKS[stack]} is there already; needs `adopt: true` because a stack that "
        "was destroyed with `keepOnDestroy: true` has left it, and no second one is made. Write `adopt: true` below "
        "`mizan:checkpoints` and update again"
    ) in step.told
    assert step.there == story["it goes"].there


def test_with_the_key_the_stack_takes_its_bucket_over_and_stays(story):
    before, after = story["it goes"].bucket, story["it comes back"]
    assert after.status == 0, after.told
    assert "= 1 imported" in after.told
    assert after.bucket == before, "it was neither made anew nor changed"
    assert len(after.there) == len(story["it comes"].there)
    assert story["it stays"].status == 0, story["it stays"].told
    assert story["it stays"].there == after.there


def test_a_bucket_with_another_term_is_taken_over_too_and_has_the_new_one_once_the_key_is_gone(story, stack):
    back, gone = story["it comes back with another term"], story["the key is gone"]
    assert back.status == 0, back.told
    assert "= 1 imported" in back.told
    assert back.bucket == story["it comes"].bucket
    # At AWS the rules of deletion are a resource of their own, which is written over what is there.
    assert back.days == {"gke-prod": 30, "eks-prod": 7}[stack]
    assert gone.status == 0, gone.told
    assert gone.days == 7
    assert (gone.bucket.id, gone.bucket.created) == (back.bucket.id, back.bucket.created)
    assert story["it stays without the key"].status == 0, story["it stays without the key"].told
