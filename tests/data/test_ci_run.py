"""The run of every test on a clean clone: what it prints, when it fails, and what it leaves behind."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.builders import PROJECT

TOTAL = re.compile(r"^== all stages took \d\.\d min$", re.MULTILINE)


@pytest.fixture
def ci_run(tmp_path):
    """Run .ci/run in a checkout whose targets are the given recipes: exit status, and both streams together."""
    (tmp_path / ".ci").mkdir()
    (tmp_path / "temporary").mkdir()
    shutil.copy(PROJECT / ".ci/run", tmp_path / ".ci")

    def run(test: str, **variables: str) -> tuple[int, str]:
        recipes = {".venv/.installed": "@echo packages", "tools": "@echo tools in $$TMPDIR", "test": test}
        makefile = "".join(f"{target}:\n\t{recipe}\n" for target, recipe in recipes.items())
        (tmp_path / "Makefile").write_text(makefile)
        done = subprocess.run(
            [str(tmp_path / ".ci/run")],
            env={**os.environ, "TMPDIR": str(tmp_path / "temporary"), **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def is_running(pid_file: Path) -> bool:
    try:
        return psutil.Process(int(pid_file.read_text())).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_every_stage_and_the_whole_say_how_long_they_took(ci_run, tmp_path):
    status, text = ci_run("@echo tests in $$TMPDIR")
    assert status == 0
    told = [re.sub(r"\d\.\d", "N", line) for line in text.splitlines() if line.startswith("==")]
    assert told == [
        "== Python packages",
        "== Python packages took N min",
        "== Tools",
        "== Tools took N min",
        "== All tests",
        "== All tests took N min",
        "== all stages took N min",
    ]
    # The lock of a build is in the machine's own folder.
    assert f"tools in {tmp_path}/temporary\n" in text
    assert re.search(rf"tests in {tmp_path}/temporary/mizan-ci\.\w+\n", text)


def test_a_test_that_fails_fails_the_run_which_still_tells_its_total(ci_run):
    status, text = ci_run("@exit 3")
    assert status == 2
    assert TOTAL.search(text)


def test_at_the_limit_a_stage_does_not_begin(ci_run):
    status, text = ci_run("@echo ran", LIMIT_SECONDS="0")
    assert status == 124
    assert "Python packages: not done within the 0 min that all stages have together; needs to be because " in text
    assert "ran\n" not in text
    assert TOTAL.search(text)


def test_a_stage_is_ended_at_the_limit_with_every_process_it_detached(ci_run, tmp_path):
    detached = f"setsid sh -c 'echo $$$$ > {tmp_path}/pid; exec sleep 600' > /dev/null 2>&1 &"
    status, text = ci_run(f"@{detached} sleep 600", LIMIT_SECONDS="2")
    assert status == 124
    assert "All tests: not done within the 0 min" in text
    assert "== ending what the tests left behind (SIGTERM): " in text
    assert not is_running(tmp_path / "pid")
    assert TOTAL.search(text)


def test_what_a_passing_run_leaves_behind_is_ended_even_if_it_will_not_listen(ci_run, tmp_path):
    deaf = f"setsid sh -c 'trap \"\" TERM; echo $$$$ > {tmp_path}/pid; sleep 600 & wait; sleep 600' > /dev/null 2>&1 &"
    status, text = ci_run(f"@{deaf} until [ -s {tmp_path}/pid ]; do sleep 0.05; done", GRACE_SECONDS="1")
    assert status == 0
    assert "(SIGKILL)" in text
    assert not is_running(tmp_path / "pid")
    assert list((tmp_path / "temporary").iterdir()) == []
